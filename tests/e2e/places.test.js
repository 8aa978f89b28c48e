'use strict';
// When there are too many: connections, sessions, of all, of one address, of one identity. Whoever is
// refused is told so, and neither clients nor those who ask for the server's health are kept out.

const assert = require('node:assert/strict');
const http = require('node:http');
const net = require('node:net');
const { once } = require('node:events');
const { test } = require('node:test');
const { basic } = require('./support/http.js');
const { eventually } = require('./support/eventually.js');
const { Connection } = require('./support/packets.js');
const prometheus = require('./support/prometheus.js');
const { Office, connected } = require('./support/sdk.js');
const { assertProblem } = require('./support/shapes.js');
const { Server, ACCOUNT, TOKEN } = require('./support/server.js');
const { RawSocket } = require('./support/websocket.js');

const ELSEWHERE = '127.0.0.2'; // another address of this machine
const DOCUMENTS = '/v1/Services/default/Documents';

// One gateway, to which this machine's addresses are as any other.
const start = (t, ...args) =>
  Server.startFor(t, { args: ['--threads', '1', '--trusted-addresses', '192.0.2.1', ...args] });

async function metric(server, name) {
  const { text } = await server.get('/metrics');
  return prometheus.total(prometheus.parse(text), new RegExp(`^${name}$`));
}

// Connections that nobody can close for being idle: each waits for the rest of a body.
async function occupy(t, server, count, localAddress) {
  const head =
    `POST ${DOCUMENTS} HTTP/1.1\r\nHost: a\r\nAuthorization: ${basic(ACCOUNT, TOKEN)}\r\n` +
    'Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n';
  const sockets = [];
  for (let n = 0; n < count; n++) {
    const socket = net.connect({ port: server.port, host: '127.0.0.1', localAddress });
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    socket.write(head);
    await once(socket, 'data'); // 100 Continue
    sockets.push(socket);
  }
  return sockets;
}

// {status, headers} of a GET from another address.
function getFrom(server, localAddress, path) {
  const headers = { Authorization: basic(ACCOUNT, TOKEN) };
  const options = { port: server.port, host: '127.0.0.1', localAddress, path, headers, agent: false };
  return new Promise((resolve, reject) => {
    const request = http.get(options, (response) => {
      response.resume();
      resolve({ status: response.statusCode, headers: response.headers });
    });
    request.on('error', reject);
  });
}

async function assertHealthy(server) {
  for (const path of ['/healthz', '/readyz', '/metrics'])
    assert.equal((await server.get(path, { auth: null })).status, 200, path);
}

test('connections that ask for nothing keep nobody out', async (t) => {
  const server = await start(t, '--connections-max', '8');
  const silent = [];
  for (let n = 0; n < 100; n++) silent.push(await RawSocket.connect(server));
  await assertHealthy(server);
  assert.equal((await server.post(DOCUMENTS, { Data: '{}' })).status, 201);
  await Promise.all(silent.slice(0, 80).map((socket) => socket.over()));
  assert.ok((await metric(server, 'tutti_http_connections_displaced_total')) >= 92);
  for (const socket of silent) socket.destroy();
});

test('when no connection can be spared, health is answered and all else is told 503', async (t) => {
  const server = await start(t, '--connections-max', '8');
  const busy = await occupy(t, server, 8);
  for (let round = 0; round < 3; round++) {
    await assertHealthy(server);
    const refused = await server.get(DOCUMENTS);
    assertProblem(refused, 503, 20503);
    assert.equal(refused.headers['retry-after'], '1');
    assert.equal(refused.headers.connection, 'close');
    assert.equal((await RawSocket.handshake(server)).status, 503);
  }
  assert.ok((await metric(server, 'tutti_http_connections_crowded_total')) >= 12);
  assert.ok(busy.every((socket) => !socket.destroyed));
  busy[0].destroy();
  assert.ok(await eventually(async () => (await server.get(DOCUMENTS)).status === 200));
});

test('strangers that fill the reserved places, too, keep out neither health nor operators', async (t) => {
  const server = await Server.startFor(t, {
    args: [
      ...['--threads', '1', '--trusted-addresses', ELSEWHERE],
      ...['--connections-max', '4', '--connections-reserved', '4'],
    ],
  });
  await occupy(t, server, 4);
  const silent = [];
  for (let n = 0; n < 50; n++) silent.push(await RawSocket.connect(server));
  await assertHealthy(server);
  assert.equal((await getFrom(server, ELSEWHERE, DOCUMENTS)).status, 200);
  assert.equal((await server.get(DOCUMENTS)).status, 503);
  for (const socket of silent) socket.destroy();
});

test('an address has so many connections, and others are not concerned', async (t) => {
  const server = await start(t, '--connections-per-address-max', '3');
  const [first] = await occupy(t, server, 3);
  const refused = await server.get(DOCUMENTS);
  assertProblem(refused, 429, 51202);
  assert.equal(refused.headers['retry-after'], '1');
  await assertHealthy(server);
  assert.equal((await getFrom(server, ELSEWHERE, DOCUMENTS)).status, 200);
  assert.ok((await metric(server, 'tutti_http_connections_excessive_total')) >= 1);
  first.destroy();
  assert.ok(await eventually(async () => (await server.get(DOCUMENTS)).status === 200));
});

test('an address that is trusted has any number', async (t) => {
  const args = ['--connections-per-address-max', '3', '--sessions-per-address-max', '1'];
  const server = await Server.startFor(t, { args });
  await occupy(t, server, 10);
  assert.equal((await server.get(DOCUMENTS)).status, 200);
  for (let n = 0; n < 5; n++) (await RawSocket.open(server)).destroy();
});

test('an address has so many WebSockets', async (t) => {
  const server = await start(t, '--sessions-per-address-max', '2');
  const sockets = [await RawSocket.open(server), await RawSocket.open(server)];
  const { status, headers } = await RawSocket.handshake(server);
  assert.deepEqual([status, headers['retry-after']], [429, '1']);
  assert.equal(await metric(server, 'tutti_sessions_address_refused_total'), 1);
  const other = await Connection.open(server, { localAddress: ELSEWHERE });
  other.close();
  sockets.pop().destroy();
  const again = async () => (await RawSocket.handshake(server)).status === 101;
  assert.ok(await eventually(again));
  for (const socket of sockets) socket.destroy();
});

test('an identity has so many clients, and the SDK comes again when there is room', async (t) => {
  const server = await start(t, '--sessions-per-identity-max', '2');
  const office = await Office.openFor(t, server);
  const other = await office.rest.sync.v1.services.create({ friendlyName: 'other' });
  const alices = [];
  for (let n = 0; n < 2; n++) alices.push(await Connection.start(server, office.token('alice')));
  const third = await Connection.open(server);
  const { header, payload } = await third.request({ method: 'init', token: office.token('alice') });
  assert.deepEqual([header.status.code, header.status.errorCode], [429, 51202]);
  assert.ok(payload.backoff_policy.reconnect_min_ms > 0);
  third.close();
  (await Connection.start(server, office.token('bob'))).close();
  (await Connection.start(server, office.token('alice', { service: other.sid }))).close();
  const client = office.client('alice');
  const refusals = () => metric(server, 'tutti_sessions_identity_refused_total');
  assert.ok(await eventually(async () => (await refusals()) >= 2));
  assert.notEqual(client.connectionState, 'connected');
  alices.pop().close();
  await connected(client);
  for (const alice of alices) alice.close();
});
