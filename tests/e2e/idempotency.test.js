'use strict';
// Idempotency-Key: a write that is sent again is answered again, and done once.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { Connection } = require('./support/packets.js');
const { Office } = require('./support/sdk.js');
const { Server } = require('./support/server.js');

let office, server, service;

before(async () => {
  office = await Office.withServer();
  server = office.server;
  service = office.rest.sync.v1.services('default');
});

after(() => office.leave());

const authorization = ({ auth }) => `Basic ${Buffer.from(auth.join(':')).toString('base64')}`;

async function rest(method, path, key, fields = {}, to = server) {
  const response = await fetch(`${to.base}/v1/Services/default${path}`, {
    method,
    headers: {
      Authorization: authorization(to),
      ...(key === undefined ? {} : { 'Idempotency-Key': key }),
    },
    body: method === 'POST' || method === 'PUT' ? new URLSearchParams(fields) : undefined,
  });
  const text = await response.text();
  return {
    status: response.status,
    etag: response.headers.get('etag'),
    body: text && JSON.parse(text),
  };
}

test('REST: the same answer, and one item', async () => {
  await service.syncLists.create({ uniqueName: 'l' });
  const first = await rest('POST', '/Lists/l/Items', 'one', { Data: '{"n":1}' });
  const again = await rest('POST', '/Lists/l/Items', 'one', { Data: '{"n":1}' });
  assert.equal(first.status, 201);
  assert.deepEqual(again, first);
  assert.equal((await service.syncLists('l').syncListItems.list()).length, 1);
});

test('REST: every answer as it was, though the object has moved on', async () => {
  const made = await rest('POST', '/Documents', 'make', { UniqueName: 'd', Data: '{"n":1}' });
  const changed = await rest('POST', '/Documents/d', 'change', { Data: '{"n":2}' });
  await rest('POST', '/Documents/d', undefined, { Data: '{"n":3}' });
  assert.deepEqual(await rest('POST', '/Documents/d', 'change', { Data: '{"n":2}' }), changed);
  assert.deepEqual(
    await rest('POST', '/Documents', 'make', { UniqueName: 'd', Data: '{"n":1}' }),
    made,
  );
  assert.deepEqual((await service.documents('d').fetch()).data, { n: 3 });
  const gone = await rest('DELETE', '/Documents/d', 'remove');
  assert.deepEqual(
    [gone, await rest('DELETE', '/Documents/d', 'remove')].map(({ status }) => status),
    [204, 204],
  );
  assert.equal((await rest('DELETE', '/Documents/d', 'other')).status, 404);
});

test('REST: a map item that was created stays created', async () => {
  await service.syncMaps.create({ uniqueName: 'm' });
  const put = () => rest('PUT', '/Maps/m/Items/k', 'put', { Data: '{}' });
  const [first, again] = [await put(), await put()];
  assert.equal(first.status, 201);
  assert.deepEqual(again, first);
});

test('a key for another write is refused, a bad key too, and nothing is changed', async () => {
  await rest('POST', '/Documents', undefined, { UniqueName: 'e', Data: '{"n":1}' });
  await rest('POST', '/Documents/e', 'mine', { Data: '{"n":2}' });
  const other = await rest('POST', '/Documents/e', 'mine', { Data: '{"n":5}' });
  assert.deepEqual([other.status, other.body.code], [422, 20422]);
  for (const key of ['', 'a b', 'k'.repeat(256)]) {
    const bad = await rest('POST', '/Documents/e', key, { Data: '{"n":5}' });
    assert.deepEqual([bad.status, bad.body.code], [400, 20422], key);
  }
  assert.deepEqual((await service.documents('e').fetch()).data, { n: 2 });
  assert.equal((await rest('GET', '/Documents/e', 'mine')).status, 200);
});

test('clients: over another connection, without a second event, isolated by identity', async (t) => {
  const start = async (identity) => {
    const connection = await Connection.start(server, office.token(identity));
    t.after(() => connection.close());
    return connection;
  };
  const [one, two, bob] = [await start('alice'), await start('alice'), await start('bob')];
  const { body: list } = await one.http('POST', '/v3/Lists', { body: {} });
  await bob.subscribe([{ object_sid: list.sid, object_type: 'list' }]);
  await bob.event('subscription_established', (event) => event.object_sid === list.sid);
  const push = (connection, key) =>
    connection.http('POST', `/v3/Lists/${list.sid}/Items`, {
      headers: { 'Idempotency-Key': key },
      body: { data: { n: 1 } },
    });
  const [first, again] = [await push(one, 'k'), await push(two, 'k')];
  assert.deepEqual([again.status, again.body], [201, first.body]);
  assert.equal((await push(bob, 'k')).body.index, 1);
  assert.equal((await push(two, 'l')).body.index, 2);
  await bob.event('list_item_added', (event) => event.item_index === 2);
  const added = bob.events().filter(([type]) => type === 'list_item_added');
  assert.deepEqual(
    added.map(([, event]) => event.item_index),
    [0, 2],
  );
});

test('a server that was started anew says that it does not know', async (t) => {
  const mortal = await Server.startFor(t);
  const desk = await Office.openFor(t, mortal);
  const open = async () => {
    const connection = await Connection.open(mortal);
    const { header } = await connection.request({ method: 'init', token: desk.token('alice') });
    t.after(() => connection.close());
    return [connection, header.debug_info.time_ms];
  };
  const [before, beforeMs] = await open();
  assert.ok(Math.abs(Date.now() - beforeMs) < 60_000);
  const { body: stream } = await before.http('POST', '/v3/Streams', { body: {} });
  const say = (connection, sentMs) =>
    connection.http('POST', `/v3/Streams/${stream.sid}/Messages`, {
      headers: { 'Idempotency-Key': 'k', 'Tutti-First-Sent': String(sentMs) },
      body: { data: {} },
    });
  assert.equal((await say(before, beforeMs)).status, 201);
  await mortal.stop();
  await mortal.launch();
  const [after, afterMs] = await open();
  const unknown = await say(after, beforeMs);
  assert.deepEqual([unknown.status, unknown.body.code], [409, 20409]);
  assert.equal((await say(after, afterMs)).status, 201);
});
