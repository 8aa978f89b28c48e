'use strict';
// What belonged to a removed object goes with it: at once for every client, and on the disk in
// small steps behind the others' work.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { Server, ACCOUNT, TOKEN } = require('./support/server.js');
const { basic, connection } = require('./support/http.js');
const { Socket } = require('./support/socket.js');
const { eventually } = require('./support/eventually.js');
const { parse, total } = require('./support/prometheus.js');
const { assertProblem } = require('./support/shapes.js');

const DEFAULT = '/v1/Services/default';
const LISTS = `${DEFAULT}/Lists`;
const MANY = 20_000;
const SOCKETS = 32;

// docs/storage.md
const KIND_DOCUMENT = 3;
const KIND_LIST = 5;
const KIND_LIST_ITEM = 6;
const KIND_MAP = 7;
const KIND_MAP_ITEM = 8;
const KIND_STREAM = 9;
const KIND_PERMISSION = 10;

async function create(server, target, form = {}) {
  const { status, json, text } = await server.post(target, form);
  assert.equal(status, 201, text);
  return { ...json, path: json.url && new URL(json.url).pathname };
}

// `count` items, by requests sent without waiting for their answers.
async function fill(server, items, count, formOf = () => 'Data={}') {
  const request = (n) => {
    const body = formOf(n);
    const head = [`POST ${items} HTTP/1.1`, 'Host: x', `Authorization: ${basic(ACCOUNT, TOKEN)}`];
    head.push('Content-Type: application/x-www-form-urlencoded', `Content-Length: ${body.length}`);
    return `${head.join('\r\n')}\r\n\r\n${body}`;
  };
  const send = async (first) => {
    const socket = await Socket.connect(server.port);
    const numbers = [];
    for (let n = first; n < count; n += SOCKETS) numbers.push(n);
    socket.send(numbers.map(request).join(''));
    for (const n of numbers) assert.equal((await socket.response())?.status, 201, `item ${n}`);
    socket.close();
  };
  await Promise.all(Array.from({ length: SOCKETS }, (_, first) => send(first)));
}

async function listOf(server, count, fields = {}) {
  const list = await create(server, LISTS, fields);
  await fill(server, `${list.path}/Items`, count);
  assert.equal((await server.get(list.path)).json.revision, count.toString(16));
  return list;
}

async function purged(server) {
  const { text } = await server.get('/metrics');
  return total(parse(text), /^tutti_\w*purged/);
}

const whenPurged = async (server, count) =>
  assert.ok(await eventually(async () => (await purged(server)) >= count), `${count} are purged`);

// The removals of items that a database has in its journal; null where nobody can look.
function removalsOf(data, kind) {
  const query = `SELECT count(*) FROM journal WHERE kind = ${kind} AND event IN (3, 4)`;
  try {
    return Number(execFileSync('sqlite3', [path.join(data, 'tutti.db'), query]));
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

// On the disk too so many of a kind are removed in the end, by purge or otherwise.
async function assertRemoved(server, kind, count) {
  const reached = () => [null, count].includes(removalsOf(server.data, kind));
  assert.ok(await eventually(reached), `${removalsOf(server.data, kind)} of ${count} are removed`);
}

// Reads and writes by others, until `stop` is called. Each of them must succeed.
function othersAtWork(server, document) {
  let working = true;
  let answered = 0;
  const work = async (number) => {
    const agent = connection();
    for (let n = 0; working; n++) {
      const write = await server.post(
        document.path,
        { Data: JSON.stringify({ number, n }) },
        { agent },
      );
      assert.equal(write.status, 200, write.text);
      const pushed = await server.post(`${LISTS}/others/Items`, { Data: '{}' }, { agent });
      assert.equal(pushed.status, 201, pushed.text);
      const read = await server.get(`${LISTS}/others/Items?Order=desc&PageSize=5`, { agent });
      assert.equal(read.status, 200, read.text);
      answered += 3;
    }
    agent.destroy();
  };
  const all = Promise.all(Array.from({ length: 4 }, (_, number) => work(number)));
  const stop = async () => {
    working = false;
    await all;
    return answered;
  };
  return { stop, count: () => answered };
}

// Nothing of a list or map can be reached by its SID any more.
async function assertGone(server, container, missing) {
  for (const tail of ['', '/Items', '/Items/0', '/Permissions', '/Permissions/alice'])
    assertProblem(await server.get(container.path + tail), 404, missing);
  assertProblem(
    await server.post(`${container.path}/Items`, { Key: 'k', Data: '{}' }),
    404,
    missing,
  );
  assertProblem(await server.delete(`${container.path}/Items/0`), 404, missing);
}

const pageOf = async (server, target) => (await server.get(target)).json.items;

describe('a list of 20,000 items that is removed', () => {
  test('leaves its name free at once, and others are served while its items go', async (t) => {
    const server = await Server.startFor(t, { args: ['--threads', '2'] });
    const document = await create(server, `${DEFAULT}/Documents`, { Data: '{}' });
    await create(server, LISTS, { UniqueName: 'others' });
    const list = await listOf(server, MANY, { UniqueName: 'big' });
    const others = othersAtWork(server, document);

    assert.equal((await server.delete(`${LISTS}/big`)).status, 204);
    await assertGone(server, list, 54150);
    assertProblem(await server.get(`${LISTS}/big`), 404, 54300);

    const again = await create(server, LISTS, { UniqueName: 'big' });
    assert.notEqual(again.sid, list.sid);
    const items = `${again.path}/Items`;
    for (let n = 0; n < 3; n++) {
      const { index, revision } = await create(server, items, { Data: `{"n":${n}}` });
      assert.deepEqual([index, revision], [n, '0']);
    }
    const answeredBefore = others.count();
    await whenPurged(server, MANY);
    assert.ok((await others.stop()) > answeredBefore, 'others went on');

    const left = (await pageOf(server, items)).map(({ data }) => data);
    assert.deepEqual(left, [{ n: 0 }, { n: 1 }, { n: 2 }]);
    assert.equal((await server.get(again.path)).json.revision, '3');
    await assertGone(server, list, 54150);
  });

  test('goes on going after the server was killed, to the last item', async (t) => {
    const server = await Server.startFor(t);
    const list = await listOf(server, MANY, { UniqueName: 'big' });
    await listOf(server, 10, { UniqueName: 'kept' });
    assert.equal((await server.delete(`${LISTS}/big`)).status, 204);
    assert.ok(await eventually(async () => (await purged(server)) > 0));
    await server.killHard();

    const before = removalsOf(server.data, KIND_LIST_ITEM);
    await server.launch();
    await assertGone(server, list, 54150);
    if (before === null) return t.skip('there is no sqlite3 command here');
    assert.ok(before > 0 && before < MANY, `killed half way: ${before} were removed`);
    await assertRemoved(server, KIND_LIST_ITEM, MANY);
    assert.equal((await pageOf(server, `${LISTS}/kept/Items`)).length, 10);
  });
});

describe('what is removed with its parent', () => {
  test('is everything in a service, the items of lists and maps too', async (t) => {
    const server = await Server.startFor(t);
    const service = await create(server, '/v1/Services');
    const inService = (kind, form) => create(server, `${service.path}/${kind}`, form);
    const list = await inService('Lists', { UniqueName: 'list' });
    const map = await inService('Maps', { UniqueName: 'map' });
    const documents = [];
    for (let n = 0; n < 5; n++) documents.push(await inService('Documents', { Data: '{}' }));
    await inService('Streams', { UniqueName: 'stream' });
    await fill(server, `${list.path}/Items`, 300);
    await fill(server, `${map.path}/Items`, 300, (n) => `Key=key-${n}&Data={}`);
    for (const { path: object } of [list, map, documents[0]])
      await server.post(`${object}/Permissions/alice`, { Read: 'true' });

    assert.equal((await server.delete(service.path)).status, 204);
    for (const object of [list, map]) await assertGone(server, object, 54050);
    for (const [kind, count] of Object.entries({
      [KIND_DOCUMENT]: documents.length,
      [KIND_LIST]: 1,
      [KIND_LIST_ITEM]: 300,
      [KIND_MAP]: 1,
      [KIND_MAP_ITEM]: 300,
      [KIND_STREAM]: 1,
      [KIND_PERMISSION]: 3,
    }))
      await assertRemoved(server, kind, count);
  });

  for (const plural of ['Documents', 'Lists', 'Maps'])
    test(`are the permissions of ${plural}: the next of that name has none`, async (t) => {
      const server = await Server.startFor(t);
      const collection = `${DEFAULT}/${plural}`;
      const permissions = `${collection}/named/Permissions`;
      const first = await create(server, collection, { UniqueName: 'named' });
      for (const identity of ['alice', 'bob'])
        assert.equal(
          (await server.post(`${permissions}/${identity}`, { Read: 'true' })).status,
          200,
        );
      assert.equal((await server.delete(first.path)).status, 204);
      assert.equal((await server.get(`${first.path}/Permissions`)).status, 404);

      await create(server, collection, { UniqueName: 'named' });
      const assertNone = async () => {
        assert.deepEqual((await server.get(permissions)).json.permissions, []);
        assertProblem(await server.get(`${permissions}/alice`), 404, 54354);
      };
      await assertNone();
      await whenPurged(server, 2);
      await assertNone();
      await server.post(`${permissions}/alice`, { Write: 'true' });
      await server.restart();
      const [alice, ...others] = (await server.get(permissions)).json.permissions;
      assert.deepEqual([alice.identity, alice.read, alice.write], ['alice', false, true]);
      assert.deepEqual(others, []);
    });

  test('are the items of a map that expires', async (t) => {
    const server = await Server.startFor(t);
    const collection = `${DEFAULT}/Maps`;
    const map = await create(server, collection, { UniqueName: 'short' });
    await fill(server, `${map.path}/Items`, 500, (n) => `Key=key-${n}&Data={}`);
    const update = await server.post(map.path, { CollectionTtl: '1' });
    assert.equal(update.status, 200, update.text);
    assert.ok(await eventually(async () => (await server.get(map.path)).status === 404));
    await assertGone(server, map, 54200);

    const again = await create(server, collection, { UniqueName: 'short' });
    await create(server, `${again.path}/Items`, { Key: 'key-1', Data: '{"new":true}' });
    await whenPurged(server, 500);
    const items = await pageOf(server, `${collection}/short/Items`);
    assert.deepEqual(
      items.map(({ key, data }) => [key, data]),
      [['key-1', { new: true }]],
    );
    await assertRemoved(server, KIND_MAP_ITEM, 500);
  });

  test('is not missed when the server is killed right after the removal', async (t) => {
    const server = await Server.startFor(t);
    const map = await create(server, `${DEFAULT}/Maps`, { UniqueName: 'map' });
    await fill(server, `${map.path}/Items`, 200, (n) => `Key=key-${n}&Data={}`);
    assert.equal((await server.delete(map.path)).status, 204);
    await server.killHard();
    await server.launch();
    await assertGone(server, map, 54200);
    await assertRemoved(server, KIND_MAP_ITEM, 200);
  });
});
