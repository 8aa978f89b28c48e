'use strict';
// Clients that ask for more than they take: large pages, events, messages of streams. What waits for
// them is bounded, and others are served meanwhile.

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const { test } = require('node:test');
const { eventually } = require('./support/eventually.js');
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

const ITEMS = 100;
const ITEM_SIZE = 15_700;
const PAGE_SIZE = ITEMS * (ITEM_SIZE + 1000); // of one page, at most; while it is deflated both forms wait
const QUEUE_MAX = 1 << 20; // the default of session-queue-max
const MEMORY_MAX = 100 * 1024 * 1024; // sanitizers multiply it
const RESIDENT = 'process_resident_memory_bytes';
const QUEUE = 'tutti_websocket_queue_max_bytes';

const PAGE = request('GET', '/v3/Maps/large/Items', { params: { PageSize: '100' } });

// With a map whose page is large, and cannot be deflated much.
async function startWithMap(t, ...args) {
  const office = await start(t, ...args);
  const { server } = office;
  await server.post(`${DEFAULT}/Maps`, { UniqueName: 'large' });
  for (let n = 0; n < ITEMS; n++) {
    const text = randomBytes((ITEM_SIZE * 3) / 4).toString('base64'); // deflates little
    const Data = JSON.stringify({ n, text });
    const { status } = await server.post(`${DEFAULT}/Maps/large/Items`, { Key: `k${n}`, Data });
    assert.equal(status, 201);
  }
  return office;
}

const mallories = (t, office, count, options) =>
  attackers(count, () => Attacker.let(t, office.server, office.token('mallory'), options));

for (const deflate of [false, true])
  test(`pages asked for and not read are not rendered${deflate ? ', deflated' : ''}`, async (t) => {
    const office = await startWithMap(t);
    const { server } = office;
    const victim = await Victim.openFor(t, office);
    const before = await metric(server, RESIDENT);
    const clients = await mallories(t, office, 8, { deflate });
    for (const client of clients) client.pause();
    for (const client of clients) client.send(...Array(64).fill(PAGE));
    await isUnderWay(server, clients.length);
    const highest = await most(server, RESIDENT, victim.isServed());
    const queued = await metric(server, QUEUE);
    assert.ok(queued <= QUEUE_MAX + 2 * PAGE_SIZE, `${queued} bytes wait for one`);
    assert.ok(highest - before < MEMORY_MAX, `${highest - before} bytes more`);
  });

test('pages that are pipelined and deflated come one at a time, and others in between', async (t) => {
  const office = await startWithMap(t);
  const { server } = office;
  const victim = await Victim.openFor(t, office);
  const clients = await mallories(t, office, 8, { deflate: true });
  for (const client of clients) client.flood(PAGE);
  await isUnderWay(server);
  await victim.isServed();
  assert.ok(clients.every(({ ended }) => !ended));
});

test('pages asked for over REST, pipelined and not read, are cut in time', async (t) => {
  const COUNT = 40;
  const office = await startWithMap(t, '--request-timeout-ms', '5000');
  const { server } = office;
  const victim = await Victim.openFor(t, office);
  const before = await metric(server, RESIDENT);
  const page = restRequest(server, 'GET', `${DEFAULT}/Maps/large/Items?PageSize=100`);
  const clients = await attackers(COUNT, () => Attacker.connect(t, server));
  for (const client of clients) client.pause();
  for (const client of clients) client.send(...Array(64).fill(page));
  const highest = await most(server, RESIDENT, victim.isServed());
  assert.ok(highest - before < COUNT * 2 * PAGE_SIZE, `${highest - before} bytes more`);
  const left = () => metric(server, 'tutti_http_connections');
  assert.ok(await eventually(async () => (await left()) < 5), 'they are not cut');
});

test('messages of a stream that nobody takes end the sessions that they wait for', async (t) => {
  const office = await startWithMap(t, '--session-frames-max', '0', '--session-queue-max', '65536');
  const { server } = office;
  const victim = await Victim.openFor(t, office);
  const { json } = await server.post(`${DEFAULT}/Streams`, {});
  const before = await metric(server, RESIDENT);
  const listeners = await mallories(t, office, 16);
  const heard = subscription([{ object_sid: json.sid, object_type: 'stream' }]);
  for (const listener of listeners) {
    listener.send(heard);
    listener.pause();
  }
  const data = { text: 'x'.repeat(4000) };
  const publish = request('POST', `/v3/Streams/${json.sid}/Messages`, { body: { data } });
  const talkers = await mallories(t, office, 4);
  for (const talker of talkers) talker.flood(...Array(100).fill(publish));
  const name = 'tutti_sessions';
  const left = talkers.length + 1; // and the victim
  const cut = () => eventually(async () => (await metric(server, name)) <= left);
  const highest = await most(server, RESIDENT, Promise.all([cut(), victim.isServed()]));
  assert.equal(await metric(server, name), left);
  assert.ok(highest - before < MEMORY_MAX, `${highest - before} bytes more`);
  assert.ok((await metric(server, QUEUE)) < 2 * 65536);
});

test('a large document that many hear of and nobody takes waits in the journal', async (t) => {
  const office = await startWithMap(t, '--session-queue-max', '65536', '--compression', 'off');
  const { server } = office;
  const victim = await Victim.openFor(t, office);
  const { json } = await server.post(`${DEFAULT}/Documents`, { Data: '{}' });
  const heard = subscription([{ object_sid: json.sid, object_type: 'document' }]);
  const listeners = await mallories(t, office, 50);
  const before = await metric(server, RESIDENT);
  for (const listener of listeners) {
    listener.send(heard);
    listener.pause();
  }
  const [writer] = await mallories(t, office, 1);
  const body = { data: { text: 'x'.repeat(16_000) } };
  writer.flood(request('POST', `/v3/Documents/${json.sid}`, { body }));
  const behind = () => metric(server, 'tutti_subscriptions_behind_total');
  const all = eventually(async () => (await behind()) >= listeners.length);
  const highest = await most(server, RESIDENT, Promise.all([all, victim.isServed()]));
  assert.ok((await behind()) >= listeners.length, `${await behind()} fell behind`);
  assert.ok((await metric(server, QUEUE)) < 2 * 65536);
  assert.ok(highest - before < MEMORY_MAX, `${highest - before} bytes more`);
});
