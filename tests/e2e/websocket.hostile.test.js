'use strict';
// What clients do to a server that mean no good, or are badly broken: each costs a bounded amount, for
// a bounded time, and others hardly notice. (Slow readers: realtime.slow.test.js.)

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { after, before, test } = require('node:test');
const { eventually } = require('./support/eventually.js');
const { Connection, write } = require('./support/packets.js');
const prometheus = require('./support/prometheus.js');
const { below, randomOf, seed } = require('./support/random.js');
const { Office } = require('./support/sdk.js');
const { Server } = require('./support/server.js');
const {
  RawSocket,
  frame,
  BINARY,
  CONTINUATION,
  PING,
} = require('./support/websocket.js');

const INIT_TIMEOUT_MS = 2000;
const QUEUE_MAX = 65536;
const CONTROL_MAX = 127; // bytes of a control frame

let server;

before(async () => {
  const timeouts = ['--session-init-timeout-ms', '--idle-timeout-ms'];
  const args = timeouts.flatMap((name) => [name, `${INIT_TIMEOUT_MS}`]);
  server = await Server.start({ args: [...args, '--session-frames-max', '0'] });
});

after(() => server.destroy());

async function metric(name, of = server) {
  const { text } = await of.get('/metrics');
  return prometheus.total(prometheus.parse(text), new RegExp(`^${name}$`));
}

const descriptors = () => fs.readdirSync(`/proc/${server.child.pid}/fd`).length;

// Nothing is left of what a test did, once it is over.
async function isAsBefore(count) {
  assert.ok(await eventually(async () => (await metric('tutti_sessions')) === 0), 'no sessions');
  assert.ok(await eventually(() => descriptors() <= count), `${descriptors()} of ${count}`);
}

const packet = write({ method: 'ping', id: 'TM1' });
const ping = frame(BINARY, packet);

async function isServed() {
  const socket = await RawSocket.open(server);
  socket.write(ping);
  assert.equal((await socket.next()).opcode, BINARY);
  socket.destroy();
}

async function open(count) {
  const sockets = [];
  for (let n = 0; n < count; n++) sockets.push(await RawSocket.open(server));
  return sockets;
}

// --- those who never come in ---

const badInit = frame(BINARY, write({ method: 'init', id: 'TM1', token: 'x' }));
const more = { fin: false };

// What each sends first, and then again and again.
const STRANGERS = {
  'says nothing': ['', ''],
  'sends half a frame': [ping.subarray(0, 9), ''],
  'sends a frame byte by byte': [frame(BINARY, '', { length: 1000n }), 'x'],
  'sends fragments without end': [frame(BINARY, '', more), frame(CONTINUATION, '', more)],
  pings: [frame(PING, 'x'), frame(PING, 'x')],
  'pings in packets': [ping, ping],
  'shows no good token': [badInit, badInit],
};

test('whoever does not introduce himself is cut in time', { concurrency: true }, async (t) => {
  const count = descriptors();
  const cut = await metric('tutti_sessions_cut_total');
  const cases = Object.entries(STRANGERS).map(([what, [first, then]]) =>
    t.test(`who ${what}`, async () => {
      const socket = await RawSocket.open(server);
      socket.write(first);
      const again = setInterval(() => socket.write(then), INIT_TIMEOUT_MS / 20);
      await socket.over();
      clearInterval(again);
    }),
  );
  await Promise.all(cases);
  assert.equal(await metric('tutti_sessions_cut_total'), cut + cases.length);
  await isAsBefore(count);
});

test('thousands of connections that break off in their handshake keep nobody out', async () => {
  const count = descriptors();
  const request = 'GET /v3/wsconnect HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nSec-WebSo';
  const sockets = [];
  for (let n = 0; n < 3000; n++) {
    const socket = await RawSocket.connect(server);
    socket.write(request.slice(0, n % request.length));
    sockets.push(socket);
  }
  await isServed();
  await Promise.all(sockets.map((socket) => socket.over()));
  await isAsBefore(count);
});

test('thousands of sockets without an init keep nobody out', async () => {
  const count = descriptors();
  const sockets = await open(2000);
  await isServed();
  await Promise.all(sockets.map((socket) => socket.over()));
  await isAsBefore(count);
});

test('sockets that are reset in the middle of whatever leave nothing behind', async () => {
  const count = descriptors();
  for (const [n, socket] of (await open(300)).entries()) {
    socket.write(Buffer.concat([ping, ping.subarray(0, n % ping.length)]));
    socket.socket.resetAndDestroy();
  }
  await isAsBefore(count);
});

// --- floods ---

// A client that was let in, and means no good all the same.
async function openInside(calm) {
  const desk = await Office.open(calm);
  const socket = await RawSocket.open(calm);
  socket.write(frame(BINARY, write({ method: 'init', id: 'TM1', token: desk.token('mallory') })));
  assert.match((await socket.next()).payload.toString(), /"code":200/);
  return socket;
}

// So often, as fast as the server reads; nothing of what comes back is read.
async function flood(socket, bytes, times) {
  socket.pause();
  for (let n = 0; n < times; n++)
    await new Promise((resolve) => socket.socket.write(bytes, resolve));
}

test('a flood of pings that reads no pong makes no queue', async (t) => {
  const calm = await Server.startFor(t);
  const socket = await openInside(calm);
  const pings = Buffer.concat(Array(1000).fill(frame(PING, Buffer.alloc(125))));
  await flood(socket, pings, 300);
  assert.ok((await metric('tutti_websocket_queue_max_bytes', calm)) <= CONTROL_MAX);
  socket.write(frame(PING, 'the last'));
  socket.resume();
  let pong;
  do pong = await socket.next();
  while (pong && pong.payload.length === 125);
  assert.equal(pong?.payload.toString(), 'the last');
  socket.destroy();
});

test('a flood of packets that reads no answer is read from later, and answered all', async (t) => {
  const args = ['--session-queue-max', `${QUEUE_MAX}`, '--session-frames-max', '0'];
  const calm = await Server.startFor(t, { args });
  const socket = await openInside(calm);
  const long = frame(BINARY, write({ method: 'ping', id: 'x'.repeat(250) }));
  const flooded = flood(socket, Buffer.concat(Array(100).fill(long)), 300);
  const queued = () => metric('tutti_websocket_queue_max_bytes', calm);
  assert.ok(await eventually(async () => (await queued()) > QUEUE_MAX), 'it is not read from');
  assert.ok((await queued()) < QUEUE_MAX + 2 * long.length);
  socket.resume();
  await flooded;
  for (let n = 0; n < 30_000; n++) assert.equal((await socket.next()).opcode, BINARY);
  socket.destroy();
});

test('fragments of nothing without end cost nothing, and are a message in the end', async () => {
  const socket = await openInside(server);
  socket.write(frame(BINARY, packet, more));
  const nothing = Buffer.concat(Array(1000).fill(frame(CONTINUATION, '', more)));
  for (let n = 0; n < 100; n++) socket.write(nothing);
  socket.write(frame(CONTINUATION, ''));
  assert.equal((await socket.next()).opcode, BINARY);
  socket.destroy();
});

test(`noise ends the connection that it comes from, and nothing else (seed ${seed})`, async () => {
  const count = descriptors();
  const random = randomOf(seed);
  for (let round = 0; round < 200; round++) {
    const socket = await RawSocket.open(server);
    const noise = Buffer.from(Array.from({ length: below(random, 3000) }, () => below(random, 256)));
    socket.write(round % 2 ? Buffer.concat([ping, noise]) : noise);
    socket.end();
    await socket.over();
  }
  await isServed();
  await isAsBefore(count);
});

// --- limits of sessions ---

test('2,000 subscriptions are served, 50 more are refused, and the session goes on', async (t) => {
  const office = await Office.openFor(t, server);
  const connection = await Connection.start(server, office.token('alice'));
  const create = () => connection.http('POST', '/v3/Documents', { body: {} });
  const sids = [];
  while (sids.length < 2050) {
    const made = await Promise.all(Array.from({ length: 50 }, create));
    sids.push(...made.map(({ body }) => body.sid));
  }
  for (let at = 0; at < sids.length; at += 1000)
    await connection.subscribe(
      sids.slice(at, at + 1000).map((sid) => ({ object_sid: sid, object_type: 'document' })),
    );
  const told = (wanted) => connection.events().filter(([type]) => type === wanted);
  assert.ok(await eventually(() => told('subscription_established').length === 2000));
  assert.ok(await eventually(() => told('subscription_failed').length === 50));
  const failed = told('subscription_failed').map(([, { object_sid, error }]) => [object_sid, error.code]);
  assert.deepEqual(failed, sids.slice(2000).map((sid) => [sid, 51202]));
  assert.equal(await metric('tutti_subscriptions'), 2000);
  connection.close();
  assert.ok(await eventually(async () => (await metric('tutti_subscriptions')) === 0));
});
