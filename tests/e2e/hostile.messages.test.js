'use strict';
// Messages of clients that cost much to take apart, or are not finished, and subscriptions that come
// and go. Others are served meanwhile.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { eventually } = require('./support/eventually.js');
const { deflate, frame, BINARY, RSV1 } = require('./support/websocket.js');
const {
  Attacker,
  DEFAULT,
  Victim,
  attackers,
  isUnderWay,
  metric,
  most,
  packet,
  request,
  start,
  subscription,
} = require('./support/attacker.js');

const DOCUMENTS = `${DEFAULT}/Documents`;
const RESIDENT = 'process_resident_memory_bytes';

for (const [what, bytes] of Object.entries({
  'with thousands of parameters': packet({
    method: 'message',
    http_request: {
      ...{ host: 'a', path: '/v3/Documents/x', method: 'GET', headers: {} },
      params: Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`p${n}`, 'x'])),
    },
  }),
  'with thousands of members': request('POST', '/v3/Documents', {
    body: Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`p${n}`, 1])),
  }),
  'with more subscriptions than count': request('POST', '/v4/Subscriptions', {
    body: { action: 'establish', correlation_id: 1, requests: Array(80_000).fill({}) },
  }),
  'that are all escapes': request('GET', `/v3/Documents/${'%41'.repeat(80_000)}`),
}))
  test(`messages ${what} keep nobody waiting`, async (t) => {
    const office = await start(t);
    const { server } = office;
    const victim = await Victim.openFor(t, office);
    const clients = await attackers(16, () => Attacker.let(t, server, office.token('mallory')));
    for (const client of clients) client.flood(bytes);
    await isUnderWay(server);
    await victim.isServed();
    assert.ok(clients.every(({ ended }) => !ended));
  });

test('halves of messages that are deflated take little', async (t) => {
  const COUNT = 100;
  const office = await start(t);
  const { server } = office;
  const victim = await Victim.openFor(t, office);
  const clients = await attackers(COUNT, () =>
    Attacker.let(t, server, office.token('mallory'), { deflate: true }),
  );
  const before = await metric(server, RESIDENT);
  const bomb = deflate(Buffer.alloc(255 * 1024, ' '));
  for (const client of clients)
    client.send(frame(BINARY, bomb.subarray(0, -8), { reserved: RSV1, fin: false }));
  const highest = await most(server, RESIDENT, victim.isServed());
  assert.ok(highest - before < COUNT * 128 * 1024, `${highest - before} bytes more`);
  assert.ok(clients.every(({ ended }) => !ended));
});

test('subscriptions that come and go leave nothing, and keep nobody waiting', async (t) => {
  const office = await start(t);
  const { server } = office;
  const victim = await Victim.openFor(t, office);
  const sids = [];
  for (let n = 0; n < 100; n++) sids.push((await server.post(DOCUMENTS, { Data: '{}' })).json.sid);
  const objects = Array.from({ length: 1000 }, (_, n) => ({
    object_sid: sids[n] ?? `ET${`${n}`.padStart(32, '0')}`,
    object_type: 'document',
  }));
  const clients = await attackers(16, () => Attacker.let(t, server, office.token('mallory')));
  for (const client of clients) client.flood(subscription(objects), subscription(objects, 'cancel'));
  await isUnderWay(server, clients.length);
  await victim.isServed();
  for (const client of clients) client.raw.destroy();
  const left = () => metric(server, 'tutti_subscriptions');
  assert.ok(await eventually(async () => (await left()) === 1), 'they are left');
});
