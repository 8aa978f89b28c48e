'use strict';
// Lists by the official client SDK: every member, what each client hears, every refusal.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { after, before, test } = require('node:test');
const { Paginator, SyncList, SyncListItem } = require('twilio-sync');
const { eventually } = require('./support/eventually.js');
const {
  ITEM_EVENTS,
  Office,
  assertLives,
  heard,
  itemChange,
  members,
  opened,
  record,
  refused,
} = require('./support/sdk.js');

let server, office, alice, bob, carol, service;

before(async () => {
  office = await Office.withServer();
  server = office.server;
  [alice, bob, carol] = ['alice', 'bob', 'carol'].map((identity) => office.client(identity));
  service = office.rest.sync.v1.services('default');
});

after(() => office.leave());

const watch = (name, clients = [alice, bob]) => opened(clients, 'list', name);

const change = itemChange('index');

const dataOf = async (list) => (await list.getItems()).items.map(({ data }) => data.n);

// Another client's, which knows nothing yet.
const fresh = (name) => office.client('fresh').list(name);

// In this order; each of them with what was there before.
const MEMBERS = {
  sid: ({ sid }) => assert.match(sid, /^ES[0-9a-f]{32}$/),
  uniqueName: ({ uniqueName }) => assert.equal(uniqueName, 'members'),
  type: ({ type }) => assert.equal(type, 'list'),
  uri: ({ sid, uri }) => assert.ok(uri.startsWith(server.base) && uri.endsWith(`/Lists/${sid}`)),
  links: ({ uri, links }) => assert.equal(links.items, `${uri}/Items`),
  revision: ({ revision }) => assert.equal(revision, '0'),
  lastEventId: ({ lastEventId }) => assert.ok(Number.isSafeInteger(lastEventId)),
  dateExpires: ({ dateExpires }) => assert.equal(dateExpires, null),
  dateUpdated: ({ dateUpdated }) => assert.ok(Math.abs(dateUpdated - Date.now()) < 60_000),
  getContext: async (list) => assert.deepEqual(await list.getContext(), {}),
  push: async (list) => {
    const { index, data, revision } = await list.push({ n: 1, a: 1 });
    assert.deepEqual([index, data, revision], [0, { n: 1, a: 1 }, '0']);
    assert.equal((await list.push({ n: 9 })).index, 1);
  },
  get: async (list) => assert.deepEqual((await list.get(1)).data, { n: 9 }),
  set: async (list) => {
    const { data, revision } = await list.set(0, { n: 2 });
    assert.deepEqual([data, revision], [{ n: 2 }, '1']);
  },
  update: async (list) => {
    const { data, revision } = await list.update(0, { b: 1 });
    assert.deepEqual([data, revision], [{ n: 2, b: 1 }, '2']);
  },
  mutate: async (list) => {
    const { data, revision } = await list.mutate(0, ({ n }) => ({ n: n + 1 }));
    assert.deepEqual([data, revision], [{ n: 3 }, '3']);
  },
  setItemTtl: async (list) => {
    await list.setItemTtl(0, 1000);
    assertLives(await list.get(0), 1000);
  },
  getItems: async (list) => assert.deepEqual(await dataOf(list), [3, 9]),
  remove: async (list) => {
    await list.remove(0);
    assert.deepEqual(await dataOf(list), [9]);
  },
  setTtl: async (list) => {
    await list.setTtl(1000);
    assertLives(list, 1000);
  },
  removeList: async (list) => {
    await list.removeList();
    await assert.rejects(list.push({}), refused(404, 54150));
  },
  close: async (list) => {
    list.close();
    await assert.rejects(list.push({}), /closed/);
  },
};

test('a list has no member but these, and they work', async () => {
  assert.deepEqual(Object.keys(MEMBERS).sort(), members(SyncList));
  const list = await alice.list('members');
  for (const check of Object.values(MEMBERS)) await check(list);
});

test('an item has no member but these, and they say what it is', async () => {
  const list = await alice.list('item');
  await list.push({ n: 0 });
  const { lastEventId } = await list.push({ n: 1 }, { ttl: 1000 });
  for (const item of [await list.get(1), await (await fresh('item')).get(1)]) {
    const checks = {
      index: () => assert.equal(item.index, 1),
      cacheKey: () => assert.equal(item.cacheKey, 1),
      data: () => assert.deepEqual(item.data, { n: 1 }),
      revision: () => assert.equal(item.revision, '0'),
      lastEventId: () => assert.equal(item.lastEventId, lastEventId),
      url: () => assert.equal(item.url, `${list.uri}/Items/1`),
      dateUpdated: () => assert.ok(Math.abs(item.dateUpdated - Date.now()) < 60_000),
      dateExpires: () => assertLives(item, 1000),
    };
    const names = members(SyncListItem, ['update', 'updateDateExpires']);
    assert.deepEqual(Object.keys(checks).sort(), names);
    for (const check of Object.values(checks)) check();
  }
});

test('a page has no member but these, and they lead forth and back', async () => {
  const names = ['hasNextPage', 'hasPrevPage', 'nextPage', 'prevPage'];
  assert.deepEqual(members(Paginator), names);
  const list = await alice.list('pages');
  for (let n = 0; n < 24; n++) await list.push({ n });
  const first = await (await fresh('pages')).getItems({ pageSize: 12 });
  assert.deepEqual([first.hasPrevPage, first.hasNextPage], [false, true]);
  const second = await first.nextPage();
  assert.deepEqual([second.hasPrevPage, second.hasNextPage], [true, false]);
  assert.deepEqual((await second.prevPage()).items, first.items);
  const indexes = [...first.items, ...second.items].map(({ index }) => index);
  assert.deepEqual(indexes, [...indexes.keys()]);
  await assert.rejects(first.prevPage());
  await assert.rejects(second.nextPage());
});

test('each hears of each change once, in order, with what was there before', async () => {
  const lists = await watch('changes', [alice, bob, carol]);
  const seen = lists.map((list) => record(list, ITEM_EVENTS, change));
  const steps = [
    [0, 'Added', 0, { n: 1 }, undefined, (list) => list.push({ n: 1 })],
    [1, 'Updated', 0, { n: 2 }, { n: 1 }, (list) => list.set(0, { n: 2 })],
    [2, 'Updated', 0, { n: 2, m: 1 }, { n: 2 }, (list) => list.update(0, { m: 1 })],
    [0, 'Updated', 0, { n: 3 }, { n: 2, m: 1 }, (list) => list.mutate(0, () => ({ n: 3 }))],
    [1, 'Added', 1, { n: 9 }, undefined, (list) => list.push({ n: 9 })],
    [2, 'Removed', 0, undefined, { n: 3 }, (list) => list.remove(0)],
    [0, 'Updated', 1, { n: 8 }, { n: 9 }, (list) => list.set(1, { n: 8 })],
    [0, 'Removed', 1, undefined, { n: 8 }, (list) => list.remove(1)],
    [2, 'Added', 2, { n: 7 }, undefined, (list) => list.push({ n: 7 })],
  ];
  for (const [n, [author, , , , , step]] of steps.entries()) {
    await step(lists[author]);
    for (const events of seen) await heard(events, n + 1);
  }
  for (const [at, events] of seen.entries())
    assert.deepEqual(
      events,
      steps.map(([author, name, index, now, then]) => [name, index, author === at, now, then]),
    );
  for (const list of lists) assert.deepEqual(await dataOf(list), [7]);
});

test('what many push at once gets an index each, in the order that all hear', async () => {
  const lists = await watch('crowd', [alice, bob, carol]);
  const stranger = (await opened([office.client('stranger')], 'list', 'crowd'))[0];
  const seen = record(stranger, ITEM_EVENTS, (_, { item }) => item.index);
  const pushed = await Promise.all(
    Array.from({ length: 60 }, (_, n) => lists[n % 3].push({ n }).then(({ index }) => index)),
  );
  const all = Array.from({ length: 60 }, (_, n) => n);
  assert.deepEqual(pushed.sort((a, b) => a - b), all);
  assert.deepEqual(await heard(seen, 60), all);
});

test('items are numbered on, whatever was removed', async () => {
  const list = await alice.list('numbers');
  for (let n = 0; n < 5; n++) {
    assert.equal((await list.push({ n })).index, n);
    await list.remove(n);
  }
  assert.deepEqual(await dataOf(await fresh('numbers')), []);
});

test('an item that is not there is refused, and is not made', async () => {
  const [list] = await watch('missing');
  await list.push({ n: 0 });
  await list.push({ n: 1 });
  await list.remove(0);
  // Not by a client that knows of the removal: the SDK itself stumbles over its own tombstones.
  const stranger = await fresh('missing');
  for (const index of [0, 2, 999_999_999]) {
    await assert.rejects(stranger.get(index), refused(404, 54151));
    await assert.rejects(stranger.set(index, {}), refused(404, 54151));
    await assert.rejects(stranger.update(index, {}), refused(404, 54151));
    await assert.rejects(
      stranger.mutate(index, (data) => data),
      refused(404, 54151),
    );
    await assert.rejects(stranger.setItemTtl(index, 5), refused(404, 54151));
    await assert.rejects(stranger.remove(index), refused(404, 54151));
  }
  assert.deepEqual(await dataOf(await fresh('missing')), [1]);
});

test('an item that was removed behind the back of a client is found to be gone', async () => {
  const list = await alice.list('behind');
  for (let n = 0; n < 5; n++) await list.push({ n });
  const late = await fresh('behind');
  const items = service.syncLists('behind').syncListItems;
  const calls = [
    (index) => late.set(index, {}),
    (index) => late.mutate(index, (data) => data),
    (index) => late.setItemTtl(index, 5),
    (index) => late.remove(index),
  ];
  for (const [index, call] of calls.entries()) {
    await late.get(index);
    await items(index).remove();
    await assert.rejects(call(index), refused(404, 54151));
  }
  assert.deepEqual((await late.push({ n: 5 })).index, 5);
});

test('an item holds 16 KiB and not one byte more', async () => {
  const [list] = await watch('full');
  const sized = (bytes) => ({ é: 'x'.repeat(bytes - '{"é":""}'.length - 1) });
  assert.deepEqual((await list.push(sized(16_384))).data, sized(16_384));
  const over = sized(16_385);
  await assert.rejects(list.push(over), refused(413, 54006));
  await assert.rejects(list.set(0, over), refused(413, 54006));
  await assert.rejects(list.mutate(0, () => over), refused(413, 54006));
  const [item] = (await (await fresh('full')).getItems()).items;
  assert.deepEqual([item.data, item.revision], [sized(16_384), '0']);
});

test('a time to live that is none is refused', async () => {
  const [list] = await watch('ttls');
  await list.push({ n: 0 });
  const year = 31_536_000;
  await assert.rejects(list.setTtl(year + 1), refused(400, 54011));
  await assert.rejects(list.setItemTtl(0, year + 1), refused(400, 54011));
  await assert.rejects(list.push({}, { ttl: year + 1 }), refused(400, 54011));
  await assert.rejects(list.set(0, {}, { ttl: year + 1 }), refused(400, 54011));
  await list.setItemTtl(0, year);
  assertLives(await list.get(0), year);
  await list.setItemTtl(0, 0);
  for (const at of [list, await fresh('ttls')]) assert.equal((await at.get(0)).dateExpires, null);
  assert.deepEqual(await dataOf(list), [0]);
});

test('when the time of an item is over, all hear of it once, and it is gone', async () => {
  const lists = await watch('expiring', [alice, bob, carol]);
  const seen = lists.map((list) => record(list, ITEM_EVENTS, change));
  await lists[0].push({ n: 0 }, { ttl: 1 });
  await lists[1].push({ n: 1 });
  await lists[1].set(1, { n: 2 }, { ttl: 1 });
  for (const [at, events] of seen.entries()) {
    const removed = (await heard(events, 5)).slice(3).sort(([, a], [, b]) => a - b);
    assert.deepEqual(removed, [
      ['Removed', 0, false, undefined, { n: 0 }],
      ['Removed', 1, false, undefined, { n: 2 }],
    ]);
    assert.deepEqual(await dataOf(lists[at]), []);
  }
  assert.equal((await lists[2].push({ n: 3 })).index, 2);
  for (const events of seen)
    assert.deepEqual((await heard(events, 6)).at(-1).slice(0, 2), ['Added', 2]);
  await assert.rejects((await fresh('expiring')).get(0), refused(404, 54151));
});

test('one who removes a list hears so as its own doing, the others not', async () => {
  const lists = await watch('removed', [alice, bob, carol]);
  await lists[0].push({ n: 0 });
  const seen = lists.map((list) => record(list, ['removed'], (_, { isLocal }) => isLocal));
  await lists[1].removeList();
  for (const [at, events] of seen.entries()) assert.deepEqual(await heard(events, 1), [at === 1]);
  await assert.rejects(lists[0].push({}), refused(404, 54150));
  await assert.rejects(lists[2].setTtl(5), refused(404, 54150));
  const next = await carol.list({ id: 'removed', mode: 'create_new' });
  assert.deepEqual(await dataOf(next), []);
  assert.equal((await next.push({ n: 0 })).index, 0);
});

test('when its time is over a list is gone with its items', async () => {
  const lists = await watch('mortal');
  await lists[0].push({ n: 0 });
  const seen = lists.map((list) => record(list, ['removed'], (_, { isLocal }) => isLocal));
  await lists[0].setTtl(1);
  for (const events of seen) assert.deepEqual(await heard(events, 1), [false]);
  const existing = { id: 'mortal', mode: 'open_existing' };
  await assert.rejects(alice.list(existing), refused(404, 54300));
});

// While this runs, the client hears nothing.
function writeMeanwhile(name, index, data) {
  const url = `${server.base}/v1/Services/default/Lists/${name}/Items/${index}`;
  const form = ['--data-urlencode', `Data=${JSON.stringify(data)}`];
  execFileSync('curl', ['-sfS', '-o', '/dev/null', '-u', server.auth.join(':'), ...form, url]);
}

test('a mutator is asked again with what another has written in between', async () => {
  const [mine, theirs] = await watch('overtaken');
  await mine.push({ n: 0 });
  const seen = record(theirs, ['itemUpdated'], (_, { item }) => item.data.n);
  const asked = [];
  const { data } = await mine.mutate(0, ({ n }) => {
    asked.push(n);
    if (asked.length < 3) writeMeanwhile('overtaken', 0, { n: 10 * asked.length });
    return { n: n + 1 };
  });
  assert.deepEqual([asked, data], [[0, 10, 20], { n: 21 }]);
  assert.deepEqual(await heard(seen, 3), [10, 20, 21]);
});

test('all pages of a list that others change are what REST says in the end', async () => {
  const [mine, theirs] = await watch('busy');
  for (let n = 0; n < 40; n++) await (n % 2 ? mine : theirs).push({ n });
  for (let n = 0; n < 40; n += 3) await (n % 2 ? theirs : mine).remove(n);
  for (let n = 1; n < 40; n += 3) await (n % 2 ? theirs : mine).set(n, { n: -n });
  const items = await service.syncLists('busy').syncListItems.list();
  const wanted = items.map(({ data }) => data.n);
  for (const list of [mine, theirs, await fresh('busy')]) {
    const all = async () => {
      let page = await list.getItems({ pageSize: 10 });
      const found = page.items.map(({ data }) => data.n);
      while (page.hasNextPage)
        found.push(...(page = await page.nextPage()).items.map(({ data }) => data.n));
      return found;
    };
    await eventually(async () => (await all()).join() === wanted.join());
    assert.deepEqual(await all(), wanted);
  }
});

test('what REST writes is heard as what any client writes, and the other way round', async () => {
  const [mine] = await watch('mixed');
  const at = service.syncLists('mixed').syncListItems;
  const seen = record(mine, ITEM_EVENTS, change);
  await at.create({ data: { n: 0 } });
  await heard(seen, 1);
  await mine.set(0, { n: 1 });
  await at(0).update({ data: { n: 2 }, ifMatch: '1' });
  await heard(seen, 3);
  await mine.mutate(0, ({ n }) => ({ n: n + 1 }));
  assert.deepEqual((await at(0).fetch()).data, { n: 3 });
  assert.equal((await at(0).fetch()).revision, (await mine.get(0)).revision);
  await at(0).remove();
  assert.deepEqual(await heard(seen, 5), [
    ['Added', 0, false, { n: 0 }, undefined],
    ['Updated', 0, true, { n: 1 }, { n: 0 }],
    ['Updated', 0, false, { n: 2 }, { n: 1 }],
    ['Updated', 0, true, { n: 3 }, { n: 2 }],
    ['Removed', 0, false, undefined, { n: 3 }],
  ]);
});
