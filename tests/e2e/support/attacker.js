'use strict';
// A client that does its worst, and somebody else who is to notice nothing of it.
//
// An attack sends bytes that were made beforehand, over and over, until its test ends: what costs
// time is the server's work. Nothing here measures time. Who is kept waiting for longer than any
// request may take finds out by the usual timeouts.

const assert = require('node:assert/strict');
const { eventually } = require('./eventually.js');
const { Connection, write } = require('./packets.js');
const prometheus = require('./prometheus.js');
const { Office } = require('./sdk.js');
const { Server } = require('./server.js');
const { RawSocket, frame, inflate, BINARY, RSV1 } = require('./websocket.js');

const DEFAULT = '/v1/Services/default';
const DEFLATE = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
const ROUNDS = 20;

// A server with one gateway, so that all are in each other's way, and who mints tokens for it.
async function start(t, ...args) {
  const env = { ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=1` };
  const server = await Server.startFor(t, { args: ['--threads', '1', ...args], env });
  return Office.openFor(t, server);
}

// The frame of a packet, and of a tunnelled request.
const packet = (header, payload) => frame(BINARY, write({ id: 'TM1', ...header }, payload));

const request = (method, path, { body, params = {} } = {}) =>
  packet(
    { method: 'message', http_request: { host: 'a', path, method, params, headers: {} } },
    body && JSON.stringify(body),
  );

// The frame that subscribes to up to 1,000 objects, or cancels them.
const subscription = (requests, action = 'establish') =>
  request('POST', '/v4/Subscriptions', {
    body: { event_protocol_version: 4, action, correlation_id: 1, requests },
  });

// What is written to REST, with the account's credentials.
function restRequest(server, method, path, form = {}) {
  const body = new URLSearchParams(form).toString();
  const credentials = Buffer.from(server.auth.join(':')).toString('base64');
  const lines = [
    ...[`${method} ${path} HTTP/1.1`, 'Host: a', `Authorization: Basic ${credentials}`],
    ...['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${body.length}`],
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

// A socket that looks at nothing of what comes.
class Attacker {
  constructor(t, raw) {
    this.raw = raw;
    this.received = 0;
    this.raw.socket.removeAllListeners('data').on('data', (bytes) => (this.received += bytes.length));
    t.after(() => raw.destroy());
  }

  // A client in real time that was let in. Options: `deflate`, whether it offers that.
  static async let(t, server, token, { deflate = false } = {}) {
    const raw = await RawSocket.open(server, { headers: deflate ? DEFLATE : {} });
    raw.write(packet({ method: 'init', token }));
    const { payload, reserved } = await raw.next();
    const plain = reserved & RSV1 ? inflate(payload) : payload;
    assert.match(plain.toString(), /"code":200/);
    return new Attacker(t, raw);
  }

  // Only a connection.
  static async connect(t, server) {
    return new Attacker(t, await RawSocket.connect(server));
  }

  get ended() {
    return this.raw.ended;
  }

  send(...frames) {
    this.raw.write(Buffer.concat(frames));
  }

  // Again and again, as fast as the server reads.
  flood(...frames) {
    const bytes = Buffer.concat(frames);
    const more = (error) => error || this.ended || this.raw.socket.write(bytes, more);
    more();
  }

  // Leaves what comes in the kernel.
  pause() {
    this.raw.pause();
  }

  over() {
    return this.raw.over();
  }
}

const attackers = (count, make) => Promise.all(Array.from({ length: count }, (_, i) => make(i)));

async function metric(server, name) {
  const { text } = await server.get('/metrics');
  return prometheus.total(prometheus.parse(text), new RegExp(`^${name}$`));
}

// The most that a gauge of the server has while `work` goes on, looked at as often as it answers.
async function most(server, name, work) {
  let most = 0;
  let done = false;
  const over = work.finally(() => (done = true));
  while (!done) most = Math.max(most, await metric(server, name));
  await over;
  return Math.max(most, await metric(server, name));
}

// Somebody else: a REST client, and one in real time who hears of what it writes.
class Victim {
  static async openFor(t, office) {
    const victim = new Victim();
    const { server } = office;
    const { json } = await server.post(`${DEFAULT}/Documents`, { Data: '{"n":-1}' });
    const connection = await Connection.start(server, office.token('victim'));
    t.after(() => connection.close());
    await connection.subscribe([{ object_sid: json.sid, object_type: 'document' }]);
    await connection.event('subscription_established');
    return Object.assign(victim, { server, connection, sid: json.sid, count: 0 });
  }

  // Every request is answered, each write is heard of, and health is told.
  async isServed(rounds = ROUNDS) {
    const { server, connection, sid } = this;
    for (let i = 0; i < rounds; i++) {
      const n = this.count++;
      const wrote = await server.post(`${DEFAULT}/Documents/${sid}`, { Data: `{"n":${n}}` });
      assert.equal(wrote.status, 200);
      await connection.event('document_updated', (event) => event.document_data.n === n);
      const read = await connection.http('GET', `/v3/Documents/${sid}`);
      assert.equal(read.body.data.n, n);
      assert.equal((await server.get('/healthz', { auth: null })).status, 200);
    }
    const heard = connection.events().filter(([type]) => type === 'document_updated');
    assert.deepEqual(heard.map(([, event]) => event.document_data.n), [...Array(this.count).keys()]);
  }
}

// Until the server has taken so many requests of clients in all, so that an attack is under way.
async function isUnderWay(server, count = 16) {
  const asked = () => metric(server, 'tutti_session_requests_total');
  assert.ok(await eventually(async () => (await asked()) >= count), 'nothing is attacked');
}

module.exports = {
  Attacker,
  DEFAULT,
  Victim,
  attackers,
  isUnderWay,
  metric,
  most,
  packet,
  request,
  restRequest,
  start,
  subscription,
};
