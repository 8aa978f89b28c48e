'use strict';
// Live and instant queries over the items of a map, by the official client SDK.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { InstantQuery, LiveQuery } = require('twilio-sync');
const { eventually } = require('./support/eventually.js');
const { Connection } = require('./support/packets.js');
const { Proxy } = require('./support/proxy.js');
const { Office, connected, members, record, subscribed } = require('./support/sdk.js');
const { Server } = require('./support/server.js');

let server, office, alice, bob, service;

before(async () => {
  office = await Office.withServer();
  server = office.server;
  [alice, bob] = [office.client('alice'), office.client('bob')];
  service = office.rest.sync.v1.services('default');
});

after(() => office.leave());

const PEOPLE = {
  ann: { name: 'Ann', age: 31, active: true, team: { name: 'red' }, skills: ['c', 'js', 7] },
  bob: { name: 'Böb', age: 42, active: false, team: { name: 'blue' }, skills: [] },
  cid: { name: 'Cid', age: 31, boss: null, skills: ['c'] },
  'd 😀': { name: 'say "d"' },
};

async function mapOf(name, items) {
  const { sid } = await service.syncMaps.create({ uniqueName: name });
  const { syncMapItems } = service.syncMaps(sid);
  for (const [key, data] of Object.entries(items)) await syncMapItems.create({ key, data });
  return { sid, syncMapItems, item: (key) => syncMapItems(key) };
}

async function search(client, index, expression) {
  const query = await client.instantQuery(index);
  const found = new Promise((resolve) => query.once('searchResult', resolve));
  await query.search(expression);
  return found;
}

// A live query that is subscribed, and what it says from now on.
async function live(client, index, expression) {
  const query = await client.liveQuery(index, expression);
  await subscribed(query);
  const look = (name, { key, value }) => (name === 'itemRemoved' ? [key] : [key, value]);
  return { query, heard: record(query, ['itemUpdated', 'itemRemoved'], look) };
}

async function heardAll(heard, expected) {
  await eventually(() => heard.length >= expected.length);
  assert.deepEqual(heard, expected);
}

const refused = (status, code) => (error) => {
  assert.deepEqual([error.status, error.code], [status, code], error.message);
  return true;
};

// --- the language ---

test('an expression finds the items it describes', async () => {
  await mapOf('people', PEOPLE);
  const all = Object.keys(PEOPLE);
  for (const [expression, keys] of [
    ['', all],
    ['name == "Ann"', ['ann']],
    ['name eq "Böb"', ['bob']],
    ['name == "B\\u00f6b"', ['bob']],
    ['name == "say \\"d\\""', ['d 😀']],
    ['name != "Ann"', ['bob', 'cid', 'd 😀']],
    ['team.name not_eq "red"', ['bob', 'cid', 'd 😀']],
    ['data.team.name == "red"', ['ann']],
    ['age == 31', ['ann', 'cid']],
    ['age == "31"', ['ann', 'cid']],
    ['age == 31.0', ['ann', 'cid']],
    ['active == true', ['ann']],
    ['active == "false"', ['bob']],
    ['boss == null', ['cid']],
    ['name in ["Ann", "Cid", "Eve"]', ['ann', 'cid']],
    ['age not_in [31]', ['bob', 'd 😀']],
    ['age in []', []],
    ['name contains "i"', ['cid']],
    ['skills contains "js"', ['ann']],
    ['skills contains 7', ['ann']],
    ['key == "d 😀"', ['d 😀']],
    ['key contains "b" or key in ["ann"]', ['ann', 'bob']],
    ['age == 31 && active == true', ['ann']],
    ['age == 42 || age == 31 && active == true', ['ann', 'bob']],
    ['(age == 42 || age == 31) && active == true', ['ann']],
    ['AGE == 31', []],
    ['age EQ 31 AND name CONTAINS "C"', ['cid']],
  ]) {
    const found = await search(bob, 'people', expression);
    assert.deepEqual(Object.keys(found).sort(), keys, expression);
    for (const key of keys) assert.deepEqual(found[key], PEOPLE[key]);
  }
});

test('what is no expression is refused with its code, by either kind of query', async () => {
  await mapOf('strict', {});
  const values = (count) => Array.from({ length: count }, (_, n) => `"${n}"`).join(', ');
  const comparisons = (count) => Array(count).fill('a == 1').join(' or ');
  for (const [expression, code] of [
    ['a', 54507],
    ['a = "b"', 54507],
    ["a == 'b'", 54507],
    ['a == b', 54507],
    ['a == "b', 54507],
    ['(a == "b"', 54507],
    ['a == "b" c == "d"', 54507],
    ['a like "b"', 54507],
    ['a in "b"', 54507],
    [`${'('.repeat(3000)}a == 1`, 54507],
    [comparisons(16), 54509],
    [comparisons(300), 54509],
    [`a in [${values(30)}]`, 54510],
  ]) {
    await assert.rejects(search(alice, 'strict', expression), refused(400, code), expression);
    await assert.rejects(alice.liveQuery('strict', expression), refused(400, code), expression);
  }
  assert.deepEqual(await search(alice, 'strict', comparisons(15)), {});
  assert.deepEqual(await search(alice, 'strict', `a in [${values(29)}]`), {});
});

test('an index that is no map is refused with its code', async () => {
  await service.documents.create({ uniqueName: 'no-map' });
  for (const index of ['nowhere', 'no-map', `MP${'0'.repeat(32)}`]) {
    await assert.rejects(alice.liveQuery(index, ''), refused(404, 54502));
    await assert.rejects(search(alice, index, ''), refused(404, 54502));
  }
});

test('a map is an index by its name as well as by its SID, whatever is in the name', async () => {
  for (const uniqueName of ['plain', 'a b', 'ä😀', 'x%2Fy', 'a?b=c', 'what#']) {
    const { sid } = await mapOf(uniqueName, { k: { n: 1 } });
    for (const index of [uniqueName, sid])
      assert.deepEqual(await search(alice, index, 'n == 1'), { k: { n: 1 } }, index);
  }
});

test('of members with the same name the last counts, as in what the SDK shows', async () => {
  const { sid } = await mapOf('twice', {});
  const Data = '{"a": 1, "b": {"c": 1}, "a": 2, "b": {"d": 1}}';
  const form = { Key: 'k', Data };
  const { status } = await server.post(`/v1/Services/default/Maps/${sid}/Items`, form);
  assert.equal(status, 201);
  const shown = { k: { a: 2, b: { d: 1 } } };
  for (const expression of ['a == 2', 'b.d == 1', 'a != 1', 'b.c != 1', 'data.a == 2'])
    assert.deepEqual(await search(bob, 'twice', expression), shown, expression);
  for (const expression of ['a == 1', 'b.c == 1', 'b.c == null'])
    assert.deepEqual(await search(bob, 'twice', expression), {}, expression);
});

// --- instant queries ---

test('an instant query may search again, and go on as a live one', async () => {
  const { item } = await mapOf('again', { a: { n: 1 }, b: { n: 2 } });
  const query = await alice.instantQuery('again');
  await assert.rejects(query.subscribe(), refused(400, 54507));
  await query.search('n == 2');
  assert.deepEqual(query.getItems(), { b: { n: 2 } });
  await query.search('n == 1');
  assert.deepEqual(query.getItems(), { a: { n: 1 } });
  const going = await query.subscribe();
  await subscribed(going);
  const seen = record(going, ['itemUpdated'], (_, { key }) => key);
  await item('b').update({ data: { n: 1 } });
  await heardAll(seen, ['b']);
  assert.deepEqual(query.getItems(), { a: { n: 1 } });
});

test('a query looks at all items of a large map', async () => {
  const map = await alice.map('large');
  const numbers = Array.from({ length: 250 }, (_, n) => n);
  await Promise.all(numbers.map((n) => map.set(`k${n}`, { n, odd: n % 2 === 1 })));
  const found = await search(bob, 'large', 'odd == true');
  assert.equal(Object.keys(found).length, 125);
  assert.deepEqual(found.k249, { n: 249, odd: true });
});

test('an instant query has no member but these, and they work', async () => {
  await mapOf('instant', { a: { n: 1 } });
  await mapOf('another', { b: { n: 1 } });
  const query = await alice.instantQuery('instant');
  const results = record(query, ['searchResult'], (_, items) => items);
  const checks = {
    type: () => assert.equal(query.type, 'instant_query'),
    search: async () => assert.equal(await query.search('n == 1'), undefined),
    getItems: () => assert.deepEqual(query.getItems(), { a: { n: 1 } }),
    updateIndexName: async () => {
      query.updateIndexName('another');
      await query.search('n == 1');
      assert.deepEqual(query.getItems(), { b: { n: 1 } });
    },
    subscribe: async () => assert.deepEqual((await query.subscribe()).getItems(), { b: { n: 1 } }),
  };
  assert.deepEqual(Object.keys(checks).sort(), members(InstantQuery, ['generateQueryUri']));
  for (const check of Object.values(checks)) await check();
  assert.deepEqual(results, [{ a: { n: 1 } }, { b: { n: 1 } }]);
});

// --- live queries ---

test('a live query has no member but these, and they work', async () => {
  await mapOf('living', { a: { n: 1 } });
  const query = await alice.liveQuery('living', 'n == 1');
  const checks = {
    sid: () => assert.equal(typeof query.sid, 'string'),
    type: () => assert.equal(query.type, 'live_query'),
    lastEventId: () => assert.ok(Number.isSafeInteger(query.lastEventId)),
    getItems: () => assert.deepEqual(query.getItems(), { a: { n: 1 } }),
    close: () => {
      query.close();
      assert.throws(() => query.getItems(), /closed/);
    },
  };
  assert.deepEqual(Object.keys(checks).sort(), members(LiveQuery));
  for (const check of Object.values(checks)) await check();
});

test('of what never matched, nothing is said', async () => {
  const { item, syncMapItems } = await mapOf('silent', { other: { n: 2 }, dies: { n: 2 } });
  const { query, heard } = await live(alice, 'silent', 'n == 1');
  await item('other').update({ data: { n: 3 } });
  await item('dies').remove();
  await syncMapItems.create({ key: 'brief', data: { n: 2 } });
  await item('brief').update({ data: { n: 3 } });
  await item('brief').remove();
  await syncMapItems.create({ key: 'last', data: { n: 1 } });
  await heardAll(heard, [['last', { n: 1 }]]);
  assert.deepEqual(query.getItems(), { last: { n: 1 } });
});

test('a live query begins with what matches, and says what comes, changes and goes', async () => {
  const { item, syncMapItems } = await mapOf('tasks', {
    a: { open: true, n: 1 },
    b: { open: true, n: 2 },
    c: { open: false, n: 3 },
  });
  const { query, heard } = await live(alice, 'tasks', 'open == true');
  assert.deepEqual(query.getItems(), { a: { open: true, n: 1 }, b: { open: true, n: 2 } });
  await item('a').update({ data: { open: true, n: 10 } }); // matches on
  await item('b').update({ data: { open: false } }); // no longer
  await item('c').update({ data: { open: true, n: 30 } }); // from now on
  await syncMapItems.create({ key: 'd', data: { open: true } });
  await item('a').remove();
  await item('b').update({ data: { open: true } }); // again
  await heardAll(heard, [
    ['a', { open: true, n: 10 }],
    ['b'],
    ['c', { open: true, n: 30 }],
    ['d', { open: true }],
    ['a'],
    ['b', { open: true }],
  ]);
  const now = { b: { open: true }, c: { open: true, n: 30 }, d: { open: true } };
  assert.deepEqual(query.getItems(), now);
  assert.deepEqual(await search(bob, 'tasks', 'open == true'), now);
});

test('its own client hears of what it writes, as everybody does', async () => {
  const map = await alice.map('mine');
  const [mine, theirs] = [await live(alice, 'mine', 'n == 1'), await live(bob, 'mine', 'n == 1')];
  await map.set('k', { n: 1 });
  await map.mutate('k', () => ({ n: 1, more: true }));
  await map.remove('k');
  for (const { heard } of [mine, theirs])
    await heardAll(heard, [['k', { n: 1 }], ['k', { n: 1, more: true }], ['k']]);
});

test('an item that expires leaves the query', async () => {
  const { syncMapItems } = await mapOf('mortals', {});
  const { query, heard } = await live(alice, 'mortals', '');
  await syncMapItems.create({ key: 'k', data: { n: 1 }, ttl: 1 });
  await heardAll(heard, [['k', { n: 1 }], ['k']]);
  assert.deepEqual(query.getItems(), {});
});

test('equal queries are one object of a client, different ones are apart', async () => {
  const { syncMapItems } = await mapOf('shared', {});
  const [one, same, other] = [
    await live(alice, 'shared', 'n == 1'),
    await live(alice, 'shared', 'n == 1'),
    await live(alice, 'shared', 'n == 2'),
  ];
  assert.equal(one.query.sid, same.query.sid);
  assert.notEqual(one.query.sid, other.query.sid);
  await syncMapItems.create({ key: 'k1', data: { n: 1 } });
  await syncMapItems.create({ key: 'k2', data: { n: 2 } });
  await heardAll(other.heard, [['k2', { n: 2 }]]);
  for (const { heard } of [one, same]) await heardAll(heard, [['k1', { n: 1 }]]);
});

test('equal queries of several clients hear the same, whenever they began', async () => {
  const { item, syncMapItems } = await mapOf('common', { a: { n: 1 }, b: { n: 2 } });
  const early = await live(alice, 'common', 'n == 1');
  await item('b').update({ data: { n: 1 } });
  await heardAll(early.heard, [['b', { n: 1 }]]);
  const late = await live(bob, 'common', 'n == 1');
  assert.deepEqual(late.query.getItems(), { a: { n: 1 }, b: { n: 1 } });
  await item('a').update({ data: { n: 2 } });
  await syncMapItems.create({ key: 'c', data: { n: 2 } });
  await item('c').update({ data: { n: 3 } });
  await item('b').remove();
  await syncMapItems.create({ key: 'd', data: { n: 1 } });
  await heardAll(late.heard, [['a'], ['b'], ['d', { n: 1 }]]);
  await heardAll(early.heard, [['b', { n: 1 }], ['a'], ['b'], ['d', { n: 1 }]]);
  early.query.close();
  await item('d').update({ data: { n: 0 } });
  await heardAll(late.heard, [['a'], ['b'], ['d', { n: 1 }], ['d']]);
});

test('more live queries than are compiled together hear each its own', async () => {
  const { item, syncMapItems } = await mapOf('several', {});
  const numbers = Array.from({ length: 70 }, (_, n) => n);
  const queries = [];
  for (const n of numbers) queries.push(await live(alice, 'several', `data.n == ${n}`));
  await syncMapItems.create({ key: 'k', data: { n: 0 } });
  for (const n of [5, 69, 33, 5]) await item('k').update({ data: { n } });
  await heardAll(queries[5].heard, [['k', { n: 5 }], ['k'], ['k', { n: 5 }]]);
  await heardAll(queries[33].heard, [['k', { n: 33 }], ['k']]);
  await heardAll(queries[69].heard, [['k', { n: 69 }], ['k']]);
  for (const n of numbers)
    if (![0, 5, 33, 69].includes(n)) assert.deepEqual(queries[n].heard, []);
});

test('live queries that take too much memory are refused, the others go on', async (t) => {
  const small = await Office.openFor(t, await Server.startFor(t, {
    args: ['--session-queries-size-max', '64K'],
  }));
  await small.rest.sync.v1.services('default').syncMaps.create({ uniqueName: 'm' });
  const connection = await Connection.start(small.server, small.token('greedy'));
  t.after(() => connection.close());
  const asks = Array.from({ length: 20 }, (_, n) => ({
    object_sid: `LQ${n}`,
    object_type: 'live_query',
    index_name: 'm',
    query_string: `${Array(200).fill('a').join('.')}.b${n} == 1`,
  }));
  await connection.subscribe(asks);
  const told = (type) => connection.events().filter(([name]) => name === type);
  const [established, failed] = ['subscription_established', 'subscription_failed'];
  await connection.await('all', () => told(established).length + told(failed).length === 20);
  assert.ok(told(established).length >= 3 && told(failed).length >= 10);
  for (const [, { error }] of told(failed))
    assert.deepEqual([error.status, error.code], [429, 51202]);
  const again = told(failed)[0][1].object_sid;
  connection.received.length = 0;
  await connection.subscribe(asks, { action: 'cancel' });
  await connection.await('all', () => told('subscription_canceled').length === 20);
  await connection.subscribe([asks.find(({ object_sid }) => object_sid === again)]);
  await connection.event(established, ({ object_sid }) => object_sid === again);
});

test('the map and a query of it are watched side by side', async () => {
  const map = await alice.map('both');
  await subscribed(map);
  const items = record(map, ['itemAdded', 'itemUpdated'], (_, { item }) => item.data.n);
  const { heard } = await live(alice, 'both', 'n == 2');
  const { syncMapItems } = service.syncMaps('both');
  await syncMapItems.create({ key: 'k', data: { n: 1 } });
  for (const n of [2, 3]) await syncMapItems('k').update({ data: { n } });
  await heardAll(items, [1, 2, 3]);
  await heardAll(heard, [['k', { n: 2 }], ['k']]);
});

test('a closed query hears nothing more, and costs no subscription', async () => {
  const { syncMapItems } = await mapOf('closed', {});
  const client = office.client('closer');
  const { query, heard } = await live(client, 'closed', '');
  const subscriptions = async () =>
    Number(/^tutti_subscriptions (\d+)$/m.exec((await server.get('/metrics')).text)[1]);
  const before = await subscriptions();
  query.close();
  assert.ok(await eventually(async () => (await subscriptions()) === before - 1));
  await syncMapItems.create({ key: 'k', data: {} });
  assert.deepEqual(heard, []);
  assert.throws(() => query.getItems());
});

// Whatever the moment of a write: the client's items are in the end what matches.
async function assertFinal(query, index, expression) {
  const final = await search(bob, index, expression);
  const same = () => JSON.stringify(sorted(query.getItems())) === JSON.stringify(sorted(final));
  await eventually(same);
  assert.deepEqual(query.getItems(), final);
}

const sorted = (items) => Object.entries(items).sort(([a], [b]) => (a < b ? -1 : 1));

test('what is written while a query begins is not missed', async () => {
  const { item } = await mapOf('busy', Object.fromEntries(
    Array.from({ length: 20 }, (_, n) => [`k${n}`, { n: 0, open: true }]),
  ));
  let over = false;
  async function write() {
    for (let n = 1; !over; n++)
      await item(`k${(n * 7) % 20}`).update({ data: { n, open: n % 3 > 0 } });
  }
  const writing = write();
  const clients = Array.from({ length: 8 }, (_, i) => office.client(`beginner-${i}`));
  const queries = [];
  for (const client of clients) {
    await connected(client);
    queries.push(await client.liveQuery('busy', 'open == true'));
  }
  await subscribed(...queries);
  over = true;
  await writing;
  for (const query of queries) await assertFinal(query, 'busy', 'open == true');
});

test('a query whose connection is cut catches up: changes, additions and removals', async (t) => {
  const proxy = await Proxy.startFor(t, server);
  const { item, syncMapItems } = await mapOf('cut', {
    stays: { open: true },
    leaves: { open: true },
    dies: { open: true },
    joins: { open: false },
  });
  const client = office.client('cut-off', { port: proxy.port });
  const { query } = await live(client, 'cut', 'open == true');
  proxy.freeze();
  proxy.cut();
  await item('leaves').update({ data: { open: false } });
  await item('joins').update({ data: { open: true } });
  await item('dies').remove();
  await syncMapItems.create({ key: 'new', data: { open: true } });
  proxy.thaw();
  const expected = { stays: { open: true }, joins: { open: true }, new: { open: true } };
  await eventually(() => Object.keys(query.getItems()).length === 3 && query.getItems().new);
  assert.deepEqual(query.getItems(), expected);
});

test('a query goes on after the server was killed', async (t) => {
  const its = await Server.startFor(t);
  const desk = await Office.openFor(t, its);
  const proxy = await Proxy.startFor(t, its);
  const client = desk.client('survivor', { port: proxy.port });
  const map = await client.map('m');
  await map.set('a', { n: 1 });
  const { query, heard } = await live(client, 'm', 'n == 1');
  await its.killHard();
  proxy.cut();
  await its.launch();
  desk.rest.sync.baseUrl = its.base;
  const { syncMapItems } = desk.rest.sync.v1.services('default').syncMaps('m');
  await syncMapItems.create({ key: 'b', data: { n: 1 } });
  await heardAll(heard, [['b', { n: 1 }]]);
  assert.deepEqual(query.getItems(), { a: { n: 1 }, b: { n: 1 } });
});

test('when the map is removed the query fails', async () => {
  await mapOf('doomed', { k: { n: 1 } });
  const connection = await Connection.start(server, office.token('raw'));
  const { body } = await connection.http('POST', '/v3/Insights/doomed/Items', {
    body: { query_string: '', type: 'live_query' },
  });
  assert.equal(typeof body.items[0].revision, 'number');
  const query = {
    object_sid: body.query_id,
    object_type: 'live_query',
    index_name: 'doomed',
    query_string: '',
    last_event_id: body.last_event_id,
  };
  await connection.subscribe([query]);
  const [, established] = await connection.event('subscription_established');
  const { object_sid, object_type } = established;
  assert.deepEqual([object_sid, object_type], [body.query_id, 'live_query']);
  await service.syncMaps('doomed').remove();
  await connection.event('subscription_failed', (event) => event.object_sid === body.query_id);
  connection.close();
});

test('events of a query say what the SDK needs', async () => {
  const { item } = await mapOf('wire', { k: { n: 1 } });
  const connection = await Connection.start(server, office.token('raw'));
  const asked = { body: { query_string: 'n == 1', type: 'live_query' } };
  const { status, body } = await connection.http('POST', '/v3/Insights/wire/Items', asked);
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(body.items[0]).sort(), ['data', 'key', 'revision']);
  await connection.subscribe([
    {
      object_sid: body.query_id,
      object_type: 'live_query',
      index_name: 'wire',
      query_string: 'n == 1',
      last_event_id: body.last_event_id,
    },
  ]);
  await connection.event('subscription_established');
  await item('k').update({ data: { n: 1, more: 1 } });
  await item('k').update({ data: { n: 2 } });
  const [, gone, last] = await connection.event('live_query_item_removed');
  const [, updated, first] = await connection.event('live_query_item_updated');
  for (const payload of [first, last]) assert.equal(payload.strictly_ordered, true);
  for (const event of [updated, gone])
    assert.deepEqual([event.query_id, event.item_key], [body.query_id, 'k']);
  assert.deepEqual(updated.item_data, { n: 1, more: 1 });
  assert.ok(body.items[0].revision < updated.item_revision);
  assert.ok(updated.item_revision < gone.item_revision);
  assert.ok(updated.last_event_id < gone.last_event_id);
  connection.close();
});
