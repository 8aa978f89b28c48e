'use strict';
// The client protocol, packet by packet: what the SDKs of today and of old depend on.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, test } = require('node:test');
const { Connection, write } = require('./support/packets.js');
const { Office } = require('./support/sdk.js');
const { Server } = require('./support/server.js');

let server, office, service, alice, bob;

before(async () => {
  office = await Office.withServer();
  server = office.server;
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

const SHARED = ['created_by', 'date_created', 'date_expires', 'date_updated', 'last_event_id'];
const OBJECT = [...SHARED, 'links', 'revision', 'sid', 'unique_name', 'url'];
const ITEM_OF = {
  Lists: [...SHARED, 'index', 'list_sid', 'revision', 'url'],
  Maps: [...SHARED, 'key', 'map_sid', 'revision', 'url'],
};

const pathOf = (url) => url.slice(server.base.length);

function assertFields(body, fields) {
  assert.deepEqual(Object.keys(body).sort(), [...fields].sort());
}

// A new object's SID, with the path of its items behind it for those that have some.
async function create(folder, body = {}, by = alice) {
  const made = await by.http('POST', `/v3/${folder}`, { body });
  assert.equal(made.status, 201);
  return { ...made.body, path: `/v3/${folder}/${made.body.sid}`, items: `/v3/${folder}/${made.body.sid}/Items` };
}

async function push(items, n, by = alice) {
  const made = await by.http('POST', items, { body: { data: { n } } });
  assert.equal(made.status, 201);
  return made.body;
}

test('objects have these fields and no others; data only documents, and only when read', async () => {
  for (const folder of ['Documents', 'Lists', 'Maps', 'Streams']) {
    const { body: made } = await alice.http('POST', `/v3/${folder}`, { body: {} });
    assertFields(made, OBJECT);
    assert.equal(made.unique_name, null);
    const path = pathOf(made.url);
    assertFields((await alice.http('POST', path, { body: { ttl: 60 } })).body, OBJECT);
    const { body: found } = await bob.http('GET', path);
    assertFields(found, folder === 'Documents' ? [...OBJECT, 'data'] : OBJECT);
    if (folder === 'Streams') assert.equal(found.last_event_id, null);
    else assert.ok(Number.isSafeInteger(found.last_event_id));
    const lifted = await alice.http('POST', path, { body: { ttl: 0 } });
    assertDates(lifted.body);
  }
  const { body: made } = await alice.http('POST', '/v3/Documents', { body: { data: { n: 1 } } });
  const written = await alice.http('POST', pathOf(made.url), { body: { data: { n: 2 } } });
  assertFields(written.body, OBJECT);
  assert.ok(written.body.last_event_id > made.last_event_id);
});

for (const folder of ['Lists', 'Maps'])
  test(`items of ${folder} in all spellings: created, read, changed, removed, with these fields`, async () => {
    const isMap = folder === 'Maps';
    const { body: made } = await alice.http('POST', `/v3/${folder}`, { body: {} });
    for (const [at, prefix] of (await prefixes()).entries()) {
      const items = `${prefix}/${folder}/${made.sid}/Items`;
      const name = isMap ? `k${at}` : at;
      const key = isMap ? { key: name } : {};
      const first = await alice.http('POST', items, { body: { ...key, data: { n: 1 } } });
      const path = `${items}/${name}`;
      assert.equal(first.status, 201);
      assert.equal(first.body.created_by, 'alice');
      const data = { body: { data: { n: 2 } }, headers: { 'If-Match': '0' } };
      const second = await bob.http('POST', path, data);
      assert.deepEqual([second.status, second.body.revision], [200, '1']);
      const aged = await bob.http('POST', path, { body: { ttl: 1000 } });
      assert.deepEqual([aged.status, aged.body.revision], [200, '1']);
      assertDates(aged.body, true);
      const answers = [first, second, aged];
      if (isMap) {
        const third = await alice.http('PUT', path, { body: { data: { n: 2 } } });
        assert.deepEqual([third.status, third.body.revision], [200, '2']);
        answers.push(third);
      }
      const found = await alice.http('GET', path);
      assertFields(found.body, [...ITEM_OF[folder], 'data']);
      assert.deepEqual(found.body.data, { n: 2 });
      const gone = await alice.http('DELETE', path, { body: 'data_sync' });
      assert.equal(gone.status, 200);
      const ids = [...answers, gone].map(({ body }) => body.last_event_id);
      assert.deepEqual(ids, [...new Set(ids)].sort((a, b) => a - b), 'ids grow');
      for (const { body } of [...answers, gone]) {
        assertFields(body, ITEM_OF[folder]);
        assert.strictEqual(isMap ? body.key : body.index, name);
        assert.equal(pathOf(body.url).split('/Items/')[1], String(name));
      }
      const code = isMap ? 54201 : 54151;
      for (const [method, body] of [['GET'], ['POST', { data: {} }], ['DELETE', 'data_sync']]) {
        const missing = await alice.http(method, path, { body });
        assert.deepEqual([missing.status, missing.body.code], [404, code], method);
      }
    }
  });

test('what is missing is refused by SID and by name with the code of each kind', async () => {
  const data = { data: {} };
  for (const [folder, letters, code] of [
    ['Documents', 'ET', 54100],
    ['Lists', 'ES', 54150],
    ['Maps', 'MP', 54200],
    ['Streams', 'TO', 54250],
  ]) {
    const bySid = `/v3/${folder}/${letters}${'0'.repeat(32)}`;
    const items = { Lists: `${bySid}/Items`, Maps: `${bySid}/Items`, Streams: `${bySid}/Messages` };
    for (const [method, path, body, wanted = code] of [
      ['GET', bySid],
      ['POST', bySid, { ttl: 1 }],
      ['DELETE', bySid, 'data_sync'],
      ['GET', `/v3/${folder}/nobody`, undefined, 54300],
      ['POST', `/v3/${folder}/nobody`, { ttl: 1 }, 54300],
      ...(items[folder] ? [['POST', items[folder], { ...data, key: 'k' }]] : []),
      ...(folder === 'Maps' ? [['PUT', `${items.Maps}/k`, data]] : []),
    ]) {
      const { status, body: problem } = await alice.http(method, path, { body });
      assert.deepEqual([status, problem.code], [404, wanted], `${method} ${path}`);
      assertFields(problem, ['code', 'message', 'more_info', 'status', 'details']);
    }
  }
});

test('a page of a list goes by index, either way, and has its meta', async () => {
  const { sid, items } = await create('Lists');
  for (let n = 0; n < 12; n++) await push(items, n);
  await alice.http('DELETE', `${items}/5`, { body: 'data_sync' });
  for (const at of [items, `/v3/Services/default/Lists/${sid}/Items`]) {
    async function page(params) {
      const { status, body } = await bob.http('GET', at, { params });
      assert.equal(status, 200, JSON.stringify(body));
      for (const item of body.items) assertFields(item, [...ITEM_OF.Lists, 'data']);
      assertFields(body.meta, ['key', 'next_token', 'page_size', 'previous_token']);
      assert.equal(body.meta.key, 'items');
      const ends = [body.meta.previous_token, body.meta.next_token].map((token) => token === null);
      return [body.items.map(({ index }) => index).join(), ...ends];
    }
    assert.deepEqual(await page({}), ['0,1,2,3,4,6,7,8,9,10,11', true, true]);
    assert.deepEqual(await page({ From: '5', PageSize: '2' }), ['6,7', false, false]);
    assert.deepEqual(await page({ From: '5', Order: 'desc', PageSize: '2' }), ['4,3', false, false]);
    assert.deepEqual(await page({ From: '10', PageSize: '2' }), ['10,11', false, true]);
    assert.deepEqual(await page({ From: '0', Order: 'desc' }), ['0', false, true]);
    assert.deepEqual(await page({ From: '0', PageSize: '10' }), ['0,1,2,3,4,6,7,8,9,10', true, false]);
    assert.deepEqual(await page({ From: '0', PageSize: '1', Bounds: 'exclusive' }), ['1', false, false]);
    assert.deepEqual(await page({ Order: 'desc', PageSize: '2' }), ['11,10', true, false]);
    assert.deepEqual(await page({ From: '99' }), ['', false, true]);
    assert.deepEqual(await page({ Index: '7', From: '1', PageSize: '9' }), ['7', true, true]);
    assert.deepEqual(await page({ Index: '5' }), ['', true, true]);
  }
});

test('the context of a list, messages of a stream and queries in both spellings', async () => {
  const list = await create('Lists');
  const stream = await create('Streams');
  const map = await create('Maps', { unique_name: 'searched' });
  await alice.http('PUT', `${map.items}/k`, { body: { data: { n: 1 } } });
  for (const prefix of await prefixes()) {
    const context = await alice.http('GET', `${prefix}/Lists/${list.sid}/Context`);
    assert.deepEqual([context.status, context.body.data], [200, {}]);
    assert.ok(Number.isSafeInteger(context.body.last_event_id));
    const messages = `${prefix}/Streams/${stream.sid}/Messages`;
    const sent = await alice.http('POST', messages, { body: { data: { n: 1 } } });
    assert.equal(sent.status, 201);
    assert.match(sent.body.sid, /^TZ[0-9a-f]{32}$/);
    assert.equal(sent.body.data, undefined);
    const asked = { body: { query_string: 'n == "1"' } };
    const { status, body } = await bob.http('POST', `${prefix}/Insights/searched/Items`, asked);
    assert.equal(status, 200);
    assertFields(body, ['items', 'last_event_id', 'query_id']);
    assert.deepEqual(body.items.map(({ key, data }) => [key, data]), [['k', { n: 1 }]]);
    assert.equal(typeof body.items[0].revision, 'number');
  }
});

test('sizes are counted in bytes, and requests of any SDK are understood', async () => {
  const data = { text: 'ä€😀\r\n\u0000"' };
  const sent = JSON.stringify({ data, ttl: null });
  const { header } = await alice.request(
    {
      method: 'message',
      active_grant: 'data_sync',
      unknown: [{}],
      continuation_token: null,
      http_request: {
        host: 17,
        path: '/v3/Documents',
        method: 'POST',
        headers: { 'Content-Type': ['application/json; charset=utf-8'], 'Twilio-Request-Id': 'RQ1' },
      },
    },
    `${sent}`,
  );
  assert.deepEqual([header.status.code, header.status.status], [200, 'OK']);
  assert.deepEqual(Object.keys(header.http_status).sort(), ['code', 'status']);
  assert.equal(header.http_status.code, 201);
  assert.equal(typeof header.http_headers, 'object');
  const { body } = await alice.http('POST', '/v3/Documents', { body: { data } });
  assert.deepEqual((await bob.http('GET', `/v3/Documents/${body.sid}`)).body.data, data);
});

test('an object is found under a name that has to be escaped', async () => {
  const name = 'a/b ä?#..%';
  const made = await create('Documents', { unique_name: name, data: { n: 1 } });
  const found = await bob.http('GET', `/v3/Documents/${encodeURIComponent(name)}`);
  assert.deepEqual([found.status, found.body.sid, found.body.unique_name], [200, made.sid, name]);
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

test('answers and events of a session are in one order, that of the commits', async (t) => {
  const clients = await Promise.all(
    ['a', 'b', 'c', 'd'].map((identity) => Connection.start(server, office.token(identity))),
  );
  t.after(() => clients.forEach((client) => client.close()));
  const { sid } = await service.syncMaps.create({ uniqueName: 'one-order' });
  await Promise.all(clients.map((client) => established(client, sid)));
  async function write(client) {
    const answers = [];
    for (let n = 0; n < 100; n++) {
      const path = `/v3/Maps/${sid}/Items/k${n % 3}`;
      const { body, after } = await client.http('PUT', path, { body: { data: { n } } });
      answers.push({ id: body.last_event_id, after });
      const read = await client.http('GET', path);
      answers.push({ id: read.body.last_event_id, after: read.after, read: true });
    }
    return answers;
  }
  const answers = await Promise.all(clients.map(write));
  for (const [at, client] of clients.entries()) {
    await client.event('map_position', ({ id }) => id >= answers[at].at(-2).id);
    const ids = client.received.map(({ payload }) => payload.events?.map(({ id }) => id ?? 0) ?? []);
    for (const { id, after, read } of answers[at]) {
      const before = Math.max(0, ...ids.slice(0, after).flat());
      const behind = Math.min(Infinity, ...ids.slice(after).flat());
      if (!read) assert.ok(before < id, `event ${before} came before the answer of write ${id}`);
      assert.ok(read ? behind > id : behind >= id, `event ${behind} came behind the answer ${id}`);
    }
  }
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

test('what waits for the end of its window is told before the end of the session', async (t) => {
  const slow = await Server.startFor(t, { args: ['--event-window-ms', '1000'] });
  const desk = await Office.openFor(t, slow);
  const [ear, mouth] = await Promise.all(
    ['ear', 'mouth'].map((identity) => Connection.start(slow, desk.token(identity))),
  );
  const { body: stream } = await mouth.http('POST', '/v3/Streams', { body: {} });
  await established(ear, stream.sid);
  for (const n of [1, 2, 3])
    await mouth.http('POST', `/v3/Streams/${stream.sid}/Messages`, { body: { data: { n } } });
  const closed = once(ear.socket, 'close');
  await slow.stop();
  await closed;
  const said = ear.events().filter(([type]) => type === 'stream_message_published');
  assert.deepEqual(said.map(([, { message_data }]) => message_data.n), [1, 2, 3]);
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

const eventFields = (kind, ...others) =>
  [`${kind}_sid`, `${kind}_unique_name`, 'id', 'date_created', 'changed_by', ...others].sort();
const itemFields = (kind, name) => eventFields(kind, `${kind}_revision`, `item_${name}`,
  'item_url', 'item_revision', 'item_data', 'date_expires');

test('events of each type have these fields, and no correlation_id', async () => {
  const watcher = await Connection.start(server, office.token('watcher'));
  const made = await Promise.all(['Documents', 'Lists', 'Maps', 'Streams'].map((f) => create(f)));
  for (const { sid } of made) await established(watcher, sid);
  const [document, list, map, stream] = made;
  await alice.http('POST', document.path, { body: { data: { n: 1 } } });
  await push(list.items, 1);
  await alice.http('POST', `${list.items}/0`, { body: { data: { n: 2 }, ttl: 1000 } });
  await alice.http('DELETE', `${list.items}/0`);
  await alice.http('PUT', `${map.items}/k%2F`, { body: { data: { n: 1 } } });
  await alice.http('POST', `${map.items}/k%2F`, { body: { ttl: 1000 } });
  await alice.http('DELETE', `${map.items}/k%2F`);
  await alice.http('POST', `${stream.path}/Messages`, { body: { data: { n: 1 } } });
  for (const { path } of made) assert.equal((await alice.http('DELETE', path)).status, 204);
  await watcher.event('stream_removed');
  const heard = watcher.events().filter(([type]) => !type.startsWith('subscription_'));
  assert.deepEqual(heard.map(([type, event]) => [type, Object.keys(event).sort()]), [
    ['document_updated', eventFields('document', 'document_revision', 'document_data', 'date_expires')],
    ...['added', 'updated', 'removed'].map((w) => [`list_item_${w}`, itemFields('list', 'index')]),
    ...['added', 'updated', 'removed'].map((w) => [`map_item_${w}`, itemFields('map', 'key')]),
    ['stream_message_published', ['date_created', 'message_data', 'message_sid', 'stream_sid']],
    ...['document', 'list', 'map', 'stream'].map((k) => [`${k}_removed`, eventFields(k)]),
  ]);
  for (const [type, event, payload] of heard) {
    assert.ok(!('correlation_id' in payload), type);
    assert.match(event.date_created, DATE);
  }
  const [added, , removed] = heard.slice(4).map(([, event]) => event);
  assert.strictEqual(heard[1][1].item_index, 0);
  assert.match(heard[2][1].date_expires, DATE);
  assert.equal(added.item_key, 'k/');
  assert.equal(pathOf(added.item_url).split('/Items/')[1], 'k%2F');
  assert.deepEqual([added.date_expires, removed.item_data], [null, { n: 1 }]);
  for (const { header } of watcher.received) assert.equal(header.message_type, 'twilio.sync.event');
  watcher.close();
});

test('whoever wrote a document or published a message hears nothing of it', async () => {
  const document = await create('Documents', { data: {} });
  const stream = await create('Streams');
  for (const { sid } of [document, stream])
    for (const connection of [alice, bob]) await established(connection, sid);
  await alice.http('POST', document.path, { body: { data: { n: 1 } } });
  await alice.http('POST', document.path, { body: { ttl: 100 } });
  await alice.http('POST', `${stream.path}/Messages`, { body: { data: { n: 2 } } });
  await bob.http('POST', document.path, { body: { data: { n: 3 } } });
  await bob.http('POST', `${stream.path}/Messages`, { body: { data: { n: 4 } } });
  const of = async (connection, last) => {
    await connection.event('stream_message_published', (e) => e.message_data.n === last);
    return connection
      .events()
      .filter(([type, e]) => !type.startsWith('subscription') &&
        [e.document_sid, e.stream_sid].some((sid) => [document.sid, stream.sid].includes(sid)))
      .map(([, e]) => (e.document_data ?? e.message_data).n);
  };
  assert.deepEqual(await of(alice, 4), [3, 4]);
  assert.deepEqual(await of(bob, 2), [1, 1, 2]);
});

test('a map is caught up with from the last event, the removals with what was removed', async () => {
  const map = await create('Maps');
  const ids = [];
  const note = ({ body }) => ids.push(body.last_event_id);
  for (const key of ['a', '..', 'c'])
    note(await alice.http('PUT', `${map.items}/${key}`, { body: { data: { key } } }));
  note(await alice.http('PUT', `${map.items}/a`, { body: { data: { key: 'A' } } }));
  note(await alice.http('DELETE', `${map.items}/c`));
  const reader = await Connection.start(server, office.token('reader'));
  await reader.subscribe([{ object_sid: map.sid, object_type: 'map', last_event_id: ids[0] }], {
    correlation: 4711,
  });
  const [, { last_event_id }, payload] = await reader.event('subscription_established');
  assert.strictEqual(payload.correlation_id, 4711);
  assert.equal(last_event_id, ids.at(-1));
  const seen = reader.events().slice(0, -1);
  assert.deepEqual(seen.map(([type, e]) => [type, e.id, e.item_key, e.item_data]), [
    ['map_item_added', ids[1], '..', { key: '..' }],
    ['map_item_added', ids[2], 'c', { key: 'c' }],
    ['map_item_updated', ids[3], 'a', { key: 'A' }],
    ['map_item_removed', ids[4], 'c', { key: 'c' }],
  ]);
  reader.received.length = 0;
  await established(reader, map.sid, null);
  assert.equal(reader.events().length, 1, 'without last_event_id it begins now');
  reader.close();
});

test('who subscribes while others write gets every event once, in order', async () => {
  const COUNT = 300;
  const list = await create('Lists');
  const readers = await Promise.all(
    Array.from({ length: 8 }, () => Connection.start(server, office.token('reader'))),
  );
  const writing = Promise.all(
    Array.from({ length: COUNT }, (_, n) => push(list.items, n, n % 2 ? alice : bob)),
  );
  for (const reader of readers) {
    await established(reader, list.sid, list.last_event_id);
    await alice.http('GET', list.path);
  }
  await writing;
  for (const reader of readers) {
    await reader.event('list_item_added', (event) => event.item_index === COUNT - 1);
    const added = reader.events().filter(([type]) => type === 'list_item_added');
    assert.deepEqual(added.map(([, e]) => e.item_index), Array.from({ length: COUNT }, (_, n) => n));
    reader.close();
  }
});

test('a packet has events of one type; the types alternate as the changes did', async () => {
  const map = await create('Maps');
  const watcher = await Connection.start(server, office.token('watcher'));
  await established(watcher, map.sid);
  const done = [];
  const answers = [];
  for (let n = 0; n < 60; n++) {
    const key = `k${n % 4}`;
    const isThere = n % 20 >= 4 && n % 20 < 16;
    const path = `${map.items}/${key}`;
    if (n % 20 >= 16) {
      answers.push(alice.http('DELETE', path));
      done.push(`map_item_removed ${key}`);
    } else {
      answers.push(alice.http('PUT', path, { body: { data: { n } } }));
      done.push(`map_item_${isThere ? 'updated' : 'added'} ${key}`);
    }
  }
  const { body: last } = (await Promise.all(answers)).at(-1);
  await watcher.event('map_item_removed', (event) => event.id === last.last_event_id);
  const heard = watcher.events().filter(([, e]) => e.map_sid === map.sid);
  assert.deepEqual(heard.map(([type, e]) => `${type} ${e.item_key}`), done);
  watcher.close();
});

const MISSING = [
  ['document', `ET${'1'.repeat(32)}`, 54100],
  ['list', `ES${'2'.repeat(32)}`, 54150],
  ['map', `MP${'3'.repeat(32)}`, 54200],
  ['stream', `TO${'4'.repeat(32)}`, 54250],
];

for (const version of [3, 4])
  test(`each kind that is missing fails with its own code, and is cancelled (version ${version})`, async (t) => {
    const asker = await Connection.start(server, office.token('asker'));
    t.after(() => asker.close());
    const requests = MISSING.map(([object_type, object_sid]) => ({
      object_type,
      object_sid,
      last_event_id: 1,
    }));
    await asker.subscribe(requests, { version, correlation: 5 });
    for (const [kind, sid, code] of MISSING) {
      const [, event, payload] = await asker.event('subscription_failed', (e) => e.object_sid === sid);
      assertFields(event, ['error', 'object_sid', 'object_type']);
      assertFields(event.error, ['code', 'message', 'status']);
      assert.deepEqual([event.object_type, event.error.status, event.error.code], [kind, 404, code]);
      assert.deepEqual([payload.correlation_id, 'event' in payload], [5, version === 3]);
    }
    await asker.subscribe(requests, { version, action: 'cancel', correlation: 6 });
    for (const [, sid] of MISSING) {
      const [, , payload] = await asker.event('subscription_canceled', (e) => e.object_sid === sid);
      assert.equal(payload.correlation_id, 6);
    }
  });

// Something of another object that comes later than all that was written before.
async function lateAnswer(connection) {
  const { sid, path } = await create('Documents', { data: {} });
  await established(connection, sid);
  await alice.http('POST', path, { body: { data: { late: true } } });
  return connection.event('document_updated', (event) => event.document_sid === sid);
}

test('a request about what is not there leaves the subscription to a namesake of another kind', async (t) => {
  const asker = await Connection.start(server, office.token('asker'));
  t.after(() => asker.close());
  const document = await create('Documents', { data: {} });
  await established(asker, document.sid);
  const list = [{ object_sid: document.sid.replace('ET', 'ES'), object_type: 'list' }];
  for (const [n, [action, told]] of [
    ['establish', 'subscription_failed'],
    ['cancel', 'subscription_canceled'],
  ].entries()) {
    await asker.subscribe(list, { action });
    await asker.event(told);
    await alice.http('POST', document.path, { body: { data: { n } } });
    const [, event] = await Promise.race([
      asker.event('document_updated', (e) => e.document_data.n === n),
      lateAnswer(asker),
    ]);
    assert.deepEqual(event.document_data, { n }, `the document is no longer heard of after ${action}`);
  }
});

test('a SID that is only half right is no SID, also while others are subscribed', async (t) => {
  const single = await Server.startFor(t, { args: ['--threads', '1'] });
  const desk = await Office.open(single);
  const [owner, guesser] = await Promise.all(
    ['owner', 'guesser'].map((identity) => Connection.start(single, desk.token(identity))),
  );
  t.after(() => [owner, guesser].forEach((connection) => connection.close()));
  const { sid } = await create('Documents', { data: { n: 1 } }, owner);
  await established(owner, sid);
  const salt = sid.slice(-4) === '0000' ? '1111' : '0000';
  for (const [object_sid, object_type] of [
    [sid.slice(0, -4) + salt, 'document'],
    [sid.replace('ET', 'ES'), 'list'],
  ]) {
    guesser.received.length = 0;
    await guesser.subscribe([{ object_sid, object_type, last_event_id: null }]);
    const told = await guesser.packet('notification');
    const { event_type, events } = told.payload;
    assert.deepEqual([event_type, events[0].object_sid], ['subscription_failed', object_sid]);
  }
});

test("nobody's subscription fails because somebody of another service guesses at its number", async (t) => {
  const single = await Server.startFor(t, { args: ['--threads', '1'] });
  const desk = await Office.open(single);
  const { sid: other } = await desk.rest.sync.v1.services.create({});
  const [reader, guesser] = await Promise.all([
    Connection.start(single, desk.token('reader')),
    Connection.start(single, desk.token('guesser', { service: other })),
  ]);
  t.after(() => [reader, guesser].forEach((connection) => connection.close()));
  for (let round = 0; round < 10; round++) {
    const { sid } = await create('Documents', { data: {} }, reader);
    const guess = { object_sid: sid.replace('ET', 'ES'), object_type: 'list' };
    const correlation = 1000 + round;
    await Promise.all([
      guesser.subscribe([guess]),
      reader.subscribe([{ object_sid: sid, object_type: 'document' }], { correlation }),
    ]);
    const isAnswer = ([, , payload]) => payload.correlation_id === correlation;
    const [type, event] = await reader.await('an answer', () => reader.events().find(isAnswer));
    assert.deepEqual([type, event.object_sid], ['subscription_established', sid]);
  }
});

test('clients of old get bursts, replays and removals one event a packet as well', async () => {
  const list = await create('Lists');
  for (let n = 0; n < 10; n++) await push(list.items, n);
  const old = await Connection.start(server, office.token('old'));
  const request = { object_sid: list.sid, object_type: 'list', last_event_id: list.last_event_id };
  await old.subscribe([request], { version: 3 });
  await old.event('subscription_established');
  await Promise.all(Array.from({ length: 10 }, (_, n) => push(list.items, n + 10)));
  await alice.http('DELETE', list.path);
  await old.event('list_removed');
  for (const { payload } of old.received) assert.deepEqual([typeof payload.event, payload.events], ['object', undefined]);
  const added = old.events().filter(([type]) => type === 'list_item_added');
  assert.deepEqual(added.map(([, e]) => e.item_index), Array.from({ length: 20 }, (_, n) => n));
  old.close();
});

test('what REST changes and what expires is heard of like all else', async () => {
  const document = await create('Documents', { data: {}, ttl: 1 });
  const list = await create('Lists');
  for (const { sid } of [document, list]) await established(bob, sid);
  const items = service.syncLists(list.sid).syncListItems;
  await items.create({ data: { n: 1 }, ttl: 1 });
  const isIt = (e) => e.list_sid === list.sid;
  await bob.event('list_item_added', isIt);
  const [, gone] = await bob.event('list_item_removed', isIt);
  assert.deepEqual([gone.item_index, gone.item_data], [0, { n: 1 }]);
  await bob.event('document_removed', (e) => e.document_sid === document.sid);
  assert.equal((await alice.http('GET', document.path)).body.code, 54100);
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

test('what a client sends in a packet may end with a line break, as of the mobile SDKs', async () => {
  const { sid } = await create('Documents');
  const payload = JSON.stringify({ data: { mobile: true } });
  const http_request = { path: `/v3/Documents/${sid}`, method: 'POST', headers: {}, params: {} };
  alice.socket.send(Buffer.concat([
    write({ method: 'message', id: 'TM-mobile', http_request }, payload),
    Buffer.from('\r\n'),
  ]));
  const found = await alice.http('GET', `/v3/Documents/${sid}`);
  assert.deepEqual(found.body.data, { mobile: true });
});

test('a bad packet ends only the session that sent it', async () => {
  const bad = await Connection.start(server, office.token('alice'));
  bad.socket.send(Buffer.from('TWILSOCK V3.0 9\r\n{"id":"x"'));
  await once(bad.socket, 'close');
  assert.equal((await bad.packet('close')).header.status.status, 'NOT_ACCEPTABLE_MESSAGE');
  assert.equal((await alice.http('GET', '/v3/Configuration')).status, 200);
});

test('a client that says farewell is let go', async () => {
  const leaving = await Connection.start(server, office.token('alice'));
  const closed = once(leaving.socket, 'close');
  leaving.send({ method: 'close', id: 'TM-close' });
  await closed;
});

test('a silent client is asked for a sign of life, and cut when it gives none', async (t) => {
  const brisk = await Server.startFor(t, { args: ['--session-ping-ms', '200'] });
  const desk = await Office.open(brisk);
  const [lively, dead] = await Promise.all(
    ['lively', 'dead'].map((identity) =>
      Connection.start(brisk, desk.token(identity), { autoPong: identity === 'lively' }),
    ),
  );
  dead.send = () => {};
  await once(dead.socket, 'close');
  assert.equal((await dead.packet('ping')).header.method, 'ping');
  assert.equal((await lively.http('GET', '/v3/Configuration')).status, 200);
  lively.close();
});
