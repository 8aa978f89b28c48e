'use strict';
// RFC 6455 and RFC 7692, rule by rule, by a client that can break them. The numbers are sections of
// the former, unless the latter is named.

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const { after, before, test } = require('node:test');
const { eventually } = require('./support/eventually.js');
const { parse, write } = require('./support/packets.js');
const { Office } = require('./support/sdk.js');
const { Server } = require('./support/server.js');
const {
  RawSocket,
  frame,
  fragments,
  close,
  deflate,
  inflate,
  CONTINUATION,
  TEXT,
  BINARY,
  CLOSE,
  PING,
  PONG,
  RSV1,
  TAIL,
} = require('./support/websocket.js');

const MESSAGE_MAX = 8192;
const DEFLATE = { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } };

let server;
before(async () => (server = await Server.start({ args: ['--packet-size-max', `${MESSAGE_MAX}`] })));
after(() => server.destroy());

const ping = write({ method: 'ping', id: 'TM1' });
const half = ping.length >> 1;
const accent = write({ method: 'ping', id: 'TMé' });
const within = accent.indexOf(Buffer.from('é')) + 1;

// A packet of so many bytes. Its first line says how long it is, and may be longer for that.
function sized(size) {
  const padded = (count) => write({ method: 'ping', id: 'TM1', pad: 'x'.repeat(count) });
  const room = size - padded(0).length;
  const packet = padded(room - (padded(room).length - size));
  assert.equal(packet.length, size);
  return packet;
}

// The first fragment of a message that goes on.
const open = (opcode) => frame(opcode, 'a', { fin: false });

// What a frame of the server's says: the code of a close frame, the method of a packet, the opcode.
function sense({ opcode, payload }) {
  if (opcode === CLOSE) return payload.length ? payload.readUInt16BE() : 'no code';
  return opcode === BINARY ? parse(payload).header.method : opcode;
}

// Sends, and says what came back first.
async function outcome(frames, options) {
  const socket = await RawSocket.open(server, options);
  socket.write(Buffer.concat([frames].flat()));
  const answer = await socket.next();
  socket.destroy();
  return answer ? sense(answer) : 'end';
}

const rules = (rows) =>
  rows.forEach(([section, what, frames, wanted, options]) =>
    test(`${section}: ${what}: ${wanted}`, async () => {
      assert.equal(await outcome(frames, options), wanted);
    }),
  );

// --- the opening handshake ---

for (const [what, request, status] of [
  ['the example of section 1.3', {}, 101],
  ['other letters, more tokens', { Upgrade: 'h2c, WebSocket', Connection: 'keep-alive, UPGRADE' }, 101],
  ['an Origin and credentials', { Origin: 'http://a', Authorization: 'Basic x' }, 101],
  ['subprotocols, of which none is chosen', { 'Sec-WebSocket-Protocol': 'chat, twilsock' }, 101],
  ['no Upgrade', { Upgrade: undefined }, 400],
  ['another Upgrade', { Upgrade: 'websockets' }, 400],
  ['no Connection', { Connection: undefined }, 400],
  ['a Connection without Upgrade', { Connection: 'keep-alive' }, 400],
  ['no key', { 'Sec-WebSocket-Key': undefined }, 400],
  ['a short key', { 'Sec-WebSocket-Key': 'c2hvcnQ=' }, 400],
  ['a long key', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZXh4' }, 400],
  ['a key that is not base64', { 'Sec-WebSocket-Key': '!GhlIHNhbXBsZSBub25jZQ==' }, 400],
  ['a body of no bytes', { 'Content-Length': '0' }, 101],
  ['no version', { 'Sec-WebSocket-Version': undefined }, 426],
  ['an older version', { 'Sec-WebSocket-Version': '8' }, 426],
  ['several versions', { 'Sec-WebSocket-Version': '13, 8' }, 426],
])
  test(`4.2: a handshake with ${what}: ${status}`, async () => {
    const reply = await RawSocket.handshake(server, { headers: request });
    assert.equal(reply.status, status);
    if (status === 426) assert.equal(reply.headers['sec-websocket-version'], '13');
    if (status !== 101) return;
    assert.equal(reply.headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    assert.equal(reply.headers['sec-websocket-protocol'], undefined);
    assert.match(reply.headers.upgrade, /^websocket$/i);
    assert.match(reply.headers.connection, /^upgrade$/i);
  });

for (const [what, request] of [
  ['POST', { method: 'POST' }],
  ['HEAD', { method: 'HEAD' }],
  ['HTTP/1.0', { version: 'HTTP/1.0' }],
  ['another path', { path: '/v3/wsconnect/' }],
  ['a body', { headers: { 'Content-Length': '2' }, early: Buffer.from('hi') }],
])
  test(`4.2.1: ${what} opens no WebSocket`, async () => {
    const { status } = await RawSocket.handshake(server, request);
    assert.ok(status >= 400 && status < 500, `${status}`);
  });

test('4.2.1: a handshake may come byte by byte, and its path have a query', async () => {
  const socket = await RawSocket.connect(server);
  const write = socket.write.bind(socket);
  socket.write = (bytes) => bytes.forEach((byte) => write(Buffer.from([byte])));
  assert.equal((await socket.shake({ path: '/v3/wsconnect?a=b' })).status, 101);
  socket.destroy();
});

test('4.2.2: frames may come right behind the handshake', async () => {
  const early = Buffer.concat([frame(BINARY, ping), frame(PING, 'x'), frame(BINARY, ping)]);
  const socket = await RawSocket.open(server, { early });
  const answers = [await socket.next(), await socket.next(), await socket.next()];
  assert.deepEqual(answers.map(sense).sort(), [PONG, 'reply', 'reply']);
  socket.destroy();
});

test('4.2.2: what is no frame behind the handshake: 1002', async () => {
  const socket = await RawSocket.open(server, { early: Buffer.from('GET / HTTP/1.1\r\n\r\n') });
  assert.equal(sense(await socket.next()), 1002);
  assert.equal(await socket.next(), null);
});

// --- frames ---

rules([
  ['5.1', 'a frame that is not masked', frame(BINARY, ping, { mask: null }), 1002],
  ['5.1', 'a control frame that is not masked', frame(PING, '', { mask: null }), 1002],
  ['5.3', 'any mask', frame(BINARY, ping, { mask: randomBytes(4) }), 'reply'],
  ['5.3', 'a mask of zeros', frame(BINARY, ping, { mask: Buffer.alloc(4) }), 'reply'],
  ['5.2', 'RSV1 without an agreement', frame(BINARY, ping, { reserved: 4 }), 1002],
  ['5.2', 'RSV2', frame(BINARY, ping, { reserved: 2 }), 1002],
  ['5.2', 'RSV3', frame(BINARY, ping, { reserved: 1 }), 1002],
  ['5.2', 'RSV2, deflate agreed on', frame(BINARY, ping, { reserved: 2 }), 1002, DEFLATE],
  ...[3, 4, 5, 6, 7].map((opcode) => ['5.2', `opcode ${opcode}`, frame(opcode, ping), 1002]),
  ...[11, 12, 13, 14, 15].map((opcode) => ['5.2', `opcode ${opcode}`, frame(opcode, ''), 1002]),
  ['5.2', 'a length of 16 bits that 7 would do for', frame(BINARY, 'x', { form: 126 }), 1002],
  ['5.2', 'a length of 64 bits that 7 would do for', frame(BINARY, 'x', { form: 127 }), 1002],
  ['5.2', 'one that 16 would do for', frame(BINARY, Buffer.alloc(126), { form: 127 }), 1002],
  ['5.2', 'a length with its top bit set', frame(BINARY, '', { length: 1n << 63n }), 1002],
  ['5.2', 'a message of 126 bytes', frame(BINARY, sized(126)), 'reply'],
  ['5.6', 'text will do as well', frame(TEXT, ping), 'reply'],
]);

test('5.2: a message may come byte by byte', async () => {
  const socket = await RawSocket.open(server);
  for (const byte of frame(BINARY, sized(300))) socket.write(Buffer.from([byte]));
  assert.equal(sense(await socket.next()), 'reply');
  socket.destroy();
});

test('5.2: many messages may come at once', async () => {
  const socket = await RawSocket.open(server);
  socket.write(Buffer.concat(Array(30).fill(frame(BINARY, ping))));
  for (let n = 0; n < 30; n++) assert.equal(sense(await socket.next()), 'reply');
  socket.destroy();
});

test('5.1: the frames of the server are not masked, nor does it reserve bits', async () => {
  const socket = await RawSocket.open(server);
  socket.write(frame(BINARY, ping));
  await socket.find(() => socket.bytes.length > 2);
  assert.deepEqual([socket.bytes[0], socket.bytes[1] & 0x80], [0x82, 0]);
  socket.destroy();
});

// --- fragments ---

rules([
  ['5.4', 'a message in two fragments', fragments(BINARY, ping, [half]), 'reply'],
  ['5.4', 'a byte in each', fragments(BINARY, ping, [...ping.keys()].slice(1)), 'reply'],
  ['5.4', 'fragments of nothing', fragments(BINARY, ping, [0, 0, half, half]), 'reply'],
  ['5.4', 'a continuation of nothing', frame(CONTINUATION, ping), 1002],
  ['5.4', 'a message within another', [open(TEXT), frame(TEXT, 'b')], 1002],
  ['5.4', 'the beginning of one within another', [open(BINARY), open(BINARY)], 1002],
]);

test('5.4: what continues a message that has ended: 1002', async () => {
  const socket = await RawSocket.open(server);
  socket.write(Buffer.concat([...fragments(BINARY, ping, [half]), frame(CONTINUATION, '')]));
  assert.equal(sense(await socket.next()), 'reply');
  assert.equal(sense(await socket.next()), 1002);
  socket.destroy();
});

test('5.4: control frames may stand between fragments', async () => {
  const socket = await RawSocket.open(server);
  const payload = randomBytes(125);
  const [first, last] = fragments(BINARY, ping, [half]);
  socket.write(Buffer.concat([first, frame(PONG, 'x'), frame(PING, payload)]));
  const pong = await socket.next();
  assert.deepEqual([pong.opcode, pong.payload], [PONG, payload]);
  socket.write(last);
  assert.equal(sense(await socket.next()), 'reply');
  socket.destroy();
});

rules([
  ['5.5', 'a control frame of 126 bytes', frame(PING, Buffer.alloc(126)), 1002],
  ['5.5', 'a control frame in fragments', frame(PING, 'x', { fin: false }), 1002],
  ['5.5', 'a close frame of 126 bytes', close(1000, 'x'.repeat(124)), 1002],
  ['5.4', 'a close frame between fragments', [open(BINARY), close(1000)], 1000],
]);

// --- ping and pong ---

for (const size of [0, 1, 125])
  test(`5.5.2: a ping is answered with its ${size} bytes`, async () => {
    const socket = await RawSocket.open(server);
    const payload = randomBytes(size);
    socket.write(frame(PING, payload));
    const pong = await socket.next();
    assert.deepEqual([pong.opcode, pong.payload], [PONG, payload]);
    socket.destroy();
  });

test('5.5.3: of many pings the last one is answered', async () => {
  const socket = await RawSocket.open(server);
  for (let n = 0; n <= 1000; n++) socket.write(frame(PING, `${n}`));
  let pong;
  do pong = await socket.next();
  while (pong && pong.payload.toString() !== '1000');
  assert.equal(pong?.opcode, PONG);
  socket.destroy();
});

rules([['5.5.3', 'pongs that nobody asked for', [frame(PONG, 'x'), frame(BINARY, ping)], 'reply']]);

// --- closing ---

rules([
  ['5.5.1', 'a close frame without a code', close(), 'no code'],
  ['5.5.1', 'one with half a code', frame(CLOSE, 'x'), 1002],
  ['5.5.1', 'half a code before its other half', [frame(CLOSE, [3]), Buffer.from([232])], 1002],
  ['5.5.1', 'one with a reason', close(1000, 'bye'), 1000],
  ['5.5.1', 'one with the longest reason', close(1000, 'é'.repeat(61)), 1000],
  ['5.5.1', 'a reason that is not UTF-8', close(1000, Buffer.from([255])), 1007],
  ['5.5.1', 'a reason cut within a character', close(1000, Buffer.from([0xe2, 0x82])), 1007],
  ['5.5.1', 'what follows it is nothing', [close(1001), frame(PING, 'x'), frame(BINARY, ping)], 1001],
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999].map((code) =>
    ['7.4', `code ${code}`, close(code), code]),
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535].map((code) =>
    ['7.4', `code ${code}, which is never sent`, close(code), 1002]),
]);

test('7.1.1: after the closing handshake the server ends the connection', async () => {
  const socket = await RawSocket.open(server);
  socket.write(close(1000));
  assert.equal(sense(await socket.next()), 1000);
  assert.equal(await socket.next(), null);
});

test('7.1.1: when the server begins it, it waits for the answer, though not for ever', async () => {
  for (const answer of [close(1001), Buffer.alloc(0)]) {
    const socket = await RawSocket.open(server);
    socket.write(frame(BINARY, 'no packet'));
    assert.equal(sense(await socket.next()), 'close');
    assert.equal(sense(await socket.next()), 1001);
    socket.write(Buffer.concat([frame(PING, 'x'), frame(BINARY, ping), answer]));
    assert.equal(await socket.next(), null);
  }
});

test('7.1.7: after a breach nothing more is read, and the connection ends', async () => {
  const socket = await RawSocket.open(server);
  socket.write(Buffer.concat([frame(3, ''), frame(PING, 'x'), randomBytes(100_000)]));
  assert.equal(sense(await socket.next()), 1002);
  assert.equal(await socket.next(), null);
});

test('7.1.5: who just hangs up is let go, at whatever point', async () => {
  const whole = frame(BINARY, ping);
  for (const size of [0, 1, 5, whole.length - 1, whole.length]) {
    const socket = await RawSocket.open(server);
    socket.write(whole.subarray(0, size));
    socket.end();
    await socket.over();
  }
});

// --- what messages may hold ---

const INVALID = {
  'a byte that has no place in it': [0xff],
  'an overlong character': [0xc0, 0x80],
  'a surrogate': [0xed, 0xa0, 0x80],
  'a character above U+10FFFF': [0xf4, 0x90, 0x80, 0x80],
  'a lone continuation': [0x80],
  'half a character': [0xe2, 0x82],
};

rules([
  ['8.1', 'text in fragments that end within a character', fragments(TEXT, accent, [within]), 'reply'],
  ...Object.entries(INVALID).flatMap(([what, bytes]) => [
    ['8.1', `text with ${what}`, frame(TEXT, Buffer.from(bytes)), 1007],
    ['8.1', `text with ${what}, in fragments`, fragments(TEXT, Buffer.from(['a', ...bytes]), [1]), 1007],
  ]),
  ['10.4', 'a message as large as may be', frame(BINARY, sized(MESSAGE_MAX)), 'reply'],
  ['10.4', 'a message one byte larger', frame(BINARY, sized(MESSAGE_MAX + 1)), 1009],
  ['10.4', 'the length of far more, and nothing else', frame(BINARY, '', { length: 1n << 40n }), 1009],
  ['10.4', 'too much in fragments', fragments(BINARY, sized(MESSAGE_MAX + 1), [5000]), 1009],
]);

// --- permessage-deflate ---

const AGREED = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';

for (const [offer, good] of [
  ['permessage-deflate', true],
  ['PerMessage-Deflate', true],
  ['permessage-deflate; client_max_window_bits', true],
  ['permessage-deflate; client_max_window_bits=10; server_no_context_takeover', true],
  ['permessage-deflate; client_max_window_bits="8"', true],
  ['permessage-deflate; client_no_context_takeover', true],
  ['permessage-deflate; server_max_window_bits=15', false],
  ['permessage-deflate;server_no_context_takeover ; client_max_window_bits = 15', true],
  ['permessage-deflate; server_max_window_bits=10', false],
  ['permessage-deflate; server_max_window_bits', false],
  ['permessage-deflate; server_max_window_bits=10, permessage-deflate', true],
  ['foo; a=b, permessage-deflate', true],
  ['permessage-deflate; client_no_context_takeover; client_no_context_takeover', false],
  ['permessage-deflate; client_no_context_takeover=1', false],
  ['permessage-deflate; client_max_window_bits=7', false],
  ['permessage-deflate; client_max_window_bits=16', false],
  ['permessage-deflate; client_max_window_bits=015', false],
  ['permessage-deflate; something', false],
  ['x-webkit-deflate-frame', false],
  ['', false],
])
  test(`7692 7.1: '${offer}' is ${good ? 'agreed to' : 'declined'}`, async () => {
    const reply = await RawSocket.handshake(server, { headers: { 'Sec-WebSocket-Extensions': offer } });
    assert.equal(reply.status, 101);
    assert.equal(reply.headers['sec-websocket-extensions'], good ? AGREED : undefined);
  });

test('7692 5: with `compression` off every offer is declined', async (t) => {
  const plain = await Server.startFor(t, { args: ['--compression', 'off'] });
  const reply = await RawSocket.handshake(plain, DEFLATE);
  assert.equal(reply.headers['sec-websocket-extensions'], undefined);
});

const packed = deflate(ping);
const stored = (bytes) =>
  Buffer.concat([Buffer.from([0, bytes.length, 0, ~bytes.length, 255]), bytes, Buffer.from([0])]);
const gaps = [deflate(ping.subarray(0, half)), TAIL, deflate(ping.subarray(half))];

// One message whose payload is said to be deflated.
const marked = (opcode, payload) => frame(opcode, payload, { reserved: RSV1 });
const deflated = (payload) => marked(BINARY, payload);

rules(
  [
    ['7692 7.2.2', 'a deflated message', deflated(packed), 'reply'],
    ['7692 7.2.2', 'deflated text', marked(TEXT, packed), 'reply'],
    ['7692 7.2.2', 'a plain message all the same', frame(BINARY, ping), 'reply'],
    ['7692 7.2.2', 'fragments', fragments(BINARY, packed, [1, 9, 9], { reserved: RSV1 }), 'reply'],
    ['7692 7.2.3.3', 'a block that is only stored', deflated(stored(ping)), 'reply'],
    ['7692 7.2.3.5', 'a block of nothing in between', deflated(Buffer.concat(gaps)), 'reply'],
    ['7692 6.1', 'RSV1 on a continuation', [open(BINARY), marked(CONTINUATION, 'y')], 1002],
    ['7692 6.1', 'RSV1 on a control frame', marked(PING, ''), 1002],
    ['7692 7.2.2', 'what is not deflated', deflated(Buffer.alloc(9, 255)), 1007],
    ['7692 7.2.2', 'what breaks off', deflated(packed.subarray(0, 20)), 1007],
    ['7692 7.2.2', 'text that is not UTF-8', marked(TEXT, deflate(Buffer.from([0xff]))), 1007],
    ['7692 8', 'as much as may be, inflated', deflated(deflate(sized(MESSAGE_MAX))), 'reply'],
    ['7692 8', 'one byte more', deflated(deflate(sized(MESSAGE_MAX + 1))), 1009],
    ['7692 8', 'a bomb of 8 MiB', deflated(deflate(Buffer.alloc(8 << 20)).subarray(0, 8000)), 1009],
    ['7692 8', 'too much before it is inflated', deflated(randomBytes(MESSAGE_MAX + 1)), 1009],
  ].map((row) => [...row, DEFLATE]),
);

// The reply to a request for something larger, as it comes over the wire.
async function fetchSomething(t, options) {
  const office = await Office.openFor(t, server);
  const socket = await RawSocket.open(server, options);
  socket.write(frame(BINARY, write({ method: 'init', id: 'TM0', token: office.token('alice') })));
  await socket.next();
  const http_request = { method: 'GET', path: '/v3/Configuration', params: {}, headers: {} };
  socket.write(frame(BINARY, write({ method: 'message', id: 'TM1', http_request })));
  const answers = [await socket.next()];
  socket.write(frame(BINARY, write({ method: 'message', id: 'TM2', http_request })));
  answers.push(await socket.next());
  socket.write(frame(BINARY, ping));
  answers.push(await socket.next());
  socket.destroy();
  return answers;
}

test('7692 7.2.1: large messages come deflated, each by itself, and small ones plain', async (t) => {
  const plain = await fetchSomething(t);
  assert.deepEqual(plain.map(({ reserved }) => reserved), [0, 0, 0]);
  const [first, second, small] = await fetchSomething(t, DEFLATE);
  assert.deepEqual([first.reserved, second.reserved, small.reserved], [RSV1, RSV1, 0]);
  for (const [at, each] of [first, second].entries()) {
    assert.ok(each.payload.length < plain[at].payload.length);
    assert.notDeepEqual(each.payload.subarray(-TAIL.length), TAIL);
    assert.deepEqual(parse(inflate(each.payload)), parse(plain[at].payload));
  }
});

// --- in the end ---

test('connections that come and go leave nothing behind', async () => {
  for (let round = 0; round < 10; round++) {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => RawSocket.open(server, DEFLATE)));
    for (const socket of sockets) socket.destroy();
  }
  const metrics = async () => (await server.get('/metrics')).text;
  assert.ok(Number(/^tutti_sessions_total (\d+)/m.exec(await metrics())[1]) >= 500);
  assert.ok(await eventually(async () => /^tutti_sessions 0$/m.test(await metrics())));
});
