'use strict';
// Wrong passwords and refused tokens are seen by the operator, and who guesses is slowed down.

const assert = require('node:assert/strict');
const http = require('node:http');
const { test } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { basic } = require('./support/http.js');
const { eventually } = require('./support/eventually.js');
const { Connection } = require('./support/packets.js');
const prometheus = require('./support/prometheus.js');
const { Server, ACCOUNT, TOKEN } = require('./support/server.js');
const { assertProblem } = require('./support/shapes.js');

const ELSEWHERE = '127.0.0.2'; // another address of this machine
const DOCUMENTS = '/v1/Services/default/Documents';
const WRONG = [ACCOUNT, 'not-the-token'];

// One gateway or two, to which this machine's addresses are as any other.
const start = (t, ...args) =>
  Server.startFor(t, { args: ['--threads', '2', '--trusted-addresses', '192.0.2.1', ...args] });

async function metric(server, name) {
  const { text } = await server.get('/metrics', { auth: null });
  return prometheus.total(prometheus.parse(text), new RegExp(`^${name}$`));
}

function statusFrom(server, localAddress, path) {
  const headers = { Authorization: basic(ACCOUNT, TOKEN) };
  const options = { port: server.port, host: '127.0.0.1', localAddress, path, headers, agent: false };
  return new Promise((resolve, reject) => {
    http.get(options, (response) => resolve(response.resume().statusCode)).on('error', reject);
  });
}

const linesWith = (server, text) => server.errors.split('\n').filter((line) => line.includes(text));

test('a wrong password is logged with its address, and counted', async (t) => {
  const server = await start(t);
  assert.equal((await server.get(DOCUMENTS, { auth: WRONG })).status, 401);
  assert.ok(await eventually(() => linesWith(server, 'credentials refused').length === 1));
  const [line] = linesWith(server, 'credentials refused');
  assert.ok(line.includes('address=127.0.0.1') && line.includes(`user=${ACCOUNT}`), line);
  assert.ok(!line.includes(WRONG[1]), 'what was tried is not logged');
  assert.equal(await metric(server, 'tutti_credentials_wrong_total'), 1);
});

test('a name that is no SID is not logged: it may be a password', async (t) => {
  const server = await start(t);
  await server.get(DOCUMENTS, { auth: ['hunter2', 'hunter2'] });
  assert.ok(await eventually(() => linesWith(server, 'credentials refused').length === 1));
  assert.ok(!server.errors.includes('hunter2'), server.errors);
});

// Guess until a pause has just begun that is long enough for a slow machine to look at it.
const untilPaused = (server) =>
  eventually(async () => {
    const { status, headers } = await server.get(DOCUMENTS, { auth: WRONG });
    return status === 429 && Number(headers['retry-after']) >= 4;
  });

test('ten wrong ones are free, then the pauses grow', async (t) => {
  const server = await start(t);
  const waits = [];
  for (let wrong = 0; wrong < 12;) {
    const response = await server.get(DOCUMENTS, { auth: WRONG });
    if (response.status === 401) wrong += 1;
    else {
      assertProblem(response, 429, 20429);
      assert.ok(wrong >= 10, `${wrong} wrong ones`);
      waits.push(Number(response.headers['retry-after']));
      await pause(waits.at(-1) * 1000);
    }
  }
  assert.ok(waits.every((seconds) => seconds === 1 || seconds === 2), `${waits}`);
});

test('who guesses is told to wait, and nobody else is', async (t) => {
  const server = await start(t);
  assert.ok(await untilPaused(server));
  for (const auth of [WRONG, [ACCOUNT, TOKEN]])
    assertProblem(await server.get(DOCUMENTS, { auth }), 429, 20429);
  const console = await server.get('/console/connections', { auth: [ACCOUNT, TOKEN] });
  assertProblem(console, 429, 20429);
  assert.equal(await statusFrom(server, ELSEWHERE, DOCUMENTS), 200);
  assert.equal((await server.get('/healthz', { auth: null })).status, 200);
  assert.equal((await server.get(DOCUMENTS, { auth: null })).status, 401);
  assert.ok((await metric(server, 'tutti_credentials_paused_total')) >= 3);
  assert.ok(await eventually(async () => (await server.get(DOCUMENTS)).status === 200));
});

test('a trusted address is never told to wait, and its lines are limited', async (t) => {
  const server = await Server.startFor(t);
  for (let n = 0; n < 300; n++)
    assert.equal((await server.get(DOCUMENTS, { auth: WRONG })).status, 401);
  assert.equal((await server.get(DOCUMENTS)).status, 200);
  await server.stop();
  const lines = linesWith(server, 'credentials refused').length;
  const leftOut = linesWith(server, 'log lines left out')
    .map((line) => Number(/count=(\d+)/.exec(line)[1]))
    .reduce((a, b) => a + b, 0);
  assert.equal(lines + leftOut, 300);
  assert.ok(leftOut > 0, `${lines} lines`);
});

test('a refused access token is logged with its address', async (t) => {
  const server = await start(t);
  const connection = await Connection.open(server);
  t.after(() => connection.close());
  await connection.request({ method: 'init', token: 'no token' });
  assert.ok(await eventually(() => linesWith(server, 'access token refused').length === 1));
  assert.ok(linesWith(server, 'access token refused')[0].includes('address=127.0.0.1'));
});

test('the access log says who asked, and from where', async (t) => {
  const server = await start(t, '--access-log', 'on');
  await server.get(`${DOCUMENTS}/good`);
  await server.get(`${DOCUMENTS}/bad`, { auth: WRONG });
  await server.get('/console/connections');
  const line = (path) => linesWith(server, `path=${path} `)[0];
  assert.ok(await eventually(() => line('/console/connections')), server.errors);
  for (const path of [`${DOCUMENTS}/good`, '/console/connections'])
    assert.match(line(path), new RegExp(`address=127\\.0\\.0\\.1 user=${ACCOUNT}$`));
  assert.match(line(`${DOCUMENTS}/bad`), /address=127\.0\.0\.1 user=null$/);
});

// One that was not let in is no client yet: it could fill the log.
test('the access log says which clients came and went, and from where', async (t) => {
  const server = await start(t, '--access-log', 'on');
  const stranger = await Connection.open(server);
  await stranger.request({ method: 'init', token: 'no token' });
  stranger.close();
  const { token } = (await server.post('/console/tokens', { identity: 'alice' })).json;
  const connection = await Connection.start(server, token);
  connection.close();
  assert.ok(await eventually(() => linesWith(server, 'session ended').length), server.errors);
  await server.stop();
  for (const message of ['session ready', 'session ended']) {
    const lines = linesWith(server, message);
    assert.equal(lines.length, 1, server.errors);
    assert.match(lines[0], /level=info .* address=127\.0\.0\.1 identity=alice /);
  }
  assert.ok(!server.errors.includes(token));
});
