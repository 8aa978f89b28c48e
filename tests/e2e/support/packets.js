'use strict';
// The client protocol, spoken by hand: packets over a WebSocket.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const WebSocket = require('ws');

const LINE = '\r\n';
const PATIENCE_MS = 30_000;

function write(header, payload = '') {
  const whole = payload
    ? {
        ...header,
        payload_size: Buffer.byteLength(payload),
        payload_type: 'application/json',
      }
    : header;
  const text = JSON.stringify(whole);
  return Buffer.from(
    `TWILSOCK V3.0 ${Buffer.byteLength(text)}${LINE}${text}${LINE}${payload}`,
  );
}

function parse(bytes) {
  const end = bytes.indexOf(LINE);
  const [, size] = /^TWILSOCK V3\.0 (\d+)$/.exec(bytes.subarray(0, end).toString());
  const start = end + LINE.length;
  const header = JSON.parse(bytes.subarray(start, start + Number(size)).toString());
  const behind = bytes.subarray(start + Number(size));
  assert.equal(behind.subarray(0, 2).toString(), LINE);
  const payload = behind.subarray(2, 2 + (header.payload_size ?? 0)).toString();
  return { header, payload: payload ? JSON.parse(payload) : undefined };
}

// What a server never says is an error, not a test without end.
async function within(promise, what, ms = PATIENCE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} does not come`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

class Connection {
  static async open(server, options = {}) {
    const connection = new Connection(server, options);
    await once(connection.socket, 'open');
    return connection;
  }

  // Open, with an access token shown.
  static async start(server, token, options) {
    const connection = await Connection.open(server, options);
    const { header } = await connection.request({ method: 'init', token });
    assert.equal(header.status.code, 200, JSON.stringify(header.status));
    return connection;
  }

  constructor(server, { port = server.port, ...options } = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/v3/wsconnect`, options);
    this.replies = new Map();
    this.received = []; // packets of the server's own, in their order
    this.waiting = [];
    this.count = 0;
    this.socket.on('error', () => {});
    this.socket.on('message', (bytes, isBinary) => {
      assert.ok(isBinary, 'the SDKs do not hear text');
      this.take(parse(bytes));
    });
    this.socket.on('close', () => {
      this.waiting.splice(0).forEach((wake) => wake());
      for (const { reject } of this.replies.values()) reject(new Error('closed before a reply'));
      this.replies.clear();
    });
  }

  take(packet) {
    const { method, id } = packet.header;
    if (method === 'reply') {
      packet.after = this.received.length; // so many notifications came before it
      this.replies.get(id)?.resolve(packet);
      this.replies.delete(id);
      return;
    }
    this.send({ method: 'reply', id, status: { code: 200, status: 'OK' } });
    this.received.push(packet);
    this.waiting.splice(0).forEach((wake) => wake());
  }

  send(header, payload) {
    this.socket.send(write(header, payload));
  }

  // The reply to a packet.
  request(header, payload) {
    const id = `TM${++this.count}`;
    const reply = new Promise((resolve, reject) => this.replies.set(id, { resolve, reject }));
    this.send({ id, ...header }, payload);
    return within(reply, `a reply to ${header.method}`);
  }

  // A tunnelled request: {status, body}.
  async http(method, path, { body, params = {}, headers = {} } = {}) {
    const request = {
      method: 'message',
      active_grant: 'data_sync',
      http_request: { host: '127.0.0.1', path, method, params, headers },
    };
    const reply = await this.request(request, typeof body === 'object' ? JSON.stringify(body) : body);
    assert.equal(reply.header.status.code, 200);
    const { code: status } = reply.header.http_status;
    return { status, body: reply.payload, after: reply.after };
  }

  async subscribe(requests, { action = 'establish', version = 4, correlation = 17 } = {}) {
    const { status, body } = await this.http('POST', '/v4/Subscriptions', {
      body: {
        event_protocol_version: version,
        action,
        correlation_id: correlation,
        retried_requests: 0,
        ttl_in_s: -1,
        requests,
      },
    });
    assert.equal(status, 200);
    return body;
  }

  // Every event so far, each as [event_type, event, payload].
  events() {
    return this.received
      .filter(({ header }) => header.method === 'notification')
      .flatMap(({ payload }) =>
        (payload.events ?? [payload.event]).map((event) => [payload.event_type, event, payload]),
      );
  }

  // What `look` finds in what has come, now or later.
  async await(what, look) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = look();
      if (found) return found;
      assert.ok(this.socket.readyState <= WebSocket.OPEN, `closed before ${what}`);
      const wake = new Promise((resolve) => this.waiting.push(resolve));
      await within(wake, what, deadline - Date.now());
    }
  }

  // The first event of that type that `wanted` likes.
  event(type, wanted = () => true) {
    return this.await(type, () =>
      this.events().find(([name, event]) => name === type && wanted(event)),
    );
  }

  // The first packet of the server's own with that method.
  packet(method) {
    return this.await(method, () => this.received.find(({ header }) => header.method === method));
  }

  // Leaves what comes in the kernel, as a program that hangs does.
  pause() {
    this.socket._socket.pause();
  }

  resume() {
    this.socket._socket.resume();
  }

  close() {
    this.socket.terminate();
  }
}

module.exports = { Connection, parse, write };
