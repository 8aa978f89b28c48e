'use strict';
// Bytes to and from the server, for what no HTTP library would send.

const net = require('node:net');

const TIMEOUT_MS = 30_000;

// The first complete response in `buffer` as {status, headers, body, length}; null: not yet.
// `head`: it answers HEAD, so no body follows.
function parseResponse(buffer, head = false) {
  const end = buffer.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [statusLine, ...lines] = buffer.toString('latin1', 0, end).split('\r\n');
  const match = /^HTTP\/1\.[01] (\d{3})/.exec(statusLine);
  if (!match) throw new Error(`not a status line: ${statusLine}`);
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const size = head || match[1] < '200' ? 0 : Number(headers['content-length'] ?? 0);
  const length = end + 4 + size;
  if (buffer.length < length) return null;
  const body = buffer.toString('utf8', end + 4, length);
  return { status: Number(match[1]), headers, body, length };
}

class Socket {
  constructor(port) {
    this.received = Buffer.alloc(0);
    this.wake = () => {};
    this.socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    this.ended = false;
    this.socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.wake();
    });
    const end = () => {
      this.ended = true;
      this.wake();
    };
    this.socket.on('end', end).on('error', end).on('close', end);
  }

  static async connect(port) {
    const socket = new Socket(port);
    await new Promise((resolve, reject) => {
      socket.socket.once('connect', resolve);
      socket.socket.once('error', reject);
    });
    return socket;
  }

  send(bytes) {
    this.socket.write(bytes);
  }

  // No more will be sent.
  finish() {
    this.socket.end();
  }

  reset() {
    this.socket.resetAndDestroy();
  }

  close() {
    this.socket.destroy();
  }

  // Until `done` gives something, or the server ends the connection (then null).
  async waitFor(done) {
    const timer = setTimeout(() => this.socket.destroy(new Error('nothing comes')), TIMEOUT_MS);
    try {
      for (;;) {
        const result = done();
        if (result || this.ended) return result || null;
        await new Promise((resolve) => (this.wake = resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  // The next response, taken from what was received; null when the connection ended before.
  async response({ head } = {}) {
    const response = await this.waitFor(() => parseResponse(this.received, head));
    if (response) this.received = this.received.subarray(response.length);
    return response;
  }

  async whenEnded() {
    await this.waitFor(() => this.ended);
    return this.ended;
  }
}

// Send bytes on a connection of its own; the first response, or null.
async function exchange(port, bytes, options) {
  const socket = await Socket.connect(port);
  socket.send(bytes);
  const response = await socket.response(options);
  socket.close();
  return response;
}

module.exports = { Socket, exchange };
