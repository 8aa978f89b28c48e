'use strict';
// The official client SDK (twilio-sync 4), unmodified, over every method of its objects.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { eventually } = require('./support/eventually.js');
const { Office, record, subscribed } = require('./support/sdk.js');
const { Server } = require('./support/server.js');

const STRANGE_KEYS = ['..', '.', '/', '%', '%2F', 'a b', '?a=b', '#', '"', '\\', '😀', '\ue000', 'é'];

let server, office, alice, bob, service;

before(async () => {
  server = await Server.start();
  office = await Office.open(server);
  [alice, bob] = [office.client('alice'), office.client('bob')];
  service = office.rest.sync.v1.services('default');
});

after(async () => {
  await office.close();
  await server.destroy();
});

// What both of them see of the same object, each with whether it was their own doing.
async function watch(kind, name, names, look) {
  const objects = await Promise.all([alice, bob].map((client) => client[kind](name)));
  await subscribed(...objects);
  return [...objects, ...objects.map((object) => record(object, names, look))];
}

async function heard(events, count) {
  await eventually(() => events.length >= count);
  return events;
}

const refused = (status, code) => (error) => {
  assert.deepEqual([error.status, error.code], [status, code], error.message);
  return true;
};

// --- documents ---

test('a document is created, found and opened, by name, by SID and without either', async () => {
  const made = await alice.document({ id: 'd', mode: 'create_new', data: { a: 1 } });
  assert.match(made.sid, /^ET[0-9a-f]{32}$/);
  assert.deepEqual([made.uniqueName, made.revision, made.data], ['d', '0', { a: 1 }]);
  assert.equal(made.dateExpires, null);
  assert.ok(made.dateUpdated instanceof Date);
  const found = await bob.document({ id: 'd', mode: 'open_existing' });
  assert.deepEqual([found.sid, found.data], [made.sid, { a: 1 }]);
  assert.equal((await bob.document(made.sid)).uniqueName, 'd');
  assert.equal((await alice.document()).uniqueName, null);
});

test('what is not there, or there already, is refused with its code', async () => {
  const missing = { id: 'nothing', mode: 'open_existing' };
  for (const kind of ['document', 'list', 'map', 'stream'])
    await assert.rejects(alice[kind](missing), refused(404, 54300));
  const sid = { id: `ET${'0'.repeat(32)}`, mode: 'open_existing' };
  await assert.rejects(alice.document(sid), refused(404, 54100));
  await alice.document('taken');
  const again = { id: 'taken', mode: 'create_new' };
  await assert.rejects(bob.document(again), refused(409, 54301));
  await assert.rejects(alice.document('x'.repeat(321)), refused(400, 54302));
});

test('set, update and mutate a document: each of them is told to both, once', async () => {
  const look = (name, event) => [event.data.n, event.isLocal, event.previousData?.n];
  const [mine, theirs, atMine, atTheirs] = await watch('document', 'told', ['updated'], look);
  await mine.set({ n: 1, kept: true });
  await mine.update({ n: 2 });
  await mine.mutate((data) => ({ ...data, n: data.n + 1 }));
  await heard(atTheirs, 3);
  await theirs.set({ n: 4 });
  await heard(atMine, 4);
  assert.deepEqual(atMine, [[1, true, undefined], [2, true, 1], [3, true, 2], [4, false, 3]]);
  assert.deepEqual(atTheirs, [[1, false, undefined], [2, false, 1], [3, false, 2], [4, true, 3]]);
  assert.deepEqual(mine.data, { n: 4 });
  assert.equal(mine.revision, theirs.revision);
  assert.ok(theirs.lastEventId >= mine.lastEventId);
});

test('a document lives as long as it was told, and its end is told to all', async () => {
  const [mine, theirs] = await watch('document', 'mortal', [], null);
  await mine.setTtl(1000);
  assert.ok(new Date(mine.dateExpires) - Date.now() > 900_000);
  const removals = record(theirs, ['removed'], (_, event) => event.isLocal);
  await mine.setTtl(1);
  assert.deepEqual(await heard(removals, 1), [false]);
  const next = await eventually(() =>
    alice.document({ id: 'mortal', mode: 'create_new' }).catch(() => null),
  );
  assert.notEqual(next.sid, mine.sid);
});

test('a document is removed; both are told', async () => {
  const look = (_, event) => [event.isLocal, event.previousData];
  const [mine, , atMine, atTheirs] = await watch('document', 'gone', ['removed'], look);
  await mine.set({ last: 1 });
  await mine.removeDocument();
  await heard(atTheirs, 1);
  assert.deepEqual([atMine, atTheirs], [[[true, { last: 1 }]], [[false, { last: 1 }]]]);
  await assert.rejects(bob.document({ id: 'gone', mode: 'open_existing' }), refused(404, 54300));
});

test('data that is too large or no object is refused, and nothing changes', async () => {
  const document = await alice.document({ id: 'small', data: { n: 1 } });
  await assert.rejects(document.set({ x: 'x'.repeat(20_000) }), refused(413, 54006));
  assert.deepEqual((await service.documents('small').fetch()).data, { n: 1 });
});

test('REST and the SDK see what the other writes', async () => {
  const [mine, , atMine] = await watch('document', 'both', ['updated'], (_, e) => e.data.n);
  await service.documents('both').update({ data: { n: 1 } });
  assert.deepEqual(await heard(atMine, 1), [1]);
  await mine.set({ n: 2 });
  assert.deepEqual((await service.documents('both').fetch()).data, { n: 2 });
  await service.documents('both').remove();
  await eventually(() => bob.document({ id: 'both', mode: 'open_existing' }).catch((e) => e));
});

test('many clients open one name at once: there is one document', async () => {
  const clients = Array.from({ length: 10 }, (_, i) => office.client(`opener-${i}`));
  const documents = await Promise.all(clients.map((client) => client.document('at-once')));
  assert.equal(new Set(documents.map(({ sid }) => sid)).size, 1);
});

// --- lists ---

const ITEM_EVENTS = ['itemAdded', 'itemUpdated', 'itemRemoved'];

test('items of a list come, change and go; each is told to both, once, in order', async () => {
  const look = (name, e) => [name, e.item?.index ?? e.index, e.isLocal, e.previousItemData?.n];
  const [mine, theirs, atMine, atTheirs] = await watch('list', 'l', ITEM_EVENTS, look);
  assert.equal((await mine.push({ n: 0 })).index, 0);
  await mine.set(0, { n: 1 });
  await mine.update(0, { m: 1 });
  await mine.mutate(0, (data) => ({ n: data.n + 1 }));
  await mine.push({ n: 9 });
  await mine.remove(0);
  const steps = [
    ['itemAdded', 0, undefined],
    ['itemUpdated', 0, 0],
    ['itemUpdated', 0, 1],
    ['itemUpdated', 0, 1],
    ['itemAdded', 1, undefined],
    ['itemRemoved', 0, 2],
  ];
  const as = (local) => steps.map(([name, index, before]) => [name, index, local, before]);
  assert.deepEqual(await heard(atTheirs, 6), as(false));
  assert.deepEqual(atMine, as(true));
  assert.deepEqual((await theirs.get(1)).data, { n: 9 });
  const fresh = await office.client('fresh').list('l');
  await assert.rejects(fresh.get(0), refused(404, 54151));
  await assert.rejects(fresh.set(0, {}), refused(404, 54151));
  assert.deepEqual(await mine.getContext(), {});
});

test('a list is paged through, forth and back, from anywhere', async () => {
  const list = await alice.list('pages');
  for (let n = 0; n < 25; n++) await list.push({ n });
  await list.remove(7);
  const wanted = Array.from({ length: 25 }, (_, n) => n).filter((n) => n !== 7);
  const indexes = (page) => page.items.map(({ index }) => index);
  for (const [order, all] of [['asc', wanted], ['desc', [...wanted].reverse()]]) {
    const fresh = await office.client(`pager-${order}`).list('pages');
    let page = await fresh.getItems({ order, pageSize: 10 });
    const seen = indexes(page);
    while (page.hasNextPage) seen.push(...indexes((page = await page.nextPage())));
    assert.deepEqual(seen, all);
    assert.ok(page.hasPrevPage);
    assert.deepEqual(indexes(await page.prevPage()).at(-1), all[all.indexOf(indexes(page)[0]) - 1]);
  }
  const there = await office.client('pager-from').list('pages');
  assert.deepEqual(indexes(await there.getItems({ from: 7, pageSize: 10 })), wanted.slice(7, 17));
  assert.deepEqual(indexes(await (await alice.list('empty')).getItems()), []);
});

test('items of a list and the list itself expire and are removed', async () => {
  const [mine, theirs, , atTheirs] = await watch('list', 'short', ITEM_EVENTS, (name) => name);
  const item = await mine.push({ n: 1 }, { ttl: 1000 });
  assert.ok(new Date(item.dateExpires) - Date.now() > 900_000);
  await mine.setItemTtl(0, 1);
  await eventually(() => atTheirs.includes('itemRemoved'));
  assert.deepEqual((await office.client('late').list('short')).sid, mine.sid);
  const removals = record(theirs, ['removed'], (_, event) => event.isLocal);
  await mine.setTtl(1000);
  await mine.removeList();
  assert.deepEqual(await heard(removals, 1), [false]);
});

// --- maps ---

test('items of a map come, change and go; each is told to both, once, in order', async () => {
  const look = (name, e) => [name, e.item?.key ?? e.key, e.isLocal, e.previousItemData?.n];
  const [mine, theirs, atMine, atTheirs] = await watch('map', 'm', ITEM_EVENTS, look);
  await mine.set('k', { n: 1 });
  await mine.set('k', { n: 2 });
  await mine.mutate('k', (data) => ({ n: data.n + 1 }));
  await mine.mutate('new', () => ({ n: 7 }));
  await mine.update('k', { m: 1 });
  await mine.remove('k');
  const steps = [
    ['itemAdded', 'k', undefined],
    ['itemUpdated', 'k', 1],
    ['itemUpdated', 'k', 2],
    ['itemAdded', 'new', undefined],
    ['itemUpdated', 'k', 3],
    ['itemRemoved', 'k', 3],
  ];
  const as = (local) => steps.map(([name, key, before]) => [name, key, local, before]);
  assert.deepEqual(await heard(atTheirs, 6), as(false));
  assert.deepEqual(atMine, as(true));
  await assert.rejects(theirs.get('k'), refused(404, 54201));
  await assert.rejects(mine.set('x'.repeat(321), {}), refused(400, 54209));
  assert.deepEqual((await theirs.get('new')).data, { n: 7 });
});

test('any key is as good as another, in requests, events and pages', async () => {
  const look = (_, event) => event.item?.key ?? event.key;
  const [mine, theirs, , atTheirs] = await watch('map', 'strange', ITEM_EVENTS, look);
  for (const key of STRANGE_KEYS) await mine.set(key, { key });
  assert.deepEqual(await heard(atTheirs, STRANGE_KEYS.length), STRANGE_KEYS);
  for (const key of STRANGE_KEYS) assert.deepEqual((await theirs.get(key)).data, { key });
  const fresh = await office.client('fresh').map('strange');
  for (const key of STRANGE_KEYS) assert.deepEqual((await fresh.get(key)).data, { key });
  let page = await fresh.getItems({ pageSize: 10 });
  const keys = page.items.map(({ key }) => key);
  while (page.hasNextPage) keys.push(...(page = await page.nextPage()).items.map((i) => i.key));
  assert.deepEqual(keys, [...STRANGE_KEYS].sort());
  for (const key of STRANGE_KEYS) await theirs.setItemTtl(key, 1000);
  for (const key of STRANGE_KEYS) await theirs.remove(key);
  assert.deepEqual((await service.syncMaps('strange').syncMapItems.list()).length, 0);
});

test('a map comes with its items when asked to, and expires', async () => {
  const map = await alice.map('whole');
  await map.set('a', { n: 1 });
  const whole = await bob.map({ id: 'whole', mode: 'open_or_create', includeItems: true });
  assert.deepEqual((await whole.get('a')).data, { n: 1 });
  const removals = record(whole, ['removed'], (_, event) => event.isLocal);
  await subscribed(whole);
  await map.setTtl(1);
  assert.deepEqual(await heard(removals, 1), [false]);
  await (await alice.map('short-lived')).removeMap();
});

// --- streams ---

test('messages of a stream reach all, the sender once', async () => {
  const look = (_, { message, isLocal }) => [message.data.n, isLocal];
  const [mine, theirs, atMine, atTheirs] = await watch('stream', 's', ['messagePublished'], look);
  for (let n = 0; n < 5; n++) assert.match((await mine.publishMessage({ n })).sid, /^TZ/);
  await service.syncStreams('s').streamMessages.create({ data: { n: 5 } });
  await heard(atTheirs, 6);
  await heard(atMine, 6);
  assert.deepEqual(atTheirs.map(([n]) => n), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(atMine.map(([, local]) => local), [true, true, true, true, true, false]);
  await assert.rejects(mine.publishMessage({ x: 'x'.repeat(5000) }), refused(413, 54006));
  const removals = record(theirs, ['removed'], (_, event) => event.isLocal);
  await mine.setTtl(1000);
  await mine.removeStream();
  assert.deepEqual(await heard(removals, 1), [false]);
});

// --- queries ---

test('a query finds the items of a map that match; a live one goes on', async () => {
  const tasks = await alice.map('tasks');
  for (let n = 0; n < 120; n++) await tasks.set(`t${n}`, { open: n % 2 === 0, by: { id: n } });
  const instant = await bob.instantQuery('tasks');
  const found = new Promise((resolve) => instant.once('searchResult', resolve));
  await instant.search('open == true and by.id in ["2", "4", "5"]');
  assert.deepEqual(Object.keys(await found).sort(), ['t2', 't4']);
  const live = await bob.liveQuery('tasks', 'open == "true" and key contains "t1"');
  assert.equal(Object.keys(live.getItems()).length, 15);
  const seen = record(live, ['itemUpdated', 'itemRemoved'], (name, item) => `${name} ${item.key}`);
  await tasks.set('t10', { open: false });
  await heard(seen, 1); // by now the server knows which items match
  for (const [key, open] of [['t11', true], ['t3', false], ['t5', false], ['t12', false]])
    await tasks.set(key, { open });
  await tasks.remove('t14');
  await tasks.remove('t7');
  await tasks.set('t1000', { open: true });
  await heard(seen, 5);
  assert.deepEqual(seen, [
    'itemRemoved t10',
    'itemUpdated t11',
    'itemRemoved t12',
    'itemRemoved t14',
    'itemUpdated t1000',
  ]);
});

test('a query that is none, or of no map, is refused with its code', async () => {
  await alice.map('queried');
  const many = Array.from({ length: 30 }, (_, n) => `a == "${n}"`).join(' or ');
  const array = `a in [${Array.from({ length: 30 }, (_, n) => `"${n}"`).join(',')}]`;
  await assert.rejects(alice.liveQuery('queried', 'a = 1'), refused(400, 54507));
  await assert.rejects(alice.liveQuery('queried', many), refused(400, 54509));
  await assert.rejects(alice.liveQuery('queried', array), refused(400, 54510));
  await assert.rejects(alice.liveQuery('no-such-map', ''), refused(404, 54502));
});

// --- closing ---

test('a closed object hears nothing more', async () => {
  const [mine, theirs, , atTheirs] = await watch('document', 'closed', ['updated'], () => 1);
  await mine.set({ n: 1 });
  await heard(atTheirs, 1);
  theirs.close();
  await mine.set({ n: 2 });
  const again = await office.client('bob').document('closed');
  assert.deepEqual(again.data, { n: 2 });
  assert.equal(atTheirs.length, 1);
});
