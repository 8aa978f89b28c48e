'use strict';
// The client protocol, packet by packet: what the SDKs of today and of old depend on.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, test } = require('node:test');
const { Connection } = require('./support/packets.js');
const { Office } = require('./support/sdk.js');
const { Server } = require('./support/server.js');

let server, office, service, alice, bob;

before(async () => {
  server = await Server.start();
  office = await Office.open(server);
  service = office.rest.sync.v1.services('default');
  [alice, bob] = await Promise.all(
    ['alice', 'bob'].map((identity) => Connection.start(server, office.token(identity))),
  );
});

after(async () => {
  alice.close();
  bob.close();
  await server.destroy();
});

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function assertDates(body, expires = null) {
  assert.match(body.date_created, DATE);
  assert.match(body.date_updated, DATE);
  if (expires) assert.match(body.date_expires, DATE);
  else assert.equal(body.date_expires, null);
}

async function prefixes() {
  const { sid } = await service.fetch();
  return ['/v3', `/v3/Services/${sid}`, '/v3/Services/default'];
}

async function established(connection, object, since = null) {
  const type = { ET: 'document', ES: 'list', MP: 'map', TO: 'stream' }[object.slice(0, 2)];
  await connection.subscribe([{ object_sid: object, object_type: type, last_event_id: since }]);
  const [, event] = await connection.event('subscription_established', (e) => e.object_sid === object);
  return event;
}

// --- requests ---

for (const [folder, letters, links] of [
  ['Documents', 'ET', []],
  ['Lists', 'ES', ['items', 'context']],
  ['Maps', 'MP', ['items']],
  ['Streams', 'TO', ['messages']],
]) {
  test(`${folder} in all spellings: created, read, given a time to live, removed`, async () => {
    for (const [at, prefix] of (await prefixes()).entries()) {
      const name = `${folder}-${at}`;
      const asked = { unique_name: name, data: { n: 1 } };
      const made = await alice.http('POST', `${prefix}/${folder}`, { body: asked });
      assert.equal(made.status, 201);
      assert.match(made.body.sid, new RegExp(`^${letters}[0-9a-f]{32}$`));
      assert.deepEqual([made.body.unique_name, made.body.revision], [name, '0']);
      assert.deepEqual([made.body.created_by, made.body.data], ['alice', undefined]);
      assert.deepEqual(Object.keys(made.body.links), links);
      for (const url of [made.body.url, ...Object.values(made.body.links)])
        assert.ok(url.startsWith(`${server.base}/v3/Services/IS`), url);
      assertDates(made.body);
      const path = `${prefix}/${folder}/${at ? made.body.sid : name}`;
      const found = await bob.http('GET', path);
      assert.equal(found.status, 200);
      assert.equal(found.body.last_event_id, made.body.last_event_id);
      assert.deepEqual(found.body.data, folder === 'Documents' ? { n: 1 } : undefined);
      const aged = await alice.http('POST', path, { body: { ttl: 1000 } });
      assert.deepEqual([aged.status, aged.body.data, aged.body.revision], [200, undefined, '0']);
      assertDates(aged.body, true);
      const again = await bob.http('POST', `${prefix}/${folder}`, { body: { unique_name: name } });
      assert.deepEqual([again.status, again.body.code], [409, 54301]);
      const gone = await alice.http('DELETE', path, { body: 'data_sync' });
      assert.deepEqual([gone.status, gone.body], [204, undefined]);
      const missing = await bob.http('GET', path);
      assert.deepEqual([missing.status, missing.body.status], [404, 404]);
    }
  });
}

test('a document is written if its revision is the one that is meant', async () => {
  const { body } = await alice.http('POST', '/v3/Documents', { body: { data: {} } });
  const path = `/v3/Documents/${body.sid}`;
  const set = (headers) => alice.http('POST', path, { body: { data: { n: 1 } }, headers });
  assert.equal((await set({ 'If-Match': '0' })).body.revision, '1');
  const { status, body: problem } = await set({ 'If-Match': ['0'] });
  assert.deepEqual([status, problem.code, problem.status], [412, 54103, 412]);
  assert.equal((await set({})).body.revision, '2');
});

test('an item of a list: index as number, answers without data, removal with a body', async () => {
  const { body: list } = await alice.http('POST', '/v3/Lists', { body: {} });
  const items = `/v3/Lists/${list.sid}/Items`;
  const { status, body: made } = await alice.http('POST', items, { body: { data: { n: 1 } } });
  assert.deepEqual([status, made.index, made.list_sid, made.data], [201, 0, list.sid, undefined]);
  assert.ok(made.last_event_id > list.last_event_id);
  const found = await bob.http('GET', new URL(made.url).pathname);
  assert.deepEqual([found.body.data, found.body.revision], [{ n: 1 }, '0']);
  const headers = { 'If-Match': '7' };
  const refused = await alice.http('POST', `${items}/0`, { body: { data: {} }, headers });
  assert.deepEqual([refused.status, refused.body.code], [412, 54155]);
  const gone = await alice.http('DELETE', `${items}/0`, { body: 'data_sync' });
  assert.deepEqual([gone.status, gone.body.index, gone.body.data], [200, 0, undefined]);
  assert.ok(gone.body.last_event_id > made.last_event_id);
  assert.match(gone.body.date_updated, DATE);
  const missing = await alice.http('POST', `${items}/0`, { body: { data: {} } });
  assert.deepEqual([missing.status, missing.body.code], [404, 54151]);
});

test('an item of a map: put creates or replaces, and never says 404 while there is the map', async () => {
  const { body: map } = await alice.http('POST', '/v3/Maps', { body: {} });
  const items = `/v3/Maps/${map.sid}/Items`;
  const put = (key, headers = {}) =>
    alice.http('PUT', `${items}/${key}`, { body: { data: { n: 1 } }, headers });
  assert.equal((await put('k')).status, 201);
  assert.equal((await put('k')).status, 200);
  assert.deepEqual((await put('k', { 'If-Match': '-1' })).status, 412);
  assert.equal((await put('new', { 'If-Match': '-1' })).status, 201);
  const gone = await put('gone', { 'If-Match': '3' });
  assert.deepEqual([gone.status, gone.body.code], [412, 54205]);
  for (const key of ['..', '.', '%2F', 'a%20b', '%F0%9F%98%80']) {
    const made = await put(key);
    assert.equal(made.body.key, decodeURIComponent(key));
    assert.equal((await bob.http('GET', new URL(made.body.url, server.base).href.slice(server.base.length))).status, 200);
  }
  const named = await alice.http('POST', items, { body: { key: 'k', data: {} } });
  assert.deepEqual([named.status, named.body.code], [409, 54208]);
});

test('a page tells by its tokens whether the collection begins or ends there', async () => {
  const { body: map } = await alice.http('POST', '/v3/Maps', { body: {} });
  const items = `/v3/Maps/${map.sid}/Items`;
  for (const key of 'abcdefghij')
    await alice.http('PUT', `${items}/${key}`, { body: { data: {} } });
  async function page(params) {
    const { status, body } = await bob.http('GET', items, { params });
    assert.equal(status, 200, JSON.stringify(body));
    const { previous_token, next_token } = body.meta;
    return [body.items.map(({ key }) => key).join(''), previous_token, next_token];
  }
  const all = await page({});
  assert.deepEqual(all, ['abcdefghij', null, null]);
  const [first, none, next] = await page({ PageSize: '4' });
  assert.deepEqual([first, none], ['abcd', null]);
  const [second, back, onward] = await page({ PageToken: next, PageSize: 4 });
  assert.equal(second, 'efgh');
  assert.deepEqual((await page({ PageToken: onward, PageSize: '4' }))[0], 'ij');
  assert.deepEqual(await page({ PageToken: back, PageSize: '4' }), ['abcd', null, next]);
  const [from, before, behind] = await page({ From: 'c', PageSize: '3' });
  assert.deepEqual([from, typeof before, typeof behind], ['cde', 'string', 'string']);
  assert.equal((await page({ From: 'c', Bounds: 'exclusive', PageSize: '3' }))[0], 'def');
  assert.deepEqual((await page({ From: 'bb', Order: 'desc' }))[0], 'ba');
  assert.deepEqual(await page({ From: 'a', PageSize: '100' }), ['abcdefghij', null, null]);
  assert.deepEqual(await page({ Key: 'd' }), ['d', null, null]);
  assert.deepEqual(await page({ Key: 'nothing' }), ['', null, null]);
  assert.deepEqual((await page({ From: ['%63'], HideExpired: 'true', PageSize: '1' }))[0], 'c');
});

test('a map comes with its items when asked to', async () => {
  const { body: map } = await alice.http('POST', '/v3/Maps', { body: {} });
  await alice.http('PUT', `/v3/Maps/${map.sid}/Items/k`, { body: { data: { n: 1 } } });
  for (const [path, params] of [
    [`/v3/Maps/${map.sid}?Include=items`, {}],
    [`/v3/Maps/${map.sid}`, { Include: 'items' }],
  ]) {
    const { body } = await bob.http('GET', path, { params });
    assert.deepEqual(body.items.map(({ key, data }) => [key, data]), [['k', { n: 1 }]]);
  }
});

test('what makes no sense is refused as it would be over REST', async () => {
  for (const [method, path, body, status, code] of [
    ['GET', '/v3/Nothing', undefined, 404, 20404],
    ['PATCH', '/v3/Documents', undefined, 405, 20004],
    ['GET', '/v3/Services/IS00000000000000000000000000000000/Documents/d', undefined, 404, 54050],
    ['POST', '/v3/Documents', '{"data":[1]}', 400, 54101],
    ['POST', '/v3/Documents', 'nonsense', 400, 20001],
    ['POST', '/v3/Documents', '{"ttl":-5}', 400, 54011],
    ['POST', '/v3/Documents', '{"unique_name":""}', 400, 54302],
  ]) {
    const answer = await alice.http(method, path, { body });
    assert.deepEqual([answer.status, answer.body.status], [status, status], `${method} ${path}`);
    if (code !== 20001) assert.equal(answer.body.code, code, `${method} ${path} ${body}`);
    assert.equal(typeof answer.body.message, 'string');
  }
});

test('the mobile SDKs find their way', async () => {
  const { body } = await alice.http('GET', '/v3/Configuration');
  for (const name of ['documents', 'maps', 'map_items', 'map_item', 'lists', 'list_items'])
    assert.ok(body.links[name].startsWith(`${server.base}/v3/Services/IS`), name);
  assert.equal(body.links.subscriptions, `${server.base}/v4/Subscriptions`);
  assert.ok(body.links.stream_messages.endsWith('/{streamId}/Messages'));
});

// --- subscriptions ---

test('a subscription goes on from the last event that the client knows', async () => {
  const { body: list } = await alice.http('POST', '/v3/Lists', { body: {} });
  const ids = [];
  for (let n = 0; n < 200; n++) {
    const { body } = await alice.http('POST', `/v3/Lists/${list.sid}/Items`, { body: { data: { n } } });
    ids.push(body.last_event_id);
  }
  const event = await established(bob, list.sid, ids[49]);
  assert.deepEqual([event.object_type, event.replay_status], ['list', 'completed']);
  assert.equal(event.last_event_id, ids.at(-1));
  const seen = bob.events().filter(([, e]) => e.list_sid === list.sid);
  assert.deepEqual(seen.map(([type, e]) => [type, e.id, e.item_index, e.item_data]), 
    ids.slice(50).map((id, at) => ['list_item_added', id, at + 50, { n: at + 50 }]));
  const [, one] = seen[0];
  assert.match(one.item_url, /^http:\/\/127\.0\.0\.1:\d+\/v3\/Services\/IS\w+\/Lists\/ES\w+\/Items\/50$/);
  assert.deepEqual([one.item_revision, one.date_expires], ['0', null]);
  assert.match(one.date_created, DATE);
  const order = bob.events().map(([type]) => type);
  assert.ok(order.lastIndexOf('list_item_added') < order.lastIndexOf('subscription_established'));
});

test('of a document the newest state is enough; of a stream there is nothing to catch up with', async () => {
  const { body: made } = await alice.http('POST', '/v3/Documents', { body: { data: {} } });
  for (let n = 0; n < 3; n++)
    await alice.http('POST', `/v3/Documents/${made.sid}`, { body: { data: { n } } });
  await established(bob, made.sid, made.last_event_id);
  const seen = bob.events().filter(([, e]) => e.document_sid === made.sid);
  assert.deepEqual(seen.map(([type, e]) => [type, e.document_revision, e.document_data]), [
    ['document_updated', '3', { n: 2 }],
  ]);
  const { body: stream } = await alice.http('POST', '/v3/Streams', { body: {} });
  assert.equal((await established(bob, stream.sid)).last_event_id, null);
});

test('what is not there fails with 404, and is cancelled all the same', async () => {
  const missing = `MP${'0'.repeat(32)}`;
  const asked = [{ object_sid: missing, object_type: 'map', last_event_id: 1 }];
  const answer = await alice.subscribe(asked, { correlation: 31 });
  assert.deepEqual([answer.ttl_in_s, answer.estimated_delivery_in_ms > 0], [-1, true]);
  const isIt = (event) => event.object_sid === missing;
  const [, event, payload] = await alice.event('subscription_failed', isIt);
  assert.deepEqual([event.error.status, event.error.code], [404, 54200]);
  assert.deepEqual([payload.correlation_id, payload.event_protocol_version], [31, 4]);
  await alice.subscribe([{ object_sid: missing, object_type: 'map' }], { action: 'cancel' });
  await alice.event('subscription_canceled', isIt);
});

test('nonsense in a subscription is answered with 200', async () => {
  for (const body of [{}, { requests: 7 }, { requests: [1, {}, { object_sid: 5 }] }, undefined]) {
    const { status } = await alice.http('POST', '/v4/Subscriptions', { body });
    assert.equal(status, 200);
  }
});

test('the author hears where its list has got to, not what it did; another hears all', async () => {
  const { body: map } = await alice.http('POST', '/v3/Maps', { body: {} });
  const twin = await Connection.start(server, office.token('alice'));
  await Promise.all([alice, bob, twin].map((connection) => established(connection, map.sid)));
  const path = `/v3/Maps/${map.sid}/Items/k`;
  const { body: made } = await alice.http('PUT', path, { body: { data: { n: 1 } } });
  const { body: gone } = await alice.http('DELETE', path);
  const of = (connection) =>
    connection.events().filter(([, e]) => e.map_sid === map.sid).map(([type, e]) => [type, e.id]);
  const isLast = (event) => event.id === gone.last_event_id;
  await alice.event('map_position', isLast);
  for (const other of [bob, twin]) {
    const [, event] = await other.event('map_item_removed', isLast);
    assert.deepEqual(event.item_data, { n: 1 });
    assert.deepEqual(of(other), [
      ['map_item_added', made.last_event_id],
      ['map_item_removed', gone.last_event_id],
    ]);
  }
  assert.deepEqual(of(alice), [
    ['map_position', made.last_event_id],
    ['map_position', gone.last_event_id],
  ]);
  twin.close();
});

test('what a session wrote before it subscribed it is not told again', async () => {
  const { body: list } = await alice.http('POST', '/v3/Lists', { body: {} });
  const items = `/v3/Lists/${list.sid}/Items`;
  const { body: made } = await alice.http('POST', items, { body: { data: {} } });
  await alice.http('DELETE', `${items}/0`);
  await established(alice, list.sid, list.last_event_id);
  const seen = alice.events().filter(([, e]) => e.list_sid === list.sid);
  assert.deepEqual(seen.map(([type]) => type), ['list_position', 'list_position']);
  assert.equal(seen[0][1].id, made.last_event_id);
});

test('an answer comes before the event of it', async () => {
  const { body: map } = await alice.http('POST', '/v3/Maps', { body: {} });
  await established(alice, map.sid);
  const before = alice.received.length;
  const { after: seen } = await alice.http('PUT', `/v3/Maps/${map.sid}/Items/k`, { body: { data: {} } });
  assert.equal(seen, before);
  await alice.event('map_position', (event) => event.map_sid === map.sid);
});

test('events that follow one another come together, in their order', async () => {
  const { body: list } = await alice.http('POST', '/v3/Lists', { body: {} });
  await established(bob, list.sid);
  const items = `/v3/Lists/${list.sid}/Items`;
  const count = 100;
  await Promise.all(Array.from({ length: count }, (_, n) =>
    alice.http('POST', items, { body: { data: { n } } })));
  await bob.event('list_item_added', (e) => e.list_sid === list.sid && e.item_index === count - 1);
  const seen = bob.events().filter(([, e]) => e.list_sid === list.sid);
  assert.deepEqual(seen.map(([, e]) => e.item_index), Array.from({ length: count }, (_, n) => n));
  const packets = new Set(seen.map(([, , payload]) => payload));
  assert.ok(packets.size < count / 2, `${packets.size} packets`);
});

test('a cancelled subscription hears nothing more', async () => {
  const { body: made } = await alice.http('POST', '/v3/Documents', { body: { data: {} } });
  await established(bob, made.sid);
  await bob.subscribe([{ object_sid: made.sid, object_type: 'document' }], { action: 'cancel' });
  await bob.event('subscription_canceled', (event) => event.object_sid === made.sid);
  await alice.http('POST', `/v3/Documents/${made.sid}`, { body: { data: { n: 1 } } });
  const { body } = await bob.http('GET', `/v3/Documents/${made.sid}`);
  assert.deepEqual(body.data, { n: 1 });
  assert.ok(!bob.events().some(([, event]) => event.document_sid === made.sid));
});

test('clients of old get one event a packet', async () => {
  const old = await Connection.start(server, office.token('old'));
  const { body: made } = await alice.http('POST', '/v3/Documents', { body: { data: {} } });
  await old.subscribe([{ object_sid: made.sid, object_type: 'document', last_event_id: null }], {
    version: 3,
  });
  const [, , established3] = await old.event('subscription_established');
  assert.deepEqual([established3.event.object_sid, established3.events], [made.sid, undefined]);
  await alice.http('POST', `/v3/Documents/${made.sid}`, { body: { data: { n: 1 } } });
  const [, , payload] = await old.event('document_updated');
  assert.equal(payload.event_protocol_version, 3);
  old.close();
});

test('more subscriptions than a session may have fail with 429', async (t) => {
  const small = await Server.startFor(t, { args: ['--session-subscriptions-max', '2'] });
  const desk = await Office.open(small);
  const connection = await Connection.start(small, desk.token('alice'));
  const made = [];
  for (let n = 0; n < 3; n++)
    made.push((await connection.http('POST', '/v3/Documents', { body: {} })).body.sid);
  await connection.subscribe(made.map((sid) => ({ object_sid: sid, object_type: 'document' })));
  const [, event] = await connection.event('subscription_failed');
  assert.deepEqual([event.object_sid, event.error.status, event.error.code], [made[2], 429, 51202]);
  connection.close();
});

test('a client that was away for too long is told that it has lost the thread', async (t) => {
  const forgetful = await Server.startFor(t, {
    args: ['--journal-keep-changes', '10', '--journal-keep-s', '0'],
  });
  const desk = await Office.open(forgetful);
  const connection = await Connection.start(forgetful, desk.token('alice'));
  const { body: list } = await connection.http('POST', '/v3/Lists', { body: {} });
  const items = `/v3/Lists/${list.sid}/Items`;
  const reader = await Connection.start(forgetful, desk.token('bob'));
  for (;;) {
    for (let n = 0; n < 100; n++) await connection.http('POST', items, { body: { data: { n } } });
    reader.received.length = 0;
    await reader.subscribe([
      { object_sid: list.sid, object_type: 'list', last_event_id: list.last_event_id },
    ]);
    const [type, event] = await Promise.race([
      reader.event('subscription_failed'),
      reader.event('subscription_established'),
    ]);
    if (type === 'subscription_established') continue; // nothing has been dropped so far
    assert.deepEqual([event.error.status, event.error.code], [410, 20410]);
    break;
  }
  reader.close();
  connection.close();
});

// --- packets ---

test('ping, telemetry, contexts and unknown methods are borne', async () => {
  for (const method of ['ping', 'put_notification_ctx', 'delete_notification_ctx', 'unknown']) {
    const { header } = await alice.request({ method, notification_ctx_id: 'x' });
    assert.equal(header.status.code, 200, method);
  }
  alice.send({ method: 'telemetry.v1', id: 'TM-t', events: [] });
  assert.equal((await alice.http('GET', '/v3/Configuration')).status, 200);
});

test('nothing is answered to whoever has not introduced himself', async () => {
  const stranger = await Connection.open(server);
  const { header } = await stranger.request({
    method: 'message',
    http_request: { path: '/v3/Configuration', method: 'GET' },
  });
  assert.equal(header.status.code, 401);
  stranger.close();
});

test('a packet that is none ends the session with 406', async () => {
  for (const bytes of ['garbage', 'TWILSOCK V3.0 5\r\n{}\r\n', 'TWILSOCK V3.0 2\r\n[]\r\n', '']) {
    const connection = await Connection.open(server);
    connection.socket.send(Buffer.from(bytes));
    await once(connection.socket, 'close');
    const { method, status } = connection.received[0].header;
    assert.deepEqual([method, status.code, status.errorCode], ['close', 406, 51214], bytes);
  }
});
