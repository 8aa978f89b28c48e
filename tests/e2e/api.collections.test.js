'use strict';
// The REST API as HTTP: lists, maps, streams and permissions, as far as the official helper
// package does not reach.

const assert = require('node:assert/strict');
const { describe, test, before, after } = require('node:test');
const { Server } = require('./support/server.js');
const { assertObject } = require('./support/openapi.js');
const { assertPage, assertProblem } = require('./support/shapes.js');

const SERVICE = '/v1/Services/default';
const LISTS = `${SERVICE}/Lists`;
const MAPS = `${SERVICE}/Maps`;
const STREAMS = `${SERVICE}/Streams`;
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'];

let server;
before(async () => (server = await Server.start()));
after(() => server.destroy());

const pathOf = ({ url }) => new URL(url).pathname;

async function create(path, fields = {}) {
  const { status, json, text } = await server.post(path, fields);
  assert.equal(status, 201, text);
  return pathOf(json);
}

const createList = (fields) => create(LISTS, fields);
const createMap = (fields) => create(MAPS, fields);
const createItem = (path, fields) => create(`${path}/Items`, { Data: '{"n":0}', ...fields });

// A response in short: its status, and its body or its code.
const brief = ({ status, json }) => (status < 400 ? [status, json] : [status, json.code]);

describe('every path', () => {
  // One of each that this file is about, with the methods that it knows.
  let paths;
  before(async () => {
    const [list, map, stream] = [await createList(), await createMap(), await create(STREAMS)];
    const items = [await createItem(list), await createItem(map, { Key: 'k' })];
    const objects = [await create(`${SERVICE}/Documents`), list, map];
    for (const object of objects)
      await server.post(`${object}/Permissions/alice`, { Read: 'true' });
    const collections = [LISTS, MAPS, STREAMS, `${list}/Items`, `${map}/Items`];
    paths = [
      ...collections.map((path) => [path, ['GET', 'POST']]),
      ...[list, map, stream, items[0]].map((path) => [path, ['GET', 'POST', 'DELETE']]),
      [items[1], ['GET', 'POST', 'PUT', 'DELETE']],
      [`${stream}/Messages`, ['POST']],
      ...objects.map((path) => [`${path}/Permissions`, ['GET']]),
      ...objects.map((path) => [`${path}/Permissions/alice`, ['GET', 'POST', 'DELETE']]),
    ];
  });

  const readable = () => paths.filter(([, methods]) => methods.includes('GET'));

  test('is spelled with /v1/Sync, too', async () => {
    for (const [path] of readable()) {
      const [one, other] = [path, path.replace('/v1/', '/v1/Sync/')];
      const { meta, ...body } = (await server.get(one)).json;
      const { meta: otherMeta, ...otherBody } = (await server.get(other)).json;
      assert.deepEqual(otherBody, body, other);
      assert.equal(otherMeta?.key, meta?.key);
    }
    for (const path of [LISTS, MAPS, STREAMS]) {
      const { status, json } = await server.post(path.replace('/v1/', '/v1/Sync/'), {});
      assert.equal(status, 201);
      assert.deepEqual((await server.get(pathOf(json))).json, json);
    }
  });

  test('answers HEAD as GET, without the body', async () => {
    for (const [path] of readable()) {
      const [get, head] = [await server.get(path), await server.request('HEAD', path)];
      assert.deepEqual([head.status, head.text], [200, ''], path);
      for (const name of ['content-type', 'content-length', 'etag'])
        assert.equal(head.headers[name], get.headers[name], `${name} of ${path}`);
    }
  });

  test('refuses other methods, and names its own in Allow', async () => {
    for (const [path, right] of paths)
      for (const method of METHODS.filter((each) => !right.includes(each))) {
        const response = await server.request(method, path);
        assertProblem(response, 405, 20004);
        const listed = response.headers.allow.split(/\s*,\s*/);
        assert.deepEqual(
          METHODS.filter((each) => listed.includes(each)),
          METHODS.filter((each) => right.includes(each)),
          `${method} ${path}`,
        );
      }
  });

  test('goes on to nothing else', async () => {
    for (const path of [
      ...[`${LISTS}/x/Items/0/more`, `${MAPS}/x/Items/k/more`, `${MAPS}/x/Permissions/alice/more`],
      ...[`${LISTS}/x/Messages`, `${STREAMS}/x/Permissions`, `${SERVICE}/Documents/x/Items`],
      ...[`${STREAMS}/x/Messages/y`, `${LISTS}/x/items`, `${MAPS}/x/Item`],
    ])
      for (const method of ['GET', 'POST'])
        assertProblem(await server.request(method, path), 404, 20404);
  });
});

describe('the revision', () => {
  const containers = () => [
    [createList, undefined],
    [createMap, { Key: 'k' }],
  ];
  const revisionIs = (response, revision) =>
    assert.deepEqual([response.json.revision, response.headers.etag], [revision, `"${revision}"`]);

  test('of lists, maps and items is their ETag, in every answer that shows one', async () => {
    for (const path of [LISTS, MAPS]) revisionIs(await server.post(path, {}), '0');
    for (const [createOne, item] of containers()) {
      const container = await createOne();
      const created = await server.post(`${container}/Items`, { Data: '{}', ...item });
      revisionIs(created, '0');
      revisionIs(await server.post(pathOf(created.json), { Data: '{}' }), '1');
      revisionIs(await server.get(pathOf(created.json)), '1');
      revisionIs(await server.get(container), '2');
      revisionIs(await server.post(container, { Ttl: 60 }), '2');
    }
  });

  test('that is known already is not sent again', async () => {
    for (const [createOne, fields] of containers()) {
      const container = await createOne();
      const item = await createItem(container, fields);
      for (const [path, known, other] of [
        [item, '"0"', '"1"'],
        [container, 'W/"1"', '"0"'],
      ]) {
        const fetch = (tag) => server.get(path, { headers: { 'If-None-Match': tag } });
        const unchanged = await fetch(known);
        assert.deepEqual([unchanged.status, unchanged.text], [304, '']);
        assert.ok(known.endsWith(unchanged.headers.etag));
        assert.equal((await fetch(other)).status, 200);
      }
    }
  });

  test('guards lists and maps against being updated and removed', async () => {
    for (const [createOne, fields] of containers()) {
      const path = await createOne();
      await createItem(path, fields);
      const headers = (match) => ({ headers: { 'If-Match': match } });
      for (const [match, status, code] of [
        ['"0"', 412, 20412],
        ['2', 412, 20412],
        ['never', 400, 54003],
      ]) {
        assertProblem(await server.post(path, { Ttl: 60 }, headers(match)), status, code);
        assertProblem(await server.delete(path, headers(match)), status, code);
      }
      assert.equal((await server.get(path)).json.date_expires, null);
      assert.equal((await server.post(path, { Ttl: 60 }, headers('"0", "1"'))).status, 200);
      assert.equal((await server.delete(path, headers('"1"'))).status, 204);
      assert.equal((await server.get(path)).status, 404);
    }
  });
});

describe('If-None-Match: *', () => {
  const headers = { 'If-None-Match': '*' };

  test('makes a name that is taken a failed precondition', async () => {
    for (const path of [LISTS, MAPS, STREAMS]) {
      const create = (options) => server.post(path, { UniqueName: 'only once' }, options);
      assert.equal((await create({ headers })).status, 201);
      assertProblem(await create({ headers }), 412, 20412);
      assertProblem(await create(), 409, 54301);
    }
  });

  test('makes a key that is taken a failed precondition', async () => {
    const items = `${await createMap()}/Items`;
    const create = (options) => server.post(items, { Key: 'only once', Data: '{}' }, options);
    assert.equal((await create({ headers })).status, 201);
    assertProblem(await create({ headers }), 412, 20412);
    assertProblem(await create(), 409, 54208);
  });
});

describe('PUT of a map item', () => {
  let items;
  before(async () => (items = `${await createMap()}/Items`));

  const put = (key, n, headers = {}) =>
    server.request('PUT', `${items}/${key}`, { form: { Data: JSON.stringify({ n }) }, headers });
  const revisionOfMap = async () => (await server.get(items.replace('/Items', ''))).json.revision;

  test('creates it, then replaces it', async () => {
    for (const [status, revision] of [
      [201, '0'],
      [200, '1'],
      [200, '2'],
    ]) {
      const before = await revisionOfMap();
      const response = await put('new', Number(revision));
      assert.equal(response.status, status, response.text);
      assertObject('sync_map_item', response.json);
      assert.equal(response.headers.etag, `"${revision}"`);
      const { key, revision: shown, data } = response.json;
      assert.deepEqual([key, shown, data], ['new', revision, { n: Number(revision) }]);
      assert.deepEqual((await server.get(`${items}/new`)).json, response.json);
      assert.equal(Number(await revisionOfMap()), Number(before) + 1);
    }
  });

  test('takes times to live as other writes do', async () => {
    const form = { Data: '{}', ItemTtl: 60, Ttl: 3600, CollectionTtl: 7200 };
    const { json } = await server.request('PUT', `${items}/ends`, { form });
    assert.equal(Date.parse(json.date_expires) - Date.parse(json.date_updated), 60_000);
    const map = (await server.get(items.replace('/Items', ''))).json;
    assert.equal(Date.parse(map.date_expires) - Date.parse(map.date_updated), 7_200_000);
  });

  test('goes by its preconditions', async () => {
    await put('guarded', 0);
    for (const [key, headers, expected] of [
      ['guarded', { 'If-Match': '"1"' }, [412, 54205]],
      ['guarded', { 'If-Match': 'never' }, [400, 54003]],
      ['guarded', { 'If-None-Match': '*' }, [412, 20412]],
      ['absent', { 'If-Match': '"0"' }, [412, 54205]],
      ['absent', { 'If-Match': '*' }, [412, 54205]],
    ])
      assert.deepEqual(brief(await put(key, 1, headers)), expected, JSON.stringify(headers));
    assert.deepEqual((await server.get(`${items}/guarded`)).json.data, { n: 0 });
    assertProblem(await server.get(`${items}/absent`), 404, 54201);
    assert.equal((await put('guarded', 1, { 'If-Match': '"0"' })).status, 200);
    assert.equal((await put('absent', 1, { 'If-None-Match': '*' })).status, 201);
  });

  test('refuses what other writes refuse', async () => {
    const putForm = (key, form) => server.request('PUT', `${items}/${key}`, { form });
    assertProblem(await putForm('bad', {}), 400, 54206);
    assertProblem(await putForm('bad', { Ttl: 60 }), 400, 54206);
    assertProblem(await putForm('bad', { Data: '[]' }), 400, 54206);
    assertProblem(await putForm('bad', { Data: '{' }), 400, 54008);
    assertProblem(await putForm('bad', { Data: '{}', Ttl: 'x' }), 400, 54011);
    assertProblem(await putForm('x'.repeat(321), { Data: '{}' }), 400, 54209);
    assertProblem(await server.get(`${items}/bad`), 404, 54201);
    const elsewhere = { form: { Data: '{}' } };
    assertProblem(await server.request('PUT', `${MAPS}/nobody/Items/k`, elsewhere), 404, 54300);
  });
});

describe('several items by name', () => {
  const ask = (path, query) => server.get(`${path}/Items?${new URLSearchParams(query)}`);

  async function assertFound(path, query, name, expected) {
    const { status, json, text } = await ask(path, query);
    assert.equal(status, 200, text);
    assertPage(json, 'items');
    assert.deepEqual(
      json.items.map((item) => item[name]),
      expected,
    );
    const { next_page_url: next, previous_page_url: previous, url } = json.meta;
    assert.deepEqual([next, previous], [null, null]);
    assert.deepEqual((await server.get(url)).json.items, json.items);
  }

  test('of a list come in the order in which they were asked for, those that are', async () => {
    const list = await createList();
    for (let n = 0; n < 6; n++) await createItem(list);
    await server.delete(`${list}/Items/2`);
    for (const [Indexes, expected] of [
      ['[5,0,3]', [5, 0, 3]],
      ['5,0,3', [5, 0, 3]],
      [' 4 , 1 ', [4, 1]],
      ['[ 1, 2, 99, 4 ]', [1, 4]],
      ['[99]', []],
      ['[]', []],
    ])
      await assertFound(list, { Indexes }, 'index', expected);
    for (const Indexes of ['', 'x', '[-1]', '[1.5]', '[1', '{}', '[0,[1]]', '1;2'])
      assert.equal((await ask(list, { Indexes })).status, 400, Indexes);
  });

  test('of a map come in the order in which they were asked for, those that are', async () => {
    const map = await createMap();
    for (const Key of ['a', 'b', 'c', ',', 'ä/🎈', '"']) await createItem(map, { Key });
    for (const [keys, expected] of [
      [
        ['c', 'a'],
        ['c', 'a'],
      ],
      [['absent', 'b'], ['b']],
      [
        [',', 'ä/🎈', '"'],
        [',', 'ä/🎈', '"'],
      ],
      [[], []],
    ])
      await assertFound(map, { Keys: JSON.stringify(keys) }, 'key', expected);
    await assertFound(map, { Keys: '["\\u0061"]' }, 'key', ['a']);
    for (const Keys of ['', 'a', '"a"', '[1]', '[null]', '[["a"]]', '["a"', '[""]'])
      assert.equal((await ask(map, { Keys })).status, 400, Keys);
  });

  test('are at most a hundred', async () => {
    const list = await createList();
    await createItem(list);
    const indexes = Array.from({ length: 101 }, (_, n) => n);
    await assertFound(list, { Indexes: indexes.slice(0, 100).join() }, 'index', [0]);
    assertProblem(await ask(list, { Indexes: indexes.join() }), 400, 20422);
  });

  test('are missed with what should hold them', async () => {
    assertProblem(await ask(`${LISTS}/nobody`, { Indexes: '0' }), 404, 54300);
    assertProblem(await ask(`${MAPS}/nobody`, { Keys: '["a"]' }), 404, 54300);
  });
});

describe('fields', () => {
  test('may come as JSON, with the values of JSON', async () => {
    const post = (path, json) => server.request('POST', path, { json });
    const list = await post(LISTS, { UniqueName: 'from json', CollectionTtl: 60, Unknown: [] });
    assert.equal(list.status, 201, list.text);
    assert.notEqual(list.json.date_expires, null);
    const data = { b: 1, a: ['x', null] };
    const item = await post(`${pathOf(list.json)}/Items`, { Data: data, ItemTtl: 60 });
    assert.deepEqual([item.status, item.json.data], [201, data]);
    const updated = await post(pathOf(item.json), { Data: { n: 1 }, Ttl: 0, CollectionTtl: 0 });
    assert.deepEqual([updated.json.data, updated.json.date_expires], [{ n: 1 }, null]);
    const map = await createMap();
    const keyed = await post(`${map}/Items`, { Key: 'k', Data: data });
    assert.deepEqual([keyed.json.key, keyed.json.data], ['k', data]);
    const message = await post(`${await create(STREAMS)}/Messages`, { Data: data });
    assert.deepEqual(message.json.data, data);
    const rights = { Read: true, Write: false, Manage: true };
    const { read, write, manage } = (await post(`${map}/Permissions/alice`, rights)).json;
    assert.deepEqual([read, write, manage], [true, false, true]);
  });

  test('that are repeated count with the last, and unknown ones not at all', async () => {
    const items = `${await createMap()}/Items`;
    const { json } = await server.post(items, 'Key=a&Data={"n":1}&x=&Nyckel=c&Data={"n":2}&Key=b');
    assert.deepEqual([json.key, json.data], ['b', { n: 2 }]);
    for (const form of ['', 'Datum={}', 'Key=other', 'Time=5'])
      assertProblem(await server.post(`${items}/b`, form), 400, 54010);
  });

  test('that are required are asked for', async () => {
    const [list, map, stream] = [await createList(), await createMap(), await create(STREAMS)];
    for (const [path, fields, code] of [
      [`${list}/Items`, {}, 54156],
      [`${list}/Items`, { Ttl: 60 }, 54156],
      [`${map}/Items`, { Key: 'k' }, 54206],
      [`${map}/Items`, { Data: '{}' }, 54209],
      [`${map}/Items`, { Key: '', Data: '{}' }, 54209],
      [`${stream}/Messages`, {}, 54251],
    ])
      assertProblem(await server.post(path, fields), 400, code);
  });
});

describe('permissions', () => {
  test('are false where nothing is said, but say something they must', async () => {
    for (const path of [
      await createList(),
      await createMap(),
      await create(`${SERVICE}/Documents`),
    ]) {
      const set = (fields) => server.post(`${path}/Permissions/alice`, fields);
      for (const [fields, expected] of [
        [{ Read: 'true' }, [true, false, false]],
        [{ Write: 'true', Manage: 'true' }, [false, true, true]],
        [{ Manage: 'false' }, [false, false, false]],
      ]) {
        const { status, json, text } = await set(fields);
        assert.equal(status, 200, text);
        assert.deepEqual([json.read, json.write, json.manage], expected);
      }
      for (const fields of [{}, { Reads_it: 'true' }]) assertProblem(await set(fields), 400, 54010);
      for (const value of ['perhaps', '1', 'yes'])
        assertProblem(await set({ Read: 'true', Manage: value }), 400, 20422);
    }
  });
});
