'use strict';
// Access tokens: who is let in, for how long, and what the SDK and the protocol say to the others.

const assert = require('node:assert/strict');
const { createHmac } = require('node:crypto');
const { once } = require('node:events');
const { after, before, test } = require('node:test');
const { eventually } = require('./support/eventually.js');
const { Connection } = require('./support/packets.js');
const { Office, connected } = require('./support/sdk.js');
const { Server, run } = require('./support/server.js');

let server, office;

before(async () => {
  office = await Office.withServer();
  server = office.server;
});

after(() => office.leave());

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

// A token whose claims and header are as good as any, but for what the test says.
function forge(claims = {}, header = {}, secret = office.key.secret) {
  const now = Math.floor(Date.now() / 1000);
  const grants = { identity: 'eve', data_sync: { service_sid: 'default' } };
  const body = {
    jti: `${office.key.sid}-${now}`,
    iss: office.key.sid,
    sub: office.account,
    iat: now,
    exp: now + 3600,
    grants,
    ...claims,
  };
  const text = `${encode({ typ: 'JWT', alg: 'HS256', cty: 'twilio-fpa;v=1', ...header })}.${encode(body)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

async function init(token) {
  const connection = await Connection.open(server);
  const reply = await connection.request({ method: 'init', token });
  connection.close();
  return reply.header.status;
}

const now = () => Math.floor(Date.now() / 1000);

for (const [what, code, token] of [
  ['garbage', 20101, () => 'garbage'],
  ['no token at all', 20101, () => ''],
  ['another type', 20102, () => forge({}, { typ: 'JOT' })],
  ['an algorithm that is none', 20102, () => forge({}, { alg: 'none' })],
  ['an issuer that is no key', 20103, () => forge({ iss: 'me' })],
  ['another account', 20103, () => forge({ sub: `AC${'0'.repeat(32)}` })],
  ['one that has expired', 20104, () => forge({ iat: now() - 20, exp: now() - 10 })],
  ['one that is not valid yet', 20105, () => forge({ nbf: now() + 100 })],
  ['no identity', 20106, () => forge({ grants: { data_sync: { service_sid: 'default' } } })],
  ['no grant of Sync', 20106, () => forge({ grants: { identity: 'eve' } })],
  [
    'a service that is not there',
    20106,
    () => forge({ grants: { identity: 'eve', data_sync: { service_sid: `IS${'0'.repeat(32)}` } } }),
  ],
  ['another signature', 20107, () => forge({}, {}, 'not the secret')],
  ['more than a day', 20157, () => forge({ exp: now() + 90_000 })],
]) {
  test(`refused: ${what}`, async () => {
    const status = await init(token());
    assert.deepEqual([status.code, status.status, status.errorCode], [401, 'UNAUTHORIZED', code]);
  });
}

for (const algorithm of ['HS256', 'HS384', 'HS512'])
  test(`the helper package's token with ${algorithm} lets in`, async () => {
    assert.equal((await init(office.token('alice', { algorithm }))).code, 200);
  });

test('the token that `tutti token` prints lets in', async () => {
  const { stdout } = await run(
    ['token', '--identity', 'alice', '--data', server.data, '--account-sid', office.account],
    {},
  );
  assert.equal((await init(stdout.trim())).code, 200);
});

test('the init reply says what clients need', async () => {
  const connection = await Connection.open(server);
  const { header } = await connection.request({ method: 'init', token: office.token('alice') });
  const { account_sid, identity, instance_sids } = header.account_descriptor;
  assert.deepEqual([account_sid, identity], [office.account, 'alice']);
  assert.match(instance_sids.data_sync, /^IS[0-9a-f]{32}$/);
  assert.equal(typeof header.continuation_token, 'string');
  assert.equal(typeof header.offline_storage.data_sync.storage_id, 'string');
  assert.equal(typeof header.debug_info.time_ms, 'number');
  assert.match(header.debug_info.boot_id, /^[0-9a-f]{16}$/);
  assert.ok(!header.capabilities.includes('telemetry.v1'));
  connection.close();
});

test('the SDK is told that its token expires and that it has; a new one brings it back', async () => {
  const client = office.client('short', { token: office.token('short', { ttl: 3 }) });
  const expiring = once(client, 'tokenAboutToExpire');
  const expired = once(client, 'tokenExpired');
  await connected(client);
  const document = await client.document('short');
  await expiring;
  await expired;
  await client.updateToken(office.token('short'));
  await connected(client);
  await document.set({ back: true });
});

test('when a token expires the connection is closed plainly, and the token let in no more', async () => {
  const token = office.token('brief', { ttl: 2 });
  const connection = await Connection.start(server, token);
  const { header } = await connection.packet('client_update');
  assert.equal(header.client_update_type, 'token_about_to_expire');
  await once(connection.socket, 'close');
  assert.ok(!connection.received.some(({ header: { method } }) => method === 'close'));
  const { code, status, errorCode } = await init(token);
  assert.deepEqual([code, status, errorCode], [401, 'UNAUTHORIZED', 20104]);
});

test('a connection lives on with a new token, when the old one has expired', async () => {
  const client = office.client('renewing', { token: office.token('renewing', { ttl: 2 }) });
  const states = [];
  await connected(client);
  client.on('connectionStateChanged', (state) => states.push(state));
  const old = await Connection.start(server, office.token('renewing', { ttl: 2 }));
  const document = await client.document('renewed');
  await client.updateToken(office.token('renewing'));
  await once(old.socket, 'close');
  await document.set({ n: 1 });
  assert.deepEqual(states, []);
});

test('an update is answered with 200, and subscriptions go on', async () => {
  const connection = await Connection.start(server, office.token('alice'));
  const { body } = await connection.http('POST', '/v3/Documents', { body: { data: {} } });
  await connection.subscribe([{ object_sid: body.sid, object_type: 'document' }]);
  await connection.event('subscription_established');
  const { header } = await connection.request({ method: 'update', token: office.token('alice', { ttl: 60 }) });
  assert.equal(header.status.code, 200);
  await office.rest.sync.v1.services('default').documents(body.sid).update({ data: { n: 1 } });
  await connection.event('document_updated', (event) => event.document_data.n === 1);
  connection.close();
});

for (const [what, code, token] of [
  ['garbage', 20101, () => 'garbage'],
  ['an expired token', 20104, () => forge({ iat: now() - 20, exp: now() - 10 })],
  ['a forged token', 20107, () => forge({}, {}, 'not the secret')],
  ["another identity's token", 51215, () => office.token('bob')],
])
  test(`refused as an update: ${what}`, async () => {
    const connection = await Connection.start(server, office.token('eve'));
    const { header } = await connection.request({ method: 'update', token: token() });
    const { code: status, status: text, errorCode } = header.status;
    assert.deepEqual([status, text, errorCode], [401, 'UNAUTHORIZED', code]);
    connection.close();
  });

test("another service's token is no update", async () => {
  const { sid } = await office.rest.sync.v1.services.create({});
  const connection = await Connection.start(server, office.token('eve'));
  const token = office.token('eve', { service: sid });
  const { header } = await connection.request({ method: 'update', token });
  assert.deepEqual([header.status.code, header.status.errorCode], [401, 51215]);
  connection.close();
});

test('a continuation token is taken back, whatever it says', async () => {
  for (const continuation_token of [null, 'nonsense', 7]) {
    const connection = await Connection.open(server);
    const token = office.token('alice');
    const { header } = await connection.request({ method: 'init', token, continuation_token, tweaks: null });
    assert.equal(header.status.code, 200);
    connection.close();
  }
});

test('the SDK with a bad token is denied, and comes in with a good one', async () => {
  const client = office.client('late', { token: forge({}, {}, 'not the secret') });
  const [{ terminal, errorCode }] = await once(client, 'connectionError');
  assert.deepEqual([terminal, errorCode], [true, 20107]);
  assert.equal(client.connectionState, 'denied');
  await client.updateToken(office.token('late'));
  await connected(client);
});

test('the SDK whose key is removed comes back in with the token of another', async () => {
  const desk = await Office.open(server);
  const client = office.client('moving', { token: desk.token('moving') });
  await connected(client);
  const denied = once(client, 'connectionError');
  await desk.rest.keys(desk.key.sid).remove();
  await denied;
  assert.ok(await eventually(() => client.connectionState === 'denied'));
  await client.updateToken(office.token('moving'));
  await connected(client);
});

test("another's token is no update", async () => {
  const client = office.client('alice');
  await connected(client);
  await assert.rejects(client.updateToken(office.token('bob')), { code: 51130 });
  const connection = await Connection.open(server);
  await connection.request({ method: 'init', token: office.token('alice') });
  const { header } = await connection.request({ method: 'update', token: office.token('bob') });
  assert.deepEqual([header.status.code, header.status.errorCode], [401, 51215]);
  connection.close();
});

test('whoever a removed key let in is put out, and not let in again', async () => {
  const desk = await Office.open(server);
  const connection = await Connection.open(server);
  const token = desk.token('alice');
  assert.equal((await connection.request({ method: 'init', token })).header.status.code, 200);
  const closed = once(connection.socket, 'close');
  await desk.rest.keys(desk.key.sid).remove();
  await closed;
  assert.deepEqual((await init(token)).errorCode, 20103);
});

test('so are the clients of a removed service', async () => {
  const made = await office.rest.sync.v1.services.create({ friendlyName: 'doomed' });
  const connection = await Connection.open(server);
  const token = office.token('alice', { service: made.sid });
  assert.equal((await connection.request({ method: 'init', token })).header.status.code, 200);
  const closed = once(connection.socket, 'close');
  await made.remove();
  await closed;
  assert.ok(await eventually(async () => (await init(token)).errorCode === 20106));
});

test('whoever does not introduce himself in time is cut', async (t) => {
  const hasty = await Server.startFor(t, { args: ['--session-init-timeout-ms', '100'] });
  const connection = await Connection.open(hasty);
  await once(connection.socket, 'close');
});
