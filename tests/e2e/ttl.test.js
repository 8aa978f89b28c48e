'use strict';
// Time to live. Time itself is under test here, so these tests wait; each compares what it saw
// with the moments at which requests began and ended, so a slow machine is no failure.

const assert = require('node:assert/strict');
const { describe, test, before, after } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { Server } = require('./support/server.js');
const { connection } = require('./support/http.js');

const DOCUMENTS = '/v1/Services/default/Documents';
const LATE_MS = 1000; // expiry comes within a second of its time
const POLL_MS = 25;

const until = (time) => pause(Math.max(0, time - Date.now()));

// The object exists until at least `from`, and at `to` at the latest it is gone.
function lifeOf(ttl, begun, ended) {
  return { from: begun + ttl * 1000, to: ended + ttl * 1000 + LATE_MS };
}

async function createWithTtl(server, ttl, fields = {}) {
  const begun = Date.now();
  const response = await server.post(DOCUMENTS, { Ttl: ttl, Data: '{}', ...fields });
  assert.equal(response.status, 201, response.text);
  return { ...response.json, ...lifeOf(ttl, begun, Date.now()) };
}

// Look until it is gone, and judge every look. Resolves at the first look that misses it.
async function watchExpire(server, id, life) {
  const agent = connection();
  try {
    for (;;) {
      const begun = Date.now();
      const { status } = await server.get(`${DOCUMENTS}/${id}`, { agent });
      const ended = Date.now();
      if (status === 404) return assert.ok(ended >= life.from, 'it lives as long as it was told');
      assert.equal(status, 200);
      assert.ok(begun <= life.to, `it is still there ${begun - life.to} ms late`);
      await pause(POLL_MS);
    }
  } finally {
    agent.destroy();
  }
}

describe('a time to live', { concurrency: true }, () => {
  let server;
  before(async () => (server = await Server.start()));
  after(() => server.destroy());

  test('ends a document within a second', async () => {
    const document = await createWithTtl(server, 2);
    await watchExpire(server, document.sid, document);
  });

  test('ends everything about a document at one moment', async () => {
    const document = await createWithTtl(server, 1, { UniqueName: 'ends' });
    await watchExpire(server, 'ends', document);
    const bySid = await server.get(`${DOCUMENTS}/${document.sid}`);
    assert.deepEqual([bySid.status, bySid.json.code], [404, 54100]);
    const updated = await server.post(`${DOCUMENTS}/ends`, { Data: '{}' });
    assert.deepEqual([updated.status, updated.json.code], [404, 54300]);
    assert.equal((await server.delete(`${DOCUMENTS}/ends`)).status, 404);
    const { json } = await server.get(`${DOCUMENTS}?PageSize=1000`);
    assert.ok(!json.documents.some(({ sid }) => sid === document.sid));
  });

  test('frees the name at the moment when the document is gone', async () => {
    const document = await createWithTtl(server, 1, { UniqueName: 'free' });
    for (;;) {
      const looked = await server.get(`${DOCUMENTS}/free`);
      const created = await server.post(DOCUMENTS, { UniqueName: 'free', Data: '{"new":true}' });
      if (created.status === 201) {
        assert.ok(Date.now() >= document.from);
        assert.notEqual(created.json.sid, document.sid);
        assert.equal(created.json.revision, '0');
        break;
      }
      assert.equal(created.status, 409);
      assert.equal(looked.status, 200, 'invisible, yet its name is taken');
      await pause(POLL_MS);
    }
    await until(document.to + LATE_MS);
    const { json } = await server.get(`${DOCUMENTS}/free`);
    assert.deepEqual(json.data, { new: true }, 'the new one has nothing of the old one’s end');
  });

  test('is not moved by new data', async () => {
    const document = await createWithTtl(server, 2);
    const updated = await server.post(`${DOCUMENTS}/${document.sid}`, { Data: '{"n":1}' });
    assert.equal(updated.json.date_expires, document.date_expires);
    await watchExpire(server, document.sid, document);
  });

  test('can be taken back, made longer, and made shorter', async () => {
    const never = await createWithTtl(server, 1);
    const later = await createWithTtl(server, 1);
    const sooner = await createWithTtl(server, 3600);
    const update = (document, Ttl) => server.post(`${DOCUMENTS}/${document.sid}`, { Ttl });
    assert.equal((await update(never, 0)).json.date_expires, null);
    assert.equal((await update(later, 3600)).status, 200);
    const begun = Date.now();
    assert.equal((await update(sooner, 1)).status, 200);
    await watchExpire(server, sooner.sid, lifeOf(1, begun, Date.now()));
    await until(Math.max(never.to, later.to) + LATE_MS);
    for (const { sid } of [never, later])
      assert.equal((await server.get(`${DOCUMENTS}/${sid}`)).status, 200);
  });

  test('ends many at once', async () => {
    const service = (await server.post('/v1/Services', {})).json;
    const documents = `/v1/Services/${service.sid}/Documents`;
    const agents = Array.from({ length: 8 }, connection);
    const create = (i) =>
      server.post(documents, { Ttl: 2, UniqueName: `one of many ${i}` }, { agent: agents[i % 8] });
    const created = await Promise.all(Array.from({ length: 400 }, (_, i) => create(i)));
    for (const { status } of created) assert.equal(status, 201);
    await until(Date.now() + 2000 + LATE_MS);
    assert.deepEqual((await server.get(documents)).json.documents, []);
    const again = await Promise.all(Array.from({ length: 400 }, (_, i) => create(i)));
    for (const { status } of again) assert.equal(status, 201);
    for (const agent of agents) agent.destroy();
  });

  test('may be as long as a year, and shows when it ends', async () => {
    const { json } = await server.post(DOCUMENTS, { Ttl: 31_536_000 });
    const lifetime = (Date.parse(json.date_expires) - Date.parse(json.date_created)) / 1000;
    assert.equal(lifetime, 31_536_000);
  });
});

describe('a time to live over a restart', { concurrency: true }, () => {
  for (const [how, end] of [
    ['stopped', (server) => server.stop()],
    ['killed', (server) => server.killHard()],
  ])
    test(`goes on when the server is ${how}`, async (t) => {
      const server = await Server.startFor(t);
      const short = await createWithTtl(server, 1, { UniqueName: 'short' });
      const long = await createWithTtl(server, 8, { UniqueName: 'long' });
      await end(server);
      await until(short.to);
      await server.launch();

      const missing = await server.get(`${DOCUMENTS}/short`);
      assert.equal(missing.status, 404, 'at the first look it is gone');
      const listed = (await server.get(DOCUMENTS)).json.documents.map(({ sid }) => sid);
      assert.ok(!listed.includes(short.sid));
      const again = await server.post(DOCUMENTS, { UniqueName: 'short' });
      assert.equal(again.status, 201, 'its name is free');

      await watchExpire(server, 'long', long);
      assert.equal((await server.get(`${DOCUMENTS}/short`)).json.sid, again.json.sid);
    });

  test('that was taken back stays taken back', async (t) => {
    const server = await Server.startFor(t);
    const document = await createWithTtl(server, 1);
    await server.post(`${DOCUMENTS}/${document.sid}`, { Ttl: 0 });
    await server.killHard();
    await until(document.to);
    await server.launch();
    assert.equal((await server.get(`${DOCUMENTS}/${document.sid}`)).status, 200);
  });
});
