'use strict';
// Strangers, who show no access token: what they can cost is small, and they keep nobody out.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { eventually } = require('./support/eventually.js');
const { Connection, write } = require('./support/packets.js');
const prometheus = require('./support/prometheus.js');
const { Office } = require('./support/sdk.js');
const { Server } = require('./support/server.js');
const { RawSocket, frame, deflate, BINARY, CLOSE, PING, RSV1 } = require('./support/websocket.js');

const PATIENT = ['--session-init-timeout-ms', '60000'];
const INIT_PACKET_MAX = 8192; // the default of init-packet-size-max
const DEFLATE = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
const STRANGER_SIZE_MAX = 128 * 1024; // sanitizers multiply it; without them it is 14 KB

async function metric(server, name) {
  const { text } = await server.get('/metrics');
  return prometheus.total(prometheus.parse(text), new RegExp(`^${name}$`));
}

async function open(server, count) {
  const sockets = [];
  for (let n = 0; n < count; n++) sockets.push(await RawSocket.open(server));
  return sockets;
}

// The code of the close frame that comes, now or later.
async function closeCode(socket) {
  for (;;) {
    const next = await socket.next();
    if (!next) return 'no close frame';
    if (next.opcode === CLOSE) return next.payload.readUInt16BE(0);
  }
}

const ping = frame(BINARY, write({ method: 'ping', id: 'TM1' }));

test('strangers take no place of a client, and the newest takes that of the oldest', async (t) => {
  const args = ['--threads', '1', '--sessions-max', '3', '--strangers-max', '8'];
  const server = await Server.startFor(t, { args: [...args, ...PATIENT] });
  const office = await Office.openFor(t, server);
  const strangers = await open(server, 50);
  await Promise.all(strangers.slice(0, 42).map((socket) => socket.over()));
  assert.ok(strangers.slice(-8).every(({ ended }) => !ended));
  assert.equal(await metric(server, 'tutti_strangers'), 8);
  assert.equal(await metric(server, 'tutti_strangers_displaced_total'), 42);
  const clients = [];
  for (const name of ['alice', 'bob'])
    clients.push(await Connection.start(server, office.token(name)));
  await open(server, 50);
  for (const client of clients)
    assert.equal((await client.http('GET', '/v3/Configuration')).status, 200);
  for (const client of clients) client.close();
});

test('a large message of a stranger is refused by its first bytes, deflated or not', async (t) => {
  const server = await Server.startFor(t, { args: PATIENT });
  const plain = await RawSocket.open(server);
  plain.write(frame(BINARY, '', { length: INIT_PACKET_MAX + 1 }));
  assert.equal(await closeCode(plain), 1009);
  const bomb = deflate(Buffer.alloc(200 * 1024, ' '));
  assert.ok(bomb.length < INIT_PACKET_MAX);
  const deflated = await RawSocket.open(server, { headers: DEFLATE });
  deflated.write(frame(BINARY, bomb, { reserved: RSV1 }));
  assert.equal(await closeCode(deflated), 1009);
});

test('a client may deflate its init, and send much when it was let in', async (t) => {
  const server = await Server.startFor(t);
  const office = await Office.openFor(t, server);
  const client = await Connection.start(server, office.token('alice'), {
    perMessageDeflate: { threshold: 0 },
  });
  assert.match(client.socket.extensions, /permessage-deflate/);
  const key = 'x'.repeat(100 * 1024);
  const { status } = await client.http('POST', '/v3/Documents', { body: { data: {}, key } });
  assert.equal(status, 201);
  client.close();
});

test('a token that just fits into an init is taken', async (t) => {
  const server = await Server.startFor(t);
  const office = await Office.openFor(t, server);
  const init = (padding) => ({
    method: 'init',
    id: 'TM1',
    token: office.token('alice'),
    metadata: { padding },
  });
  const rest = write(init('x'.repeat(5000))).length - 5000;
  for (const [over, wanted] of [[0, 200], [1, 1009]]) {
    const connection = await Connection.open(server);
    const closed = once(connection.socket, 'close');
    const padding = 'x'.repeat(INIT_PACKET_MAX - rest + over);
    const reply = connection.request(init(padding)).catch(() => null);
    const answer = await Promise.race([reply.then((it) => it?.header.status.code), closed]);
    assert.equal([answer].flat()[0] ?? (await closed)[0], wanted);
    connection.close();
  }
});

test('a stranger that does not come to the point is stopped', async (t) => {
  const server = await Server.startFor(t, { args: PATIENT });
  const flooder = await RawSocket.open(server);
  flooder.write(Buffer.concat(Array(1000).fill(frame(PING, Buffer.alloc(125)))));
  assert.equal(await closeCode(flooder), 1008);
  const talker = await RawSocket.open(server);
  talker.write(Buffer.concat(Array(100).fill(ping)));
  await talker.over();
  assert.equal(await metric(server, 'tutti_sessions_cut_total'), 1);
  const guesser = await RawSocket.open(server);
  const guess = frame(BINARY, write({ method: 'init', id: 'TM1', token: 'x' }));
  for (let n = 0; n < 4; n++) {
    guesser.write(guess);
    assert.match((await guesser.next()).payload.toString(), /20101/);
  }
  assert.equal(await metric(server, 'tutti_sessions_refused_total'), 4);
});

test('a stranger that reads no answer is not read from', async (t) => {
  const server = await Server.startFor(t, { args: PATIENT });
  const [socket] = await open(server, 1);
  socket.pause();
  const long = frame(BINARY, write({ method: 'ping', id: 'x'.repeat(250) }));
  socket.write(Buffer.concat(Array(30).fill(long)));
  assert.ok(await eventually(async () => (await metric(server, 'tutti_websocket_received_bytes_total')) > 0));
  assert.ok((await metric(server, 'tutti_websocket_queue_max_bytes')) < 2 * long.length);
});

// The most that one can have the server keep: a frame that is almost there.
test('what is kept for a stranger is small', async (t) => {
  const COUNT = 300;
  const server = await Server.startFor(t, { args: [...PATIENT, '--strangers-max', '1000'] });
  const half = frame(BINARY, Buffer.alloc(INIT_PACKET_MAX)).subarray(0, -1);
  const large = frame(BINARY, Buffer.alloc(256 * 1024)).subarray(0, -1);
  const [first] = await open(server, 1); // what is made once is there
  first.write(half);
  const received = () => metric(server, 'tutti_websocket_received_bytes_total');
  assert.ok(await eventually(async () => (await received()) >= half.length));
  const before = await metric(server, 'process_resident_memory_bytes');
  for (const socket of await open(server, COUNT)) socket.write(large);
  await eventually(async () => (await metric(server, 'tutti_strangers')) === 1);
  const sent = await received();
  for (const socket of await open(server, COUNT)) socket.write(half);
  assert.ok(await eventually(async () => (await received()) >= sent + COUNT * half.length));
  const grown = (await metric(server, 'process_resident_memory_bytes')) - before;
  assert.ok(grown / COUNT < STRANGER_SIZE_MAX, `${grown / COUNT} bytes each`);
});
