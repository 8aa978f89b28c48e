'use strict';
// RFC 6455 and RFC 7692, rule by rule, by a client that can break them.

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const { after, before, test } = require('node:test');
const zlib = require('node:zlib');
const { RawSocket, frame, TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG } = require('./support/websocket.js');
const { parse, write } = require('./support/packets.js');
const { Server } = require('./support/server.js');

let server;
before(async () => (server = await Server.start({ args: ['--packet-size-max', '8K'] })));
after(() => server.destroy());

const ping = write({ method: 'ping', id: 'TM1' });

// Sends, and says what came back: the code of a close frame, or the method of a packet.
async function outcome(frames, options) {
  const socket = await RawSocket.open(server, options);
  socket.write(Buffer.concat([frames].flat()));
  const answer = await socket.next(options?.ignoring);
  socket.destroy();
  if (!answer) return 'end';
  if (answer.opcode === CLOSE) return answer.payload.length ? answer.payload.readUInt16BE() : 1005;
  return answer.opcode === BINARY ? parse(answer.payload).header.method : answer.opcode;
}

const closeWith = (code, reason = '') => {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return frame(CLOSE, Buffer.concat([payload, Buffer.from(reason)]));
};

const deflate = (bytes) =>
  zlib.deflateRawSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, -4);

const DEFLATE = { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } };
const half = ping.length >> 1;

for (const [section, what, frames, wanted, options] of [
  ['5.2', 'a message is answered', frame(BINARY, ping), 'reply'],
  ['5.6', 'text will do as well', frame(TEXT, ping), 'reply'],
  ['5.1', 'a frame that is not masked', frame(BINARY, ping, { mask: null }), 1002],
  ['5.2', 'a reserved bit', frame(BINARY, ping, { reserved: 2 }), 1002],
  ['5.2', 'RSV1 without an agreement', frame(BINARY, ping, { reserved: 4 }), 1002],
  ['5.2', 'a reserved opcode', frame(3, ping), 1002],
  ['5.2', 'a reserved control opcode', frame(11, ''), 1002],
  ['5.2', 'a length that is not in its shortest form', frame(BINARY, 'x', { form: 126 }), 1002],
  ['5.2', 'a length of 64 bits with the top one set', frame(BINARY, '', { length: 1n << 63n }), 1002],
  [
    '5.4',
    'a message in fragments',
    [frame(BINARY, ping.subarray(0, half), { fin: false }), frame(CONTINUATION, ping.subarray(half))],
    'reply',
  ],
  [
    '5.4',
    'fragments of nothing',
    [
      frame(BINARY, '', { fin: false }),
      frame(CONTINUATION, '', { fin: false }),
      frame(CONTINUATION, ping),
    ],
    'reply',
  ],
  ['5.4', 'a continuation of nothing', frame(CONTINUATION, ping), 1002],
  ['5.4', 'a message within another', [frame(TEXT, 'a', { fin: false }), frame(TEXT, 'b')], 1002],
  ['5.5', 'a long control frame', frame(PING, Buffer.alloc(126)), 1002],
  ['5.5', 'a control frame in fragments', frame(PING, 'x', { fin: false }), 1002],
  ['5.5.1', 'a close frame is answered in kind', closeWith(1000, 'bye'), 1000],
  ['5.5.1', 'one without a code, too', frame(CLOSE, ''), 1005],
  ['5.5.1', 'one with half a code', frame(CLOSE, 'x'), 1002],
  ['7.4.1', 'a code that is never sent', closeWith(1006), 1002],
  ['7.4.2', 'a code of nobody', closeWith(2999), 1002],
  ['7.4.2', 'a code of an application', closeWith(4000), 4000],
  ['5.5.1', 'a reason that is not UTF-8', frame(CLOSE, Buffer.from([3, 232, 255])), 1007],
  ['5.5.1', 'what follows a close frame', [closeWith(1001), frame(PING, 'x')], 1001],
  ['8.1', 'text that is not UTF-8', frame(TEXT, Buffer.from([0xc3, 0x28])), 1007],
  ['8.1', 'text cut within a character', frame(TEXT, Buffer.from([0xe2, 0x82])), 1007],
  ['7.4.1', 'more than a message may have', frame(BINARY, Buffer.alloc(9000)), 1009],
  ['7.4.1', 'such a length alone', frame(BINARY, '', { length: 1n << 40n }), 1009],
  [
    '7.4.1',
    'more in fragments',
    [
      frame(BINARY, Buffer.alloc(5000), { fin: false }),
      frame(CONTINUATION, Buffer.alloc(5000)),
    ],
    1009,
  ],
  ['7692 7.2.2', 'a deflated message', frame(BINARY, deflate(ping), { reserved: 4 }), 'reply', DEFLATE],
  ['7692 7.2.2', 'a plain one all the same', frame(BINARY, ping), 'reply', DEFLATE],
  [
    '7692 7.2.2',
    'a deflated one in fragments',
    [
      frame(BINARY, deflate(ping).subarray(0, 9), { reserved: 4, fin: false }),
      frame(CONTINUATION, deflate(ping).subarray(9)),
    ],
    'reply',
    DEFLATE,
  ],
  ['7692 6.1', 'RSV1 on a continuation', [
    frame(BINARY, 'x', { fin: false }), frame(CONTINUATION, 'y', { reserved: 4 })], 1002, DEFLATE],
  ['7692 6.1', 'RSV1 on a control frame', frame(PING, '', { reserved: 4 }), 1002, DEFLATE],
  ['7692 7.2.2', 'what is not deflated', frame(BINARY, Buffer.alloc(9, 255), { reserved: 4 }), 1007, DEFLATE],
  ['7692 8', 'a bomb', frame(BINARY, deflate(Buffer.alloc(10 << 20)).subarray(0, 8000), { reserved: 4 }), 1009, DEFLATE],
])
  test(`${section}: ${what}: ${wanted}`, async () => {
    assert.equal(await outcome(frames, options), wanted);
  });

test('5.5.2: a ping is answered with its payload, also within a message', async () => {
  const socket = await RawSocket.open(server);
  const payload = randomBytes(125);
  socket.write(frame(BINARY, ping.subarray(0, half), { fin: false }));
  socket.write(frame(PING, payload));
  const pong = await socket.next();
  assert.deepEqual([pong.opcode, pong.payload], [PONG, payload]);
  socket.write(frame(CONTINUATION, ping.subarray(half)));
  assert.equal((await socket.next()).opcode, BINARY);
  socket.destroy();
});

test('5.5.3: pongs that nobody asked for are borne', async () => {
  assert.equal(await outcome([frame(PONG, 'x'), frame(PONG, ''), frame(BINARY, ping)]), 'reply');
});

test('5.2: bytes may come one by one', async () => {
  const socket = await RawSocket.open(server);
  for (const byte of frame(BINARY, ping)) socket.write(Buffer.from([byte]));
  assert.equal((await socket.next()).opcode, BINARY);
  socket.destroy();
});

test('5.2: many messages may come at once, behind the handshake even', async () => {
  const socket = await RawSocket.open(server, { early: Buffer.concat([1, 2, 3].map(() => frame(BINARY, ping))) });
  for (let n = 0; n < 3; n++) assert.equal((await socket.next()).opcode, BINARY);
  socket.destroy();
});

test('7.1.1: after the closing handshake the server ends the connection', async () => {
  const socket = await RawSocket.open(server);
  socket.write(closeWith(1000));
  assert.equal((await socket.next()).opcode, CLOSE);
  assert.equal(await socket.next(), null);
});

const GOOD = {
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

for (const [what, headers, status] of [
  ['the example of section 1.3', {}, 101],
  ['other letters, more tokens', { Upgrade: 'h2c, WebSocket', Connection: 'keep-alive, UPGRADE' }, 101],
  ['no Upgrade', { Upgrade: undefined }, 400],
  ['no Connection', { Connection: 'keep-alive' }, 400],
  ['no key', { 'Sec-WebSocket-Key': undefined }, 400],
  ['a short key', { 'Sec-WebSocket-Key': 'c2hvcnQ=' }, 400],
  ['another version', { 'Sec-WebSocket-Version': '8' }, 426],
])
  test(`4.2: a handshake with ${what}: ${status}`, async () => {
    const reply = await RawSocket.handshake(server, { ...GOOD, ...headers });
    assert.equal(reply.status, status);
    if (status === 101) assert.equal(reply.headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    if (status === 426) assert.equal(reply.headers['sec-websocket-version'], '13');
  });

for (const [offer, good] of [
  ['permessage-deflate', true],
  ['permessage-deflate; client_max_window_bits', true],
  ['permessage-deflate; client_max_window_bits=10; server_no_context_takeover', true],
  ['permessage-deflate; server_max_window_bits=15', true],
  ['permessage-deflate; server_max_window_bits=10', false],
  ['permessage-deflate; server_max_window_bits=10, permessage-deflate', true],
  ['permessage-deflate; client_no_context_takeover; client_no_context_takeover', false],
  ['permessage-deflate; client_max_window_bits=16', false],
  ['permessage-deflate; something', false],
  ['x-webkit-deflate-frame', false],
])
  test(`7692 7.1: ${offer} is ${good ? 'agreed to' : 'declined'}`, async () => {
    const headers = { ...GOOD, 'Sec-WebSocket-Extensions': offer };
    const reply = await RawSocket.handshake(server, headers);
    assert.equal(reply.status, 101);
    const wanted = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
    assert.equal(reply.headers['sec-websocket-extensions'], good ? wanted : undefined);
  });

test('with `compression` off every offer is declined', async (t) => {
  const plain = await Server.startFor(t, { args: ['--compression', 'off'] });
  const headers = { ...GOOD, 'Sec-WebSocket-Extensions': 'permessage-deflate' };
  const reply = await RawSocket.handshake(plain, headers);
  assert.equal(reply.headers['sec-websocket-extensions'], undefined);
});

test('connections that come and go leave nothing behind', async () => {
  for (let round = 0; round < 10; round++) {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => RawSocket.open(server)));
    for (const socket of sockets) socket.destroy();
  }
  const { text } = await server.get('/metrics');
  assert.ok(Number(/^tutti_sessions_total (\d+)/m.exec(text)[1]) >= 500);
});
