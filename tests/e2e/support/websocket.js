'use strict';
// A WebSocket client that does as it is told, right or wrong.

const net = require('node:net');
const { once } = require('node:events');
const zlib = require('node:zlib');

const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];
const RSV1 = 4;
const TAIL = Buffer.from([0, 0, 255, 255]); // RFC 7692 section 7.2.1
const PATIENCE_MS = 30_000;

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

// A message in frames that end at these places, and at its end.
function fragments(opcode, content, places, options = {}) {
  const payload = Buffer.from(content);
  const ends = [...places, payload.length];
  return ends.map((end, at) =>
    frame(at ? CONTINUATION : opcode, payload.subarray(ends[at - 1] ?? 0, end), {
      fin: end === payload.length,
      reserved: at ? 0 : options.reserved,
    }),
  );
}

// A close frame; without a code it is empty.
function close(code, reason = '') {
  const bytes = Buffer.alloc(code === undefined ? 0 : 2);
  if (code !== undefined) bytes.writeUInt16BE(code);
  return frame(CLOSE, Buffer.concat([bytes, Buffer.from(reason)]));
}

// permessage-deflate without context takeover (RFC 7692 section 7.2).
const deflate = (bytes) =>
  zlib.deflateRawSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, -TAIL.length);

const inflate = (bytes) =>
  zlib.inflateRawSync(Buffer.concat([bytes, TAIL]), { finishFlush: zlib.constants.Z_SYNC_FLUSH });

const HANDSHAKE = {
  Host: '127.0.0.1',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

class RawSocket {
  // Past the handshake. Options: `headers` of it, `early` bytes right behind it.
  static async open(server, { headers, early } = {}) {
    const socket = await RawSocket.connect(server);
    const { status } = await socket.shake({ headers, early });
    if (status !== 101) throw new Error(`no WebSocket: ${status}`);
    return socket;
  }

  // Only the handshake, as of `shake`: {status, headers}.
  static async handshake(server, request) {
    const socket = await RawSocket.connect(server);
    const reply = await socket.shake(request);
    socket.destroy();
    return reply;
  }

  static async connect(server) {
    const socket = new RawSocket(server);
    await once(socket.socket, 'connect');
    return socket;
  }

  constructor(server) {
    this.socket = net.connect(server.port, '127.0.0.1').setNoDelay(true);
    this.bytes = Buffer.alloc(0);
    this.ended = false;
    this.wake = () => {};
    this.socket.on('data', (bytes) => {
      this.bytes = Buffer.concat([this.bytes, bytes]);
      this.wake();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.ended = true;
      this.wake();
    });
  }

  // True when the kernel takes it all.
  write(bytes) {
    return this.socket.write(bytes);
  }

  // Nothing more will be sent.
  end() {
    this.socket.end();
  }

  // Leaves what comes in the kernel.
  pause() {
    this.socket.pause();
  }

  resume() {
    this.socket.resume();
  }

  destroy() {
    this.socket.destroy();
  }

  // Until `look` finds something in what has come, or nothing comes any more.
  async find(look) {
    for (;;) {
      const found = look();
      if (found || this.ended) return found;
      await this.news();
    }
  }

  // What never comes is an error, not a test without end.
  news() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('nothing comes')), PATIENCE_MS);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  // Options: `method`, `path`, `version`, `headers` instead of the good ones (undefined: none), and
  // `early` bytes behind it all.
  async shake({ method = 'GET', path = '/v3/wsconnect', version = 'HTTP/1.1', ...options } = {}) {
    const lines = Object.entries({ ...HANDSHAKE, ...options.headers })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${value}\r\n`);
    const request = Buffer.from(`${method} ${path} ${version}\r\n${lines.join('')}\r\n`);
    this.write(Buffer.concat([request, options.early ?? Buffer.alloc(0)]));
    const end = (await this.find(() => this.bytes.indexOf('\r\n\r\n') + 1)) - 1;
    const [first, ...rest] = this.bytes.subarray(0, end).toString().split('\r\n');
    this.bytes = this.bytes.subarray(end + 4);
    const entries = rest.map((line) => line.split(/: (.*)/));
    return {
      status: Number(first.split(' ')[1]),
      headers: Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value])),
    };
  }

  // The next frame, {opcode, reserved, payload}; null: the connection has ended.
  async next() {
    return (await this.find(() => this.take())) || null;
  }

  // Until the server ends the connection.
  async over() {
    this.socket.resume();
    await this.find(() => this.ended);
  }

  take() {
    const { bytes } = this;
    if (bytes.length < 2) return undefined;
    const short = bytes[1] & 0x7f;
    const start = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < start) return undefined;
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < start + length) return undefined;
    this.bytes = bytes.subarray(start + length);
    return {
      opcode: bytes[0] & 15,
      reserved: (bytes[0] >> 4) & 7,
      payload: Buffer.from(bytes.subarray(start, start + length)),
    };
  }
}

module.exports = {
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
};
