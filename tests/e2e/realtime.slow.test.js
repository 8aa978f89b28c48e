'use strict';
// Slow and hostile clients: they cost the others nothing, and lose nothing that can be kept.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, test } = require('node:test');
const prometheus = require('./support/prometheus.js');
const { Connection } = require('./support/packets.js');
const { Office } = require('./support/sdk.js');
const { Server } = require('./support/server.js');

const QUEUE_MAX = 65536;
const LARGE = 'x'.repeat(8000);

let server, office, writer;

before(async () => {
  server = await Server.start({
    args: ['--session-queue-max', String(QUEUE_MAX), '--session-frames-max', '50', '--compression', 'off'],
  });
  office = await Office.open(server);
  writer = office.rest.sync.v1.services('default');
});

after(() => server.destroy());

async function metric(name) {
  const { text } = await server.request('GET', '/metrics');
  return prometheus.total(prometheus.parse(text), new RegExp(`^${name}$`));
}

// Leaves what comes in the kernel, as a program that hangs does.
const pause = (connection) => connection.socket._socket.pause();
const resume = (connection) => connection.socket._socket.resume();

async function subscribeTo(sid, type, identity) {
  const connection = await Connection.start(server, office.token(identity));
  await connection.subscribe([{ object_sid: sid, object_type: type, last_event_id: null }]);
  await connection.event('subscription_established');
  return connection;
}

test('who does not read falls behind, is waited for by nobody, and gets it all later', async () => {
  const { sid } = await writer.syncLists.create({});
  const [slow, quick] = await Promise.all(
    ['slow', 'quick'].map((identity) => subscribeTo(sid, 'list', identity)),
  );
  const behind = await metric('tutti_subscriptions_behind_total');
  pause(slow);
  let count = 0;
  while ((await metric('tutti_subscriptions_behind_total')) === behind) {
    for (let n = 0; n < 50; n++, count++)
      await writer.syncLists(sid).syncListItems.create({ data: { count, LARGE } });
    assert.ok(count < 5000, 'it does not fall behind');
  }
  await quick.event('list_item_added', (event) => event.item_index === count - 1);
  const queued = await metric('tutti_websocket_queue_max_bytes');
  assert.ok(queued < 2 * QUEUE_MAX + 2 * LARGE.length, `${queued} bytes waited`);
  resume(slow);
  await slow.event('list_item_added', (event) => event.item_index === count - 1);
  const seen = slow.events().filter(([type]) => type === 'list_item_added');
  assert.deepEqual(seen.map(([, e]) => e.item_data.count), Array.from({ length: count }, (_, n) => n));
  slow.close();
  quick.close();
});

test('who never reads is cut', async (t) => {
  const strict = await Server.startFor(t, {
    args: ['--session-stall-ms', '500', '--document-size-max', '1M', '--body-size-max', '4M', '--compression', 'off'],
  });
  const desk = await Office.open(strict);
  const documents = desk.rest.sync.v1.services('default').documents;
  const { sid } = await documents.create({ data: {} });
  const dead = await Connection.start(strict, desk.token('dead'));
  await dead.subscribe([{ object_sid: sid, object_type: 'document', last_event_id: null }]);
  await dead.event('subscription_established');
  pause(dead);
  const cut = async () =>
    /^tutti_sessions_cut_total 1$/m.test((await strict.get('/metrics')).text);
  const huge = 'x'.repeat(500_000);
  for (let n = 0; !(await cut()); n++) {
    assert.ok(n < 1000, 'it is not cut');
    await documents(sid).update({ data: { n, huge } });
  }
  dead.close();
});

test('an event larger than the queue of a session comes all the same', async (t) => {
  const wide = await Server.startFor(t, {
    args: ['--session-queue-max', '64K', '--document-size-max', '1M', '--body-size-max', '4M'],
  });
  const desk = await Office.open(wide);
  const documents = desk.rest.sync.v1.services('default').documents;
  const { sid } = await documents.create({ data: {} });
  const reader = await Connection.start(wide, desk.token('reader'));
  await reader.subscribe([{ object_sid: sid, object_type: 'document', last_event_id: null }]);
  await reader.event('subscription_established');
  for (let n = 0; n < 3; n++) {
    await documents(sid).update({ data: { n, huge: 'x'.repeat(500_000) } });
    await reader.event('document_updated', (event) => event.document_data.n === n);
  }
  reader.close();
});

test('who sends more than it may is read from later, and is answered all', async () => {
  const connection = await Connection.start(server, office.token('hasty'));
  const started = process.hrtime.bigint();
  const answers = await Promise.all(
    Array.from({ length: 200 }, () => connection.http('GET', '/v3/Configuration')),
  );
  assert.ok(answers.every(({ status }) => status === 200));
  assert.ok(process.hrtime.bigint() - started > 1_500_000_000n, 'it was slowed down');
  connection.close();
});

test('a message that is too large ends the connection', async () => {
  const connection = await Connection.start(server, office.token('large'));
  const closed = once(connection.socket, 'close');
  connection.socket.send(Buffer.alloc(300_000));
  assert.equal((await closed)[0], 1009);
});

test('more clients than may be are refused with 503', async (t) => {
  const small = await Server.startFor(t, { args: ['--sessions-max', '2'] });
  const open = await Promise.all([0, 1].map(() => Connection.open(small)));
  const third = new Connection(small);
  const [, response] = await once(third.socket, 'unexpected-response');
  assert.equal(response.statusCode, 503);
  assert.equal(response.headers['retry-after'], '1');
  for (const connection of open) connection.close();
});
