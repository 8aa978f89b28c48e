'use strict';
// Maps by the official client SDK: every member, any key, what each client hears, every refusal.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { after, before, test } = require('node:test');
const { SyncMap, SyncMapItem } = require('twilio-sync');
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

const KEY_MAX = 320;

let server, office, alice, bob, carol, service;

before(async () => {
  office = await Office.withServer();
  server = office.server;
  [alice, bob, carol] = ['alice', 'bob', 'carol'].map((identity) => office.client(identity));
  service = office.rest.sync.v1.services('default');
});

after(() => office.leave());

const watch = (name, clients = [alice, bob]) => opened(clients, 'map', name);

const change = itemChange('key');

async function entriesOf(map, options = {}) {
  let page = await map.getItems(options);
  const items = [...page.items];
  while (page.hasNextPage) items.push(...(page = await page.nextPage()).items);
  return items.map(({ key, data }) => [key, data]);
}

// Another client's, which knows nothing yet.
const fresh = (name) => office.client('fresh').map(name);

function urlOf(map, key) {
  const items = `/v1/Services/default/Maps/${map}/Items`;
  return key === undefined ? items : `${items}/${encodeURIComponent(key)}`;
}

// In this order; each of them with what was there before.
const MEMBERS = {
  sid: ({ sid }) => assert.match(sid, /^MP[0-9a-f]{32}$/),
  uniqueName: ({ uniqueName }) => assert.equal(uniqueName, 'members'),
  type: ({ type }) => assert.equal(type, 'map'),
  uri: ({ sid, uri }) => assert.ok(uri.startsWith(server.base) && uri.endsWith(`/Maps/${sid}`)),
  links: ({ uri, links }) => assert.equal(links.items, `${uri}/Items`),
  revision: ({ revision }) => assert.equal(revision, '0'),
  lastEventId: ({ lastEventId }) => assert.ok(Number.isSafeInteger(lastEventId)),
  dateExpires: ({ dateExpires }) => assert.equal(dateExpires, null),
  dateUpdated: ({ dateUpdated }) => assert.ok(Math.abs(dateUpdated - Date.now()) < 60_000),
  set: async (map) => {
    const { key, data, revision } = await map.set('k', { n: 1, a: 1 });
    assert.deepEqual([key, data, revision], ['k', { n: 1, a: 1 }, '0']);
    assert.equal((await map.set('k', { n: 2 })).revision, '1');
  },
  get: async (map) => assert.deepEqual((await map.get('k')).data, { n: 2 }),
  update: async (map) => {
    const { data, revision } = await map.update('k', { b: 1 });
    assert.deepEqual([data, revision], [{ n: 2, b: 1 }, '2']);
    assert.deepEqual((await map.update('u', { n: 5 })).data, { n: 5 });
  },
  mutate: async (map) => {
    const { data, revision } = await map.mutate('k', ({ n }) => ({ n: n + 1 }));
    assert.deepEqual([data, revision], [{ n: 3 }, '3']);
    assert.deepEqual((await map.mutate('m', ({ n }) => ({ n: n ?? 'none' }))).data, { n: 'none' });
  },
  setItemTtl: async (map) => {
    await map.setItemTtl('k', 1000);
    assertLives(await map.get('k'), 1000);
  },
  getItems: async (map) =>
    assert.deepEqual(await entriesOf(map), [
      ['k', { n: 3 }],
      ['m', { n: 'none' }],
      ['u', { n: 5 }],
    ]),
  remove: async (map) => {
    await map.remove('k');
    assert.equal((await entriesOf(map)).length, 2);
  },
  setTtl: async (map) => {
    await map.setTtl(1000);
    assertLives(map, 1000);
  },
  removeMap: async (map) => {
    await map.removeMap();
    await assert.rejects(map.set('k', {}), refused(404, 54200));
  },
  close: async (map) => {
    map.close();
    await assert.rejects(map.set('k', {}), /closed/);
  },
};

test('a map has no member but these, and they work', async () => {
  assert.deepEqual(Object.keys(MEMBERS).sort(), members(SyncMap));
  const map = await alice.map('members');
  for (const check of Object.values(MEMBERS)) await check(map);
});

test('an item has no member but these, and they say what it is', async () => {
  const map = await alice.map('item');
  const { lastEventId } = await map.set('a/b', { n: 1 }, { ttl: 1000 });
  for (const item of [await map.get('a/b'), await (await fresh('item')).get('a/b')]) {
    const checks = {
      key: () => assert.equal(item.key, 'a/b'),
      cacheKey: () => assert.equal(item.cacheKey, 'a/b'),
      data: () => assert.deepEqual(item.data, { n: 1 }),
      revision: () => assert.equal(item.revision, '0'),
      lastEventId: () => assert.equal(item.lastEventId, lastEventId),
      uri: () => assert.equal(item.uri, `${map.uri}/Items/a%2Fb`),
      dateUpdated: () => assert.ok(Math.abs(item.dateUpdated - Date.now()) < 60_000),
      dateExpires: () => assertLives(item, 1000),
    };
    const names = members(SyncMapItem, ['update', 'updateDateExpires']);
    assert.deepEqual(Object.keys(checks).sort(), names);
    for (const check of Object.values(checks)) check();
  }
});

const STRANGE_KEYS = [
  ...['.', '..', '...', '/', '//', '../..', '%', '%2F', '%2f', '%%', '%zz', '+', ' ', 'a b', ' a '],
  ...['?', '?a=b', '#', '&', '=', ';', ',', ':', '@', '*', '"', "'", '`', '<>', '{}', '[]', '\\'],
  ...['\u0000', '\u0001', '\n', '\r\n', '\t', '\u007f', '\u00a0', '\u2028', '\ufeff', '\ufffd'],
  ...['é', 'e\u0301', '\ue000', '\uffff', '😀', '👩‍👩‍👧', 'k😀', 'k\uffff'],
  ...['0', '00', '-1', 'null', 'Items'],
  ...['constructor', '__proto__', 'toString', 'x'.repeat(KEY_MAX), '😀'.repeat(KEY_MAX)],
];

test('any key is as good as another: set, change, find, date, page and remove it', async () => {
  const [mine, theirs] = await watch('strange');
  const seen = record(theirs, ITEM_EVENTS, (name, { item, key }) => [name, item?.key ?? key]);
  const told = [];
  const all = async (name, each) => {
    await Promise.all(STRANGE_KEYS.map(each));
    told.push(...STRANGE_KEYS.map((key) => `${name} ${key}`));
  };
  await all('itemAdded', (key) => mine.set(key, { key }));
  const sorted = [...STRANGE_KEYS].sort().map((key) => [key, { key }]);
  assert.deepEqual(await entriesOf(await fresh('strange'), { pageSize: 10 }), sorted);
  const down = await entriesOf(await fresh('strange'), { pageSize: 10, order: 'desc' });
  assert.deepEqual(down, [...sorted].reverse());
  const stranger = await fresh('strange');
  await all('itemUpdated', async (key) => {
    assert.deepEqual((await stranger.get(key)).data, { key });
    await stranger.setItemTtl(key, 1000);
  });
  await all('itemUpdated', (key) => stranger.mutate(key, (data) => ({ ...data, more: 1 })));
  await heard(seen, told.length);
  await all('itemRemoved', (key) => theirs.remove(key));
  await heard(seen, told.length);
  assert.deepEqual(seen.map((event) => event.join(' ')).sort(), told.sort());
  assert.deepEqual(await service.syncMaps('strange').syncMapItems.list(), []);
});

test('REST finds by the same key what the SDK wrote', async () => {
  const map = await alice.map('keys-of-rest');
  await Promise.all(STRANGE_KEYS.map((key) => map.set(key, { key })));
  const items = await service.syncMaps('keys-of-rest').syncMapItems.list();
  assert.deepEqual(
    items.map(({ key }) => key),
    [...STRANGE_KEYS].sort(),
  );
  for (const key of STRANGE_KEYS) {
    const { status, json } = await server.get(urlOf('keys-of-rest', key));
    assert.deepEqual([status, json.key, json.data], [200, key, { key }]);
  }
});

test('a key that is too long or empty is refused, and the map stays', async () => {
  const [map] = await watch('keys');
  const removed = record(map, ['removed'], () => true);
  const calls = [
    (key) => map.mutate(key, () => ({ n: 1 })),
    (key) => map.update(key, {}),
    (key) => map.set(key, {}, { ttl: 5 }),
    (key) => map.set(key, {}),
  ];
  for (const key of ['x'.repeat(KEY_MAX + 1), '😀'.repeat(KEY_MAX + 1), ''])
    for (const call of calls) await assert.rejects(call(key), refused(400, 54209));
  assert.deepEqual(await entriesOf(await fresh('keys')), []);
  assert.deepEqual(removed, []);
});

test('each hears of each change once, in order, with what was there before', async () => {
  const maps = await watch('changes', [alice, bob, carol]);
  const seen = maps.map((map) => record(map, ITEM_EVENTS, change));
  const steps = [
    [0, 'Added', 'k', { n: 1 }, undefined, (map) => map.set('k', { n: 1 })],
    [1, 'Updated', 'k', { n: 2 }, { n: 1 }, (map) => map.set('k', { n: 2 })],
    [2, 'Updated', 'k', { n: 2, m: 1 }, { n: 2 }, (map) => map.update('k', { m: 1 })],
    [0, 'Updated', 'k', { n: 3 }, { n: 2, m: 1 }, (map) => map.mutate('k', () => ({ n: 3 }))],
    [1, 'Added', 'l', { n: 9 }, undefined, (map) => map.mutate('l', () => ({ n: 9 }))],
    [2, 'Removed', 'k', undefined, { n: 3 }, (map) => map.remove('k')],
    [0, 'Added', 'k', { n: 4 }, undefined, (map) => map.set('k', { n: 4 })],
    [1, 'Removed', 'k', undefined, { n: 4 }, (map) => map.remove('k')],
    [1, 'Added', 'k', { n: 5 }, undefined, (map) => map.update('k', { n: 5 })],
    [2, 'Added', 'm', { n: 6 }, undefined, (map) => map.update('m', { n: 6 })],
  ];
  for (const [n, [author, , , , , step]] of steps.entries()) {
    await step(maps[author]);
    for (const events of seen) await heard(events, n + 1);
  }
  for (const [at, events] of seen.entries())
    assert.deepEqual(
      events,
      steps.map(([author, name, key, now, then]) => [name, key, author === at, now, then]),
    );
});

test('one of many who set a key at once adds it, the others update it', async () => {
  const clients = Array.from({ length: 8 }, (_, i) => office.client(`setter-${i}`));
  const maps = await watch('crowd', [...clients, alice]);
  const seen = record(maps[8], ITEM_EVENTS, (name) => name);
  const own = maps.map((map) => record(map, ITEM_EVENTS, (name, { isLocal }) => isLocal && name));
  await Promise.all(maps.slice(0, 8).map((map, n) => map.set('k', { n })));
  assert.deepEqual(await heard(seen, 8), ['itemAdded', ...Array(7).fill('itemUpdated')]);
  assert.equal(own.flat().filter((name) => name === 'itemAdded').length, 1);
  const { data } = await service.syncMaps('crowd').syncMapItems('k').fetch();
  for (const map of maps)
    assert.ok(await eventually(async () => (await map.get('k')).data.n === data.n));
});

test('many who mutate a key that is not there yet count right', async () => {
  const maps = await watch('counted', [alice, bob, carol]);
  const add = ({ n = 0 }) => ({ n: n + 1 });
  await Promise.all(Array.from({ length: 24 }, (_, i) => maps[i % 3].mutate('k', add)));
  assert.deepEqual((await service.syncMaps('counted').syncMapItems('k').fetch()).data, { n: 24 });
});

test('an item that is not there is refused, and the map stays', async () => {
  const [map, theirs] = await watch('missing');
  await theirs.set('gone', {});
  await map.remove('gone');
  const removed = record(map, ['removed'], () => true);
  for (const key of ['gone', 'never', '..', '%2F']) {
    await assert.rejects((await fresh('missing')).get(key), refused(404, 54201));
    await assert.rejects((await fresh('missing')).setItemTtl(key, 5), refused(404, 54201));
    await assert.rejects((await fresh('missing')).remove(key), refused(404, 54201));
  }
  await map.set('k', { n: 1 });
  assert.deepEqual(await entriesOf(map), [['k', { n: 1 }]]);
  assert.deepEqual(removed, []);
});

test('what was removed behind the back of a client is gone, or made again', async () => {
  const map = await alice.map('behind');
  for (const key of ['set', 'mutate', 'ttl', 'remove']) await map.set(key, { n: 1 });
  const late = await fresh('behind');
  const remove = async (key) => {
    await late.get(key);
    await service.syncMaps('behind').syncMapItems(key).remove();
  };
  const removed = record(late, ['removed'], () => true);
  await remove('set');
  assert.deepEqual((await late.set('set', { n: 2 })).data, { n: 2 });
  await remove('ttl');
  await assert.rejects(late.setItemTtl('ttl', 5), refused(404, 54201));
  await remove('remove');
  await assert.rejects(late.remove('remove'), refused(404, 54201));
  const gone = [];
  await late.get('mutate');
  const mutated = late.mutate('mutate', (data) => {
    gone.push(data);
    if (gone.length === 1) removeMeanwhile('behind', 'mutate');
    return { n: 3 };
  });
  await assert.rejects(mutated, refused(404, 54201));
  assert.deepEqual([gone, removed], [[{ n: 1 }], []]);
});

// While these run, the client hears nothing.
const curl = (...args) =>
  execFileSync('curl', ['-sfS', '-o', '/dev/null', '-u', server.auth.join(':'), ...args]);
const form = (data) => ['--data-urlencode', `Data=${JSON.stringify(data)}`];
const removeMeanwhile = (name, key) => curl('-X', 'DELETE', server.base + urlOf(name, key));
const writeMeanwhile = (name, key, data) => curl(...form(data), server.base + urlOf(name, key));
const createMeanwhile = (name, key, data) =>
  curl('-d', `Key=${key}`, ...form(data), server.base + urlOf(name));

test('a mutator is asked again with what another has written in between', async () => {
  const [mine, theirs] = await watch('overtaken');
  await mine.set('k', { n: 0 });
  const seen = record(theirs, ['itemUpdated'], (_, { item }) => item.data.n);
  const asked = [];
  const { data } = await mine.mutate('k', ({ n }) => {
    asked.push(n);
    if (asked.length < 3) writeMeanwhile('overtaken', 'k', { n: 10 * asked.length });
    return { n: n + 1 };
  });
  assert.deepEqual([asked, data], [[0, 10, 20], { n: 21 }]);
  assert.deepEqual(await heard(seen, 3), [10, 20, 21]);
});

test('an item holds 16 KiB and not one byte more', async () => {
  const [map] = await watch('full');
  const sized = (bytes) => ({ é: 'x'.repeat(bytes - '{"é":""}'.length - 1) });
  assert.deepEqual((await map.set('k', sized(16_384))).data, sized(16_384));
  const over = sized(16_385);
  for (const key of ['k', 'new']) {
    await assert.rejects(map.set(key, over), refused(413, 54006));
    await assert.rejects(
      map.mutate(key, () => over),
      refused(413, 54006),
    );
  }
  assert.deepEqual(await entriesOf(await fresh('full')), [['k', sized(16_384)]]);
});

test('a time to live that is none is refused; zero is none at all', async () => {
  const [map] = await watch('ttls');
  await map.set('k', { n: 0 });
  const year = 31_536_000;
  await assert.rejects(map.setTtl(year + 1), refused(400, 54011));
  await assert.rejects(map.setItemTtl('k', year + 1), refused(400, 54011));
  await assert.rejects(map.set('k', {}, { ttl: year + 1 }), refused(400, 54011));
  await assert.rejects(map.set('new', {}, { ttl: year + 1 }), refused(400, 54011));
  await map.setItemTtl('k', year);
  assertLives(await map.get('k'), year);
  await map.set('k', { n: 1 });
  assertLives(await (await fresh('ttls')).get('k'), year);
  await map.setItemTtl('k', 0);
  for (const at of [map, await fresh('ttls')]) assert.equal((await at.get('k')).dateExpires, null);
  assert.deepEqual(await entriesOf(map), [['k', { n: 1 }]]);
});

test('when the time of an item is over, all hear of it once, and its key is free', async () => {
  const maps = await watch('expiring', [alice, bob, carol]);
  const seen = maps.map((map) => record(map, ITEM_EVENTS, change));
  await maps[0].set('a', { n: 0 }, { ttl: 1 });
  for (const [at, events] of seen.entries()) {
    assert.deepEqual(await heard(events, 2), [
      ['Added', 'a', at === 0, { n: 0 }, undefined],
      ['Removed', 'a', false, undefined, { n: 0 }],
    ]);
    assert.deepEqual(await entriesOf(maps[at]), []);
  }
  await maps[2].set('a', { n: 1 });
  for (const [at, events] of seen.entries())
    assert.deepEqual((await heard(events, 3))[2], ['Added', 'a', at === 2, { n: 1 }, undefined]);
});

test('one who removes a map hears so as its own doing, the others not', async () => {
  const maps = await watch('removed', [alice, bob, carol]);
  await maps[0].set('k', { n: 0 });
  const seen = maps.map((map) => record(map, ['removed'], (_, { isLocal }) => isLocal));
  await maps[1].removeMap();
  for (const [at, events] of seen.entries()) assert.deepEqual(await heard(events, 1), [at === 1]);
  await assert.rejects(maps[0].set('k', {}), refused(404, 54200));
  const next = await carol.map({ id: 'removed', mode: 'create_new' });
  assert.deepEqual(await entriesOf(next), []);
});

test('when its time is over a map is gone with its items', async () => {
  const maps = await watch('mortal');
  await maps[0].set('k', { n: 0 });
  const seen = maps.map((map) => record(map, ['removed'], (_, { isLocal }) => isLocal));
  await maps[0].setTtl(1);
  for (const events of seen) assert.deepEqual(await heard(events, 1), [false]);
  const existing = { id: 'mortal', mode: 'open_existing' };
  await assert.rejects(alice.map(existing), refused(404, 54300));
});

test('a map that is opened with its items goes on from there', async () => {
  const map = await alice.map('included');
  for (let n = 0; n < 60; n++) await map.set(`k${n}`, { n });
  const [whole] = await opened([bob], 'map', { id: 'included', includeItems: true });
  const seen = record(whole, ITEM_EVENTS, (name, { item, key }) => `${name} ${item?.key ?? key}`);
  assert.equal((await entriesOf(whole)).length, 60);
  await map.set('k0', { n: -1 });
  await map.remove('k59');
  await map.set('z', { n: 60 });
  assert.deepEqual(await heard(seen, 3), ['itemUpdated k0', 'itemRemoved k59', 'itemAdded z']);
  const items = await service.syncMaps('included').syncMapItems.list();
  assert.deepEqual(
    await entriesOf(whole),
    items.map(({ key, data }) => [key, data]),
  );
});

test('what REST writes is heard as what any client writes, and the other way round', async () => {
  const [mine] = await watch('mixed');
  const at = service.syncMaps('mixed').syncMapItems;
  const seen = record(mine, ITEM_EVENTS, change);
  await at.create({ key: 'k', data: { n: 0 } });
  await heard(seen, 1);
  await mine.set('k', { n: 1 });
  await at('k').update({ data: { n: 2 }, ifMatch: '1' });
  await heard(seen, 3);
  await mine.mutate('k', ({ n }) => ({ n: n + 1 }));
  assert.deepEqual((await at('k').fetch()).data, { n: 3 });
  assert.equal((await at('k').fetch()).revision, (await mine.get('k')).revision);
  await assert.rejects(at.create({ key: 'k', data: {} }), { status: 409, code: 54208 });
  await at('k').remove();
  assert.deepEqual(await heard(seen, 5), [
    ['Added', 'k', false, { n: 0 }, undefined],
    ['Updated', 'k', true, { n: 1 }, { n: 0 }],
    ['Updated', 'k', false, { n: 2 }, { n: 1 }],
    ['Updated', 'k', true, { n: 3 }, { n: 2 }],
    ['Removed', 'k', false, undefined, { n: 3 }],
  ]);
});

test('a mutator of a key that another adds in between is asked again', async () => {
  const [mine] = await watch('preceded');
  const asked = [];
  const { data } = await mine.mutate('k', (there) => {
    asked.push(there);
    if (asked.length === 1) createMeanwhile('preceded', 'k', { n: 10 });
    return { n: (there?.n ?? 0) + 1 };
  });
  assert.deepEqual([asked.length, asked[1], data], [2, { n: 10 }, { n: 11 }]);
});
