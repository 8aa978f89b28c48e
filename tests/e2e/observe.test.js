'use strict';
// What an operator sees: health, readiness and numbers.

const assert = require('node:assert/strict');
const { test, before, after } = require('node:test');
const { Server } = require('./support/server.js');
const { connection } = require('./support/http.js');
const { parse, total } = require('./support/prometheus.js');
const { eventually } = require('./support/eventually.js');

const DOCUMENTS = '/v1/Services/default/Documents';

let server;
before(async () => (server = await Server.start()));
after(() => server.destroy());

async function metrics() {
  const response = await server.get('/metrics', { auth: null });
  assert.equal(response.status, 200);
  assert.match(response.headers['content-type'], /^text\/plain; ?version=0\.0\.4/);
  return parse(response.text);
}

test('a healthy server says so', async () => {
  for (const path of ['/healthz', '/readyz'])
    assert.equal((await server.get(path, { auth: null })).status, 200);
});

test('there are numbers for everything that matters', async () => {
  await server.get(DOCUMENTS);
  const families = await metrics();
  const names = [...families.keys()];
  for (const what of [/request/, /commit/, /batch/, /queue/, /conflict/, /memory|bytes/, /connect/])
    assert.ok(
      names.some((name) => what.test(name)),
      `${what} in ${names.join(' ')}`,
    );
  assert.ok([...families.values()].some(({ type }) => type === 'histogram'));
  assert.ok(names.every((name) => name.startsWith('tutti_') || name.startsWith('process_')));
});

test('requests are counted by status', async () => {
  const requests = /requests_total$/;
  const count = (families, status) => total(families, requests, { status });
  const earlier = await metrics();
  for (let i = 0; i < 3; i++) await server.post(DOCUMENTS, { Data: '{}' });
  for (let i = 0; i < 2; i++) await server.get(`${DOCUMENTS}/nobody`);
  const later = await metrics();
  assert.equal(count(later, '201') - count(earlier, '201'), 3);
  assert.equal(count(later, '404') - count(earlier, '404'), 2);
});

test('routes in the numbers are patterns, not paths', async () => {
  const { sid } = (await server.post(DOCUMENTS, { UniqueName: 'secret-name' })).json;
  await server.get(`${DOCUMENTS}/${sid}`);
  await server.get('/some/unknown/path-that-somebody-made-up');
  const { text } = await server.get('/metrics', { auth: null });
  for (const part of [sid, 'secret-name', 'somebody-made-up'])
    assert.ok(!text.includes(part), part);
});

test('a conflict is counted as one', async () => {
  const { sid } = (await server.post(DOCUMENTS, { Data: '{}' })).json;
  const earlier = total(await metrics(), /conflict/);
  const headers = { 'If-Match': '"7"' };
  const { status } = await server.post(`${DOCUMENTS}/${sid}`, { Data: '{}' }, { headers });
  assert.equal(status, 412);
  assert.equal(total(await metrics(), /conflict/) - earlier, 1);
});

test('commits are counted', async () => {
  const commits = /commits(_total)?$/;
  const earlier = total(await metrics(), commits);
  await server.post(DOCUMENTS, { Data: '{}' });
  assert.ok(total(await metrics(), commits) > earlier);
});

test('open connections are counted', async (t) => {
  const agents = [connection(), connection(), connection()];
  t.after(() => agents.forEach((agent) => agent.destroy()));
  for (const agent of agents) await server.get('/healthz', { agent });
  const open = async () => total(await metrics(), /connections/) >= agents.length;
  assert.ok(await eventually(open), 'they are sampled in a while');
});
