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

test('clients: a bad key and a key of another write are refused, and nothing is changed', async (t) => {
  const alice = await Connection.start(server, office.token('alice'));
  t.after(() => alice.close());
  const { body: made } = await alice.http('POST', '/v3/Documents', { body: { data: { n: 1 } } });
  const path = `/v3/Documents/${made.sid}`;
  const write = (key, n, method = 'POST') =>
    alice.http(method, path, { headers: { 'idempotency-key': key }, body: { data: { n } } });
  for (const key of ['', 'a b', 'k'.repeat(256), 'ä', [''], ['a b', 'c']]) {
    const { status, body } = await write(key, 5);
    assert.deepEqual([status, body.code], [400, 20422], JSON.stringify(key));
    assert.match(body.message, /Idempotency-Key/);
  }
  const longest = '~'.repeat(255);
  const first = await write(longest, 2);
  assert.equal(first.status, 200);
  assert.deepEqual((await write([longest], 2)).body, first.body);
  for (const again of [await write(longest, 3), await write(longest, 2, 'DELETE')]) {
    assert.deepEqual([again.status, again.body.code], [422, 20422]);
    assert.match(again.body.message, /another request/);
  }
  assert.equal((await write(null, 6)).status, 200);
  const { body } = await alice.http('GET', path, { headers: { 'Idempotency-Key': 'a b' } });
  assert.deepEqual([body.data, body.revision], [{ n: 6 }, '2']);
});

test('many repeats on their way at a time, over packets and REST, are one write each', async (t) => {
  const REPEATS = 20;
  const clients = await Promise.all(
    Array.from({ length: 4 }, () => Connection.start(server, office.token('alice'))),
  );
  t.after(() => clients.forEach((client) => client.close()));
  const { body: list } = await clients[0].http('POST', '/v3/Lists', { body: {} });
  const push = (i) =>
    clients[i % clients.length].http('POST', `/v3/Lists/${list.sid}/Items`, {
      headers: { 'Idempotency-Key': 'burst' },
      body: { data: {} },
    });
  const post = () => rest('POST', `/Lists/${list.sid}/Items`, 'burst', { Data: '{}' });
  const all = (what) => Promise.all(Array.from({ length: REPEATS }, (_, i) => what(i)));
  for (const [first, ...others] of await Promise.all([all(push), all(post)])) {
    assert.equal(first.status, 201);
    for (const { status, body } of others)
      assert.deepEqual([status, body], [first.status, first.body]);
  }
  assert.equal((await service.syncLists(list.sid).syncListItems.list()).length, 2);
});

test('clients: what was done is answered though the object and the right to it are gone', async (t) => {
  const closed = await office.rest.sync.v1.services.create({ aclEnabled: true });
  const alice = await Connection.start(
    server,
    office.token('alice', { service: closed.sid }),
  );
  t.after(() => alice.close());
  const { body: map } = await alice.http('POST', '/v3/Maps', { body: {} });
  const put = () =>
    alice.http('PUT', `/v3/Maps/${map.sid}/Items/k`, {
      headers: { 'Idempotency-Key': 'put' },
      body: { data: {} },
    });
  const remove = () =>
    alice.http('DELETE', `/v3/Maps/${map.sid}`, { headers: { 'Idempotency-Key': 'remove' } });
  const first = await put();
  assert.equal(first.status, 201);
  assert.deepEqual([(await remove()).status, (await remove()).status], [204, 204]);
  const again = await put();
  assert.deepEqual([again.status, again.body], [first.status, first.body]);
});

test('a server that was started anew says that it does not know', async (t) => {
  const mortal = await Server.startFor(t);
  const desk = await Office.openFor(t, mortal);
  const open = async () => {
    const connection = await Connection.open(mortal);
    const { header } = await connection.request({ method: 'init', token: desk.token('alice') });
    t.after(() => connection.close());
    return [connection, header.debug_info.time_ms, header.debug_info.boot_id];
  };
  const [before, beforeMs, boot] = await open();
  assert.equal((await open())[2], boot);
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
  const [after, afterMs, otherBoot] = await open();
  assert.notEqual(otherBoot, boot);
  const unknown = await say(after, beforeMs);
  assert.deepEqual([unknown.status, unknown.body.code], [409, 20409]);
  assert.equal((await say(after, afterMs)).status, 201);
});
