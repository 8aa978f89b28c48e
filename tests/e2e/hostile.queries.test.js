'use strict';
// Clients that ask what costs the server most: queries. Others are served meanwhile, in order, and
// memory stays within what is documented. (How long they wait is measured by bench/attacks.)

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { eventually } = require('./support/eventually.js');
const { Connection } = require('./support/packets.js');
const {
  Attacker,
  DEFAULT,
  Victim,
  attackers,
  isUnderWay,
  metric,
  most,
  request,
  restRequest,
  start,
  subscription,
} = require('./support/attacker.js');

const DEPTH = 60;
const COMPARISONS = 14;
const ITEMS = 100;
const ITEM_SIZE = 15_700;
const MEMORY_MAX = 100 * 1024 * 1024; // sanitizers multiply it

// As many members as fit in the innermost of DEPTH objects.
function deepData(n) {
  const [head, tail] = ['{"a":'.repeat(DEPTH - 1), '}'.repeat(DEPTH - 1)];
  const members = [];
  for (let i = 0, size = head.length + tail.length + 2; size < ITEM_SIZE - 20; i++) {
    members.push(`"${i}":${n}`);
    size += members.at(-1).length + 1;
  }
  return `${head}{${members.join(',')}}${tail}`;
}

const deepQuery = (salt) =>
  Array.from({ length: COMPARISONS }, (_, i) => `${'a.'.repeat(DEPTH - 1)}no${i} == ${salt}`).join(' or ');

// Writes over one connection, as fast as they go; each makes something.
async function create(t, server, path, forms) {
  const before = await metric(server, 'tutti_store_changes_total');
  const writer = await Attacker.connect(t, server);
  writer.send(...forms.map((form) => restRequest(server, 'POST', path, form)));
  const made = () => metric(server, 'tutti_store_changes_total');
  assert.ok(await eventually(async () => (await made()) - before >= forms.length));
}

async function deepMap(t, server) {
  await server.post(`${DEFAULT}/Maps`, { UniqueName: 'deep' });
  const forms = Array.from({ length: ITEMS }, (_, n) => ({ Key: `k${n}`, Data: deepData(n) }));
  await create(t, server, `${DEFAULT}/Maps/deep/Items`, forms);
}

// A map of so many small items; its number before the first of them.
async function wideMap(t, server, name, count) {
  const { json } = await server.post(`${DEFAULT}/Maps`, { UniqueName: name });
  const forms = Array.from({ length: count }, (_, n) => ({ Key: `k${n}`, Data: `{"n":${n}}` }));
  await create(t, server, `${DEFAULT}/Maps/${name}/Items`, forms);
  return json;
}

const liveQueries = (count, name, query, more = {}) =>
  Array.from({ length: count }, (_, n) => ({
    object_sid: `QU${n}`,
    object_type: 'live_query',
    index_name: name,
    query_string: query(n),
    ...more,
  }));

test('deep queries of many clients at once keep nobody waiting', async (t) => {
  const office = await start(t);
  const { server } = office;
  await deepMap(t, server);
  const victim = await Victim.openFor(t, office);
  const ask = request('POST', '/v3/Insights/deep/Items', { body: { query_string: deepQuery(0) } });
  const clients = await attackers(16, () => Attacker.let(t, server, office.token('mallory')));
  for (const client of clients) client.flood(ask);
  await isUnderWay(server);
  await victim.isServed();
  assert.ok(clients.every(({ ended }) => !ended));
});

test('deep live queries make writes to their map hardly dearer', async (t) => {
  const office = await start(t);
  const { server } = office;
  await deepMap(t, server);
  const victim = await Victim.openFor(t, office);
  const listener = await Connection.start(server, office.token('mallory'));
  t.after(() => listener.close());
  for (const n of [0, 1])
    await listener.subscribe(liveQueries(100, 'deep', (i) => deepQuery(100 * n + i)).map(
      (query) => ({ ...query, object_sid: `${query.object_sid}-${n}` }),
    ));
  const settled = () =>
    listener.events().filter(([type]) => /^subscription_(established|failed)$/.test(type));
  await listener.await('all', () => settled().length === 200);
  assert.ok(settled().some(([type]) => type === 'subscription_established'));
  const writer = await Attacker.let(t, server, office.token('mallory'));
  const write = (n) =>
    request('POST', `/v3/Maps/deep/Items/k${n}`, { body: { data: JSON.parse(deepData(n)) } });
  writer.flood(...Array.from({ length: ITEMS }, (_, n) => write(n)));
  await isUnderWay(server);
  await victim.isServed();
});

test('a flood of live queries that catch up with many changes keeps nobody waiting', async (t) => {
  const office = await start(t);
  const { server } = office;
  const map = await wideMap(t, server, 'chain', 10_000);
  const first = await Connection.start(server, office.token('mallory'));
  t.after(() => first.close());
  const { body } = await first.http('GET', `/v3/Maps/${map.sid}/Items`, { params: { PageSize: '1' } });
  const victim = await Victim.openFor(t, office);
  const before = await metric(server, 'process_resident_memory_bytes');
  const since = { last_event_id: body.items[0].last_event_id };
  const queries = liveQueries(1000, 'chain', (n) => `n == "no${n}"`, since);
  const clients = await attackers(4, () => Attacker.let(t, server, office.token('mallory')));
  for (const client of clients) client.flood(subscription(queries));
  await isUnderWay(server);
  const highest = await most(server, 'process_resident_memory_bytes', victim.isServed());
  assert.ok(highest - before < MEMORY_MAX, `${highest - before} bytes more`);
});

test('2,000 live queries of a map of 10,000 items keep nothing of the items', async (t) => {
  const office = await start(t);
  const { server } = office;
  await wideMap(t, server, 'wide', 10_000);
  const victim = await Victim.openFor(t, office);
  const before = await metric(server, 'process_resident_memory_bytes');
  const listener = await Connection.start(server, office.token('mallory'));
  t.after(() => listener.close());
  const queries = liveQueries(2000, 'wide', (n) => `n == "no${n}"`);
  const settle = async () => {
    for (const some of [queries.slice(0, 1000), queries.slice(1000)]) await listener.subscribe(some);
    await listener.await('all', () => listener.events().length === queries.length);
  };
  const name = 'process_resident_memory_bytes';
  const highest = await most(server, name, Promise.all([settle(), victim.isServed()]));
  assert.ok(highest - before < MEMORY_MAX, `${highest - before} bytes more`);
  assert.ok(listener.events().every(([type]) => type === 'subscription_established'));
});
