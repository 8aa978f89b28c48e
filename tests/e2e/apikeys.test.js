'use strict';
// What an API key may not do: manage keys. Whoever got hold of one must be out when it is deleted.

const assert = require('node:assert/strict');
const { test, before, after } = require('node:test');
const { Server, ACCOUNT } = require('./support/server.js');
const { assertProblem } = require('./support/shapes.js');

const KEYS = `/2010-04-01/Accounts/${ACCOUNT}/Keys`;

let server;
before(async () => (server = await Server.start()));
after(() => server.destroy());

async function newKey() {
  const { status, json } = await server.post(KEYS, { FriendlyName: 'worker' });
  assert.equal(status, 201);
  return { ...json, auth: [json.sid, json.secret] };
}

const everyRequestAbout = (sid) => [
  ['POST', KEYS, { FriendlyName: 'mine' }],
  ['POST', `${KEYS}.json`, {}],
  ['GET', KEYS],
  ['GET', `${KEYS}.json?PageSize=1`],
  ['GET', `${KEYS}/${sid}`],
  ['GET', `${KEYS}/${sid}.json`],
  ['POST', `${KEYS}/${sid}`, { FriendlyName: 'renamed' }],
  ['DELETE', `${KEYS}/${sid}`],
];

test('a key manages no keys, not even itself', async () => {
  const key = await newKey();
  const other = await newKey();
  for (const { sid } of [key, other])
    for (const [method, target, form] of everyRequestAbout(sid))
      assertProblem(await server.request(method, target, { form, auth: key.auth }), 403, 20403);
  const { keys } = (await server.get(KEYS)).json;
  assert.deepEqual(keys.map(({ sid }) => sid).sort(), [key.sid, other.sid].sort());
  assert.ok(keys.every(({ friendly_name: name }) => name === 'worker'));
});

test('a key is told so before what is wrong with its request', async () => {
  const { auth } = await newKey();
  const FriendlyName = 'x'.repeat(65);
  assertProblem(await server.post(KEYS, { FriendlyName }, { auth }), 403, 20403);
  assertProblem(await server.get(`${KEYS}?PageSize=0`, { auth }), 403, 20403);
});

test('a key that was deleted is not told even that', async () => {
  const key = await newKey();
  assert.equal((await server.delete(`${KEYS}/${key.sid}`)).status, 204);
  for (const [method, target, form] of everyRequestAbout(key.sid))
    assertProblem(await server.request(method, target, { form, auth: key.auth }), 401, 20003);
});

test('a key does all else that the account does', async () => {
  const { auth } = await newKey();
  const service = await server.post('/v1/Services', { FriendlyName: 'by key' }, { auth });
  assert.equal(service.status, 201);
  assert.equal((await server.delete(`/v1/Services/${service.json.sid}`, { auth })).status, 204);
  const token = await server.post('/console/tokens', { identity: 'alice' }, { auth });
  assert.equal(token.status, 201);
});
