'use strict';
// Slow and hostile clients: they cost the others nothing, and lose nothing that can be kept.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, test } = require('node:test');
const prometheus = require('./support/prometheus.js');
const { Connection, write } = require('./support/packets.js');
const { Office } = require('./support/sdk.js');
const { Server } = require('./support/server.js');

const QUEUE_MAX = 65536;
const LARGE = 'x'.repeat(8000);

let server, office, writer;

before(async () => {
  office = await Office.withServer({
    args: ['--session-queue-max', String(QUEUE_MAX), '--session-frames-max', '50', '--compression', 'off'],
  });
  server = office.server;
  writer = office.rest.sync.v1.services('default');
});

after(() => server.destroy());

async function metric(name) {
  const { text } = await server.request('GET', '/metrics');
  return prometheus.total(prometheus.parse(text), new RegExp(`^${name}$`));
}

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
  slow.pause();
  let count = 0;
  while ((await metric('tutti_subscriptions_behind_total')) === behind) {
    for (let n = 0; n < 50; n++, count++)
      await writer.syncLists(sid).syncListItems.create({ data: { count, LARGE } });
    assert.ok(count < 5000, 'it does not fall behind');
  }
  await quick.event('list_item_added', (event) => event.item_index === count - 1);
  const queued = await metric('tutti_websocket_queue_max_bytes');
  assert.ok(queued < 2 * QUEUE_MAX + 2 * LARGE.length, `${queued} bytes waited`);
  slow.resume();
  await slow.event('list_item_added', (event) => event.item_index === count - 1);
  const seen = slow.events().filter(([type]) => type === 'list_item_added');
  assert.deepEqual(seen.map(([, e]) => e.item_data.count), Array.from({ length: count }, (_, n) => n));
  slow.close();
  quick.close();
});

test('a reader that keeps up gets every state, however many come within a window', async (t) => {
  const busy = await Server.startFor(t, {
    args: ['--session-frames-max', '0', '--session-requests-max', '1000', '--session-queue-max', '64K'],
  });
  const desk = await Office.open(busy);
  const documents = desk.rest.sync.v1.services('default').documents;
  const { sid } = await documents.create({ data: {} });
  const reader = await Connection.start(busy, desk.token('reader'));
  await reader.subscribe([{ object_sid: sid, object_type: 'document', last_event_id: null }]);
  await reader.event('subscription_established');
  const author = await Connection.start(busy, desk.token('author'));
  const set = (n) => author.http('POST', `/v3/Documents/${sid}`, { body: { data: { n, LARGE } } });
  await Promise.all(Array.from({ length: 400 }, (_, n) => set(n)));
  await reader.event('document_updated', (event) => event.document_data.n === 399);
  const seen = reader.events().filter(([type]) => type === 'document_updated');
  assert.equal(seen.length, 400);
  author.close();
  reader.close();
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
  dead.pause();
  const cut = async () =>
    /^tutti_sessions_cut_total 1$/m.test((await strict.get('/metrics')).text);
  const huge = 'x'.repeat(500_000);
  for (let n = 0; !(await cut()); n++) {
    assert.ok(n < 1000, 'it is not cut');
    await documents(sid).update({ data: { n, huge } });
  }
  dead.close();
});

// A byte now and then kept a queue for as long as one liked.
test('who takes a little now and then is cut, who takes what waits in time is not', async (t) => {
  const TICK_MS = 50;
  const strict = await Server.startFor(t, {
    args: [
      ...['--session-stall-ms', '3000', '--session-rate-min', '100M', '--session-queue-max', '16M'],
      ...['--document-size-max', '1M', '--body-size-max', '4M', '--compression', 'off'],
    ],
  });
  const desk = await Office.open(strict);
  const documents = desk.rest.sync.v1.services('default').documents;
  const { sid } = await documents.create({ data: {} });
  const [slow, quick] = await Promise.all(
    ['slow', 'quick'].map((identity) => Connection.start(strict, desk.token(identity))),
  );
  for (const connection of [slow, quick]) {
    await connection.subscribe([{ object_sid: sid, object_type: 'document', last_event_id: null }]);
    await connection.event('subscription_established');
  }
  slow.pause();
  const sips = setInterval(() => {
    slow.socket._socket.once('data', () => slow.pause()); // 64 KiB at most
    slow.resume();
  }, TICK_MS);
  t.after(() => clearInterval(sips));
  const cut = async () => /^tutti_sessions_cut_total 1$/m.test((await strict.get('/metrics')).text);
  const huge = 'x'.repeat(500_000);
  let n = 0;
  for (; !(await cut()); n++) {
    assert.ok(n < 1000, 'it is not cut');
    await documents(sid).update({ data: { n, huge } });
    await quick.event('document_updated', (event) => event.document_data.n === n);
    quick.received.length = 0;
  }
  assert.equal((await quick.http('GET', '/v3/Configuration')).status, 200);
  slow.close();
  quick.close();
});

test('many who do not read cost no memory, and nobody waits for them', async (t) => {
  const SLOW = 20;
  const LIMIT = 64 * 1024 * 1024;
  const SIZE = 100_000;
  const ROUNDS = 150; // times SLOW: 300 MB, were it all to wait in memory
  const roomy = await Server.startFor(t, {
    args: [
      ...['--session-queue-max', String(QUEUE_MAX), '--document-size-max', '1M'],
      ...['--body-size-max', '4M', '--cache-size-max', '4M', '--compression', 'off'],
    ],
    env: { ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=1` },
  });
  const desk = await Office.open(roomy);
  const rest = desk.rest.sync.v1.services('default');
  const { sid } = await rest.documents.create({ data: {} });
  const connections = await Promise.all(
    Array.from({ length: SLOW + 1 }, (_, i) => Connection.start(roomy, desk.token(`reader-${i}`))),
  );
  t.after(() => connections.forEach((connection) => connection.close()));
  for (const connection of connections) {
    await connection.subscribe([{ object_sid: sid, object_type: 'document', last_event_id: null }]);
    await connection.event('subscription_established');
  }
  const [quick, ...slow] = connections;
  const resident = async () =>
    Number(/^process_resident_memory_bytes (\S+)$/m.exec((await roomy.get('/metrics')).text)[1]);
  const before = await resident();
  for (const connection of slow) connection.pause();
  let most = before;
  const text = 'x'.repeat(SIZE);
  for (let n = 1; n <= ROUNDS; n++) {
    await rest.documents(sid).update({ data: { n, text } });
    await quick.event('document_updated', (event) => event.document_data.n === n);
    quick.received.length = 0;
    if (n % 10 === 0) most = Math.max(most, await resident());
  }
  assert.ok(most - before < LIMIT, `${most - before} bytes more`);
  const { text: metrics } = await roomy.get('/metrics');
  const [, behind] = /^tutti_subscriptions_behind_total (\d+)$/m.exec(metrics);
  assert.ok(Number(behind) >= SLOW, `${behind} fell behind`);
  t.diagnostic(`${most - before} bytes more`);
  for (const connection of slow) {
    connection.resume();
    await connection.event('document_updated', (event) => event.document_data.n === ROUNDS);
    const states = connection
      .events()
      .filter(([type]) => type === 'document_updated')
      .map(([, event]) => event.document_data.n);
    assert.deepEqual(states, [...new Set(states)].sort((a, b) => a - b));
    connection.close();
  }
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

test('who sends more bytes than it may, however well deflated, is read from later', async (t) => {
  const args = ['--session-bytes-max', '1M', '--session-frames-max', '0'];
  const strict = await Server.startFor(t, { args });
  const connection = await Connection.start(strict, (await Office.open(strict)).token('wordy'));
  const started = process.hrtime.bigint();
  const answers = Array.from({ length: 16 }, () =>
    connection.request({ method: 'ping' }, JSON.stringify('x'.repeat(250_000))),
  );
  for (const { header } of await Promise.all(answers)) assert.equal(header.status.code, 200);
  assert.ok(process.hrtime.bigint() - started > 1_500_000_000n, 'it was slowed down');
  const { text } = await strict.get('/metrics');
  const received = prometheus.total(prometheus.parse(text), /^tutti_websocket_received_bytes_total$/);
  assert.ok(received < 250_000, 'they were deflated');
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
  const desk = await Office.open(small);
  const late = await Connection.open(small); // before there are too many
  const open = await Promise.all(['a', 'b'].map((name) => Connection.start(small, desk.token(name))));
  const { header, payload } = await late.request({ method: 'init', token: desk.token('c') });
  assert.equal(header.status.code, 503);
  assert.ok(payload.backoff_policy.reconnect_min_ms > 0);
  const third = new Connection(small);
  const [, response] = await once(third.socket, 'unexpected-response');
  assert.equal(response.statusCode, 503);
  assert.equal(response.headers['retry-after'], '1');
  for (const connection of [late, ...open]) connection.close();
});

test('a packet just within the limit is taken, one byte more ends the connection', async (t) => {
  const SIZE = 4096;
  const narrow = await Server.startFor(t, { args: ['--packet-size-max', String(SIZE)] });
  const desk = await Office.open(narrow);
  const connection = await Connection.start(narrow, desk.token('alice'));
  const ping = (length) => write({ method: 'ping', id: 'TM-padded' }, JSON.stringify('x'.repeat(length)));
  const rest = ping(1000).length - 1000; // as many digits in payload_size
  const padded = (size) => ping(size - rest);
  assert.equal(padded(SIZE).length, SIZE);
  connection.socket.send(padded(SIZE));
  assert.equal((await connection.http('GET', '/v3/Configuration')).status, 200);
  const closed = once(connection.socket, 'close');
  connection.socket.send(padded(SIZE + 1));
  assert.equal((await closed)[0], 1009);
  assert.equal((await narrow.get('/healthz')).status, 200);
});

test('a cancelled subscription makes room for another', async (t) => {
  const small = await Server.startFor(t, { args: ['--session-subscriptions-max', '1'] });
  const desk = await Office.open(small);
  const connection = await Connection.start(small, desk.token('alice'));
  t.after(() => connection.close());
  const make = async () => (await connection.http('POST', '/v3/Documents', { body: {} })).body.sid;
  const [first, second] = [await make(), await make()];
  const ask = (sid, action) =>
    connection.subscribe([{ object_sid: sid, object_type: 'document' }], { action });
  const isSecond = (event) => event.object_sid === second;
  await ask(first);
  await ask(second);
  const [, { error }] = await connection.event('subscription_failed', isSecond);
  assert.equal(error.status, 429);
  await ask(first, 'cancel');
  await ask(second);
  await connection.event('subscription_established', isSecond);
});

test('whoever only opens a connection, or shows a bad token, is cut at the deadline', async (t) => {
  const hasty = await Server.startFor(t, { args: ['--session-init-timeout-ms', '200'] });
  const silent = await Connection.open(hasty);
  const wrong = await Connection.open(hasty);
  const closed = [silent, wrong].map(({ socket }) => once(socket, 'close'));
  const { header } = await wrong.request({ method: 'init', token: 'garbage' });
  assert.equal(header.status.code, 401);
  await Promise.all(closed);
  const good = await Connection.start(hasty, (await Office.open(hasty)).token('alice'));
  t.after(() => good.close());
  const another = await Connection.open(hasty);
  await once(another.socket, 'close');
  assert.equal((await good.http('GET', '/v3/Configuration')).status, 200);
});
