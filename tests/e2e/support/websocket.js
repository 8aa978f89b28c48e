'use strict';
// A WebSocket client that does as it is told, right or wrong.

const net = require('node:net');
const { once } = require('node:events');

const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];

function lengthOf(length, form, masked) {
  const bit = masked ? 0x80 : 0;
  if (form === 125) return Buffer.from([bit | Number(length)]);
  const bytes = Buffer.alloc(form === 126 ? 3 : 9);
  bytes[0] = bit | form;
  if (form === 126) bytes.writeUInt16BE(Number(length), 1);
  else bytes.writeBigUInt64BE(length, 1);
  return bytes;
}

// One frame. `length`: what it says, if not the truth; `form`: 125, 126 or 127, how it says so.
function frame(opcode, content, options = {}) {
  const { fin = true, reserved = 0, mask = Buffer.from('mask') } = options;
  const payload = Buffer.from(content);
  const length = BigInt(options.length ?? payload.length);
  const form = options.form ?? (length < 126n ? 125 : length < 65536n ? 126 : 127);
  return Buffer.concat([
    Buffer.from([(fin ? 0x80 : 0) | (reserved << 4) | opcode]),
    lengthOf(length, form, mask),
    mask ?? Buffer.alloc(0),
    mask ? payload.map((byte, at) => byte ^ mask[at % 4]) : payload,
  ]);
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

class RawSocket {
  // Past the handshake. Options: `headers` of it, `early` bytes right behind it.
  static async open(server, { headers = {}, early } = {}) {
    const socket = new RawSocket(server);
    const { status } = await socket.shake(
      {
        Upgrade: 'websocket',
        Connection: 'Upgrade',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': KEY,
        ...headers,
      },
      early,
    );
    if (status !== 101) throw new Error(`no WebSocket: ${status}`);
    return socket;
  }

  // Only the handshake: {status, headers}.
  static async handshake(server, headers) {
    const socket = new RawSocket(server);
    const reply = await socket.shake(headers);
    socket.destroy();
    return reply;
  }

  constructor(server) {
    this.socket = net.connect(server.port, '127.0.0.1').setNoDelay(true);
    this.bytes = Buffer.alloc(0);
    this.ended = false;
    this.socket.on('data', (bytes) => (this.bytes = Buffer.concat([this.bytes, bytes])));
    this.socket.on('error', () => {});
    this.socket.on('close', () => (this.ended = true));
  }

  write(bytes) {
    this.socket.write(bytes);
  }

  destroy() {
    this.socket.destroy();
  }

  // Until `look` finds something in what has come, or nothing comes any more.
  async find(look) {
    for (;;) {
      const found = look();
      if (found || this.ended) return found;
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')]).catch(() => {});
    }
  }

  async shake(headers, early = Buffer.alloc(0)) {
    const lines = Object.entries({ Host: '127.0.0.1', ...headers })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${value}\r\n`);
    this.write(Buffer.concat([
      Buffer.from(`GET /v3/wsconnect HTTP/1.1\r\n${lines.join('')}\r\n`),
      early,
    ]));
    const end = await this.find(() => this.bytes.indexOf('\r\n\r\n') + 1) - 1;
    const [first, ...rest] = this.bytes.subarray(0, end).toString().split('\r\n');
    this.bytes = this.bytes.subarray(end + 4);
    const entries = rest.map((line) => line.split(/: (.*)/)).map(([name, value]) => [name.toLowerCase(), value]);
    return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(entries) };
  }

  // The next frame, {opcode, payload}; null: the connection has ended.
  async next() {
    return (await this.find(() => this.take())) || null;
  }

  take() {
    const { bytes } = this;
    if (bytes.length < 2) return undefined;
    const short = bytes[1] & 0x7f;
    const start = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < start) return undefined;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < start + length) return undefined;
    this.bytes = bytes.subarray(start + length);
    return { opcode: bytes[0] & 15, payload: Buffer.from(bytes.subarray(start, start + length)) };
  }
}

module.exports = { RawSocket, frame, CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG };
