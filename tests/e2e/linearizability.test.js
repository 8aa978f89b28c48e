'use strict';
// Promise 1 of the design: all writes to one object, guarded and unguarded, take effect one
// after the other, each between its request and its reply.

const assert = require('node:assert/strict');
const { describe, test, before, after } = require('node:test');
const { Server } = require('./support/server.js');
const { connection } = require('./support/http.js');
const { check, findNoOrder } = require('./support/linearizability.js');
const { seed, randomOf, below } = require('./support/random.js');

describe('the checker of histories', () => {
  const at = (start, end, op) => ({ guard: null, start: BigInt(start), end: BigInt(end), ...op });
  const write = (start, end, revision, value, guard = null) =>
    at(start, end, { type: 'write', revision, value, guard });
  const read = (start, end, revision, value) => at(start, end, { type: 'read', revision, value });
  const refused = (start, end, guard) => at(start, end, { type: 'refused', guard, value: 'no' });

  const good = {
    'nothing happened': [],
    'one after the other': [write(1, 2, 1, 'a'), read(3, 4, 1, 'a'), write(5, 6, 2, 'b', 1)],
    'writes that overlap, in either order': [write(1, 9, 2, 'a'), write(2, 8, 1, 'b')],
    'a read that overlaps a write sees the old or the new': [
      write(1, 9, 1, 'a'),
      read(2, 4, 0, 'i'),
      read(5, 6, 1, 'a'),
    ],
    'a refusal after its guard was overtaken': [write(1, 2, 1, 'a'), refused(3, 4, 0)],
    'a refusal while its guard is being overtaken': [write(1, 5, 1, 'a'), refused(2, 6, 0)],
    'a refusal before its guard became current': [refused(1, 3, 1), write(2, 4, 1, 'a')],
    'a read that saw only the revision': [write(1, 2, 1, 'a'), read(3, 4, 1)],
  };
  const bad = {
    'a hole in the revisions': [write(1, 2, 1, 'a'), write(3, 4, 3, 'b')],
    'a revision given twice': [write(1, 4, 1, 'a'), write(2, 5, 1, 'b')],
    'a guarded write that does not follow its guard': [write(1, 2, 1, 'a'), write(3, 4, 2, 'b', 0)],
    'a read of a value that was never written': [write(1, 2, 1, 'a'), read(3, 4, 1, 'x')],
    'a read of a revision that never was': [write(1, 2, 1, 'a'), read(3, 4, 2, 'a')],
    'a read of a refused write': [write(1, 2, 1, 'no'), refused(3, 4, 0), read(5, 6, 1, 'no')],
    'a stale read of the revision alone': [write(1, 2, 1, 'a'), read(3, 4, 0)],
    'a stale read': [write(1, 2, 1, 'a'), read(3, 4, 0, 'i')],
    'a read that goes back behind another read': [
      write(1, 9, 1, 'a'),
      read(2, 3, 1, 'a'),
      read(4, 5, 0, 'i'),
    ],
    'a read before the write began': [read(1, 2, 1, 'a'), write(3, 4, 1, 'a')],
    'writes in the wrong order': [write(1, 2, 2, 'a'), write(3, 4, 1, 'b')],
    'a refusal though the guard was current': [write(1, 2, 1, 'a'), refused(3, 4, 1)],
    'a refusal though the guard was current, as a later read shows': [
      refused(1, 2, 0),
      read(3, 4, 0, 'i'),
      write(5, 6, 1, 'a'),
    ],
    'two refusals in a row that cannot both be right': [
      write(1, 9, 1, 'a'),
      refused(2, 3, 0),
      refused(4, 5, 1),
    ],
  };

  for (const [name, history] of Object.entries(good))
    test(`accepts: ${name}`, () => assert.deepEqual(check(history, 'i'), []));
  for (const [name, history] of Object.entries(bad))
    test(`rejects: ${name}`, () => assert.notDeepEqual(check(history, 'i'), []));
});

// What one request does to an item of a map when nothing else is under way. The state is null or
// {revision, value}.
function performOnItem(item, { type, guard, value }) {
  const refusal = (status) => ({ state: item, answer: { status } });
  const written = (status, revision) => {
    const state = { revision, value };
    return { state, answer: { status, ...state } };
  };
  if (type === 'create') return item ? refusal(409) : written(201, 0);
  if (type === 'put' && !item) return guard === null ? written(201, 0) : refusal(412);
  if (!item) return refusal(404);
  if (type === 'read') return { state: item, answer: { status: 200, ...item } };
  if (guard !== null && guard !== item.revision) return refusal(412);
  if (type === 'remove') return { state: null, answer: { status: 204 } };
  return written(200, item.revision + 1);
}

describe('the search for an order', () => {
  const at =
    (type) =>
    (start, end, answer, value, guard = null) => ({
      ...{ type, value, guard, answer },
      ...{ start: BigInt(start), end: BigInt(end) },
    });
  const [create, put, update, remove, read] = ['create', 'put', 'update', 'remove', 'read'].map(at);
  const shows = (status, revision, value) => ({ status, revision, value });
  const status = (number) => ({ status: number });

  const good = {
    'nothing happened': [],
    'one life after the other': [
      create(1, 2, shows(201, 0, 'a'), 'a'),
      update(3, 4, shows(200, 1, 'b'), 'b', 0),
      remove(5, 6, status(204)),
      read(7, 8, status(404)),
      put(9, 10, shows(201, 0, 'c'), 'c'),
      read(11, 12, shows(200, 0, 'c')),
    ],
    'a removal at any time while it runs': [
      create(1, 2, shows(201, 0, 'a'), 'a'),
      remove(3, 20, status(204)),
      read(4, 5, shows(200, 0, 'a')),
      update(6, 7, shows(200, 1, 'b'), 'b'),
      read(8, 9, status(404)),
      create(10, 11, shows(201, 0, 'c'), 'c'),
    ],
    'two lives that only the search can tell apart': [
      put(1, 30, shows(201, 0, 'a'), 'a'),
      put(2, 31, shows(201, 0, 'b'), 'b'),
      remove(3, 32, status(204)),
      read(33, 34, shows(200, 0, 'a')),
    ],
    'a guard that is overtaken by a removal': [
      create(1, 2, shows(201, 0, 'a'), 'a'),
      put(3, 9, status(412), 'x', 0),
      remove(4, 8, status(204)),
    ],
  };
  const bad = {
    'a key created twice': [
      create(1, 4, shows(201, 0, 'a'), 'a'),
      create(2, 5, shows(201, 0, 'b'), 'b'),
    ],
    'a conflict though there was nothing': [
      create(1, 2, status(409), 'a'),
      read(3, 4, status(404)),
    ],
    'a revision that goes on over a removal': [
      create(1, 2, shows(201, 0, 'a'), 'a'),
      remove(3, 4, status(204)),
      put(5, 6, shows(201, 1, 'b'), 'b'),
    ],
    'a read of what was removed before': [
      create(1, 2, shows(201, 0, 'a'), 'a'),
      remove(3, 4, status(204)),
      read(5, 6, shows(200, 0, 'a')),
    ],
    'a removal that succeeds twice': [
      create(1, 2, shows(201, 0, 'a'), 'a'),
      remove(3, 6, status(204)),
      remove(4, 7, status(204)),
    ],
    'two guarded writes with one guard': [
      create(1, 2, shows(201, 0, 'a'), 'a'),
      update(3, 6, shows(200, 1, 'b'), 'b', 0),
      update(4, 7, shows(200, 1, 'c'), 'c', 0),
    ],
    'a value that an update lost': [
      create(1, 2, shows(201, 0, 'a'), 'a'),
      update(3, 6, shows(200, 1, 'b'), 'b'),
      update(4, 7, shows(200, 2, 'c'), 'c'),
      read(8, 9, shows(200, 2, 'b')),
    ],
    'a missing item though it was there all the time': [
      create(1, 2, shows(201, 0, 'a'), 'a'),
      read(3, 4, status(404)),
      read(5, 6, shows(200, 0, 'a')),
    ],
  };
  const noOrder = (history) => findNoOrder(history, null, performOnItem);

  for (const [name, history] of Object.entries(good))
    test(`finds one: ${name}`, () => assert.equal(noOrder(history), null));
  for (const [name, history] of Object.entries(bad))
    test(`finds none: ${name}`, () => assert.notEqual(noOrder(history), null));
});

const CLIENTS = 32;
const OBJECTS = 4;
const OPERATIONS = 60;
const DEFAULT = '/v1/Services/default';

// A revision must be written as the API writes it; then it is a number.
function revisionOf(text) {
  const number = parseInt(text, 16);
  assert.equal(number.toString(16), text, 'a lower-case hexadecimal counter');
  return number;
}

const guardOf = (header) => (header === null ? null : revisionOf(header.replaceAll('"', '')));
const headersOf = (guard) => (guard === null ? {} : { 'If-Match': guard });
const nextOf = (client) => `${client.number}-${++client.count}`;

// The answer to an operation, with the times between which it took effect.
async function timed(send) {
  const start = process.hrtime.bigint();
  const response = await send();
  return { start, end: process.hrtime.bigint(), response };
}

// One client of objects that are there all the time: a connection of its own, and what it
// remembers of each object.
class Client {
  constructor(server, number, objects) {
    this.server = server;
    this.number = number;
    this.objects = objects;
    this.random = randomOf(seed + number);
    this.agent = connection();
    this.known = new Map(objects.map((object) => [object, '0']));
    this.count = 0;
  }

  async record(object, send, understand) {
    const { response, ...times } = await timed(send);
    object.history.push({ ...times, ...understand(response) });
  }

  remember(object, response) {
    const { revision, data } = response.json;
    assert.equal(response.headers.etag, `"${revision}"`);
    this.known.set(object, revision);
    return { revision: revisionOf(revision), value: data.value };
  }

  read(object) {
    return this.record(
      object,
      () => this.server.get(object.path, { agent: this.agent }),
      (response) => {
        assert.equal(response.status, 200, response.text);
        return { type: 'read', guard: null, ...this.remember(object, response) };
      },
    );
  }

  write(object, guard) {
    const value = nextOf(this);
    const method = object.methods[below(this.random, object.methods.length)];
    const form = { Data: JSON.stringify({ value }) };
    const options = { form, agent: this.agent, headers: headersOf(guard) };
    return this.record(
      object,
      () => this.server.request(method, object.path, options),
      (response) => this.understandWrite(object, response, value, guard),
    );
  }

  understandWrite(object, response, value, guard) {
    const expected = guardOf(guard);
    if (response.status === 412) {
      assert.notEqual(guard, null, 'an unguarded write is never refused');
      assert.equal(response.json.code, object.mismatch);
      return { type: 'refused', guard: expected, value };
    }
    assert.equal(response.status, 200, response.text);
    const { revision, value: written } = this.remember(object, response);
    assert.equal(written, value, 'the reply to a write shows that write');
    return { type: 'write', guard: expected, value, revision };
  }

  async step() {
    const object = this.objects[below(this.random, this.objects.length)];
    const choice = this.random();
    if (choice < 0.35) return this.read(object);
    if (choice < 0.55) return this.write(object, null);
    if (choice < 0.75) return this.write(object, this.known.get(object));
    await this.read(object);
    return this.write(object, `"${this.known.get(object)}"`);
  }

  async run(operations) {
    for (let i = 0; i < operations; i++) await this.step();
    this.agent.destroy();
  }
}

// How often a client of items that come and go does what, and with which method.
const ITEM_CHOICES = [
  ['read', 'GET', 0.3],
  ['create', 'POST', 0.2],
  ['put', 'PUT', 0.2],
  ['update', 'POST', 0.15],
  ['remove', 'DELETE', 0.15],
];

// One client of the items of a map that come and go.
class ItemClient {
  constructor(server, number, map, items) {
    Object.assign(this, { server, number, map, items });
    this.random = randomOf(seed + number);
    this.agent = connection();
    this.known = new Map();
    this.count = 0;
  }

  choose() {
    let choice = this.random();
    return ITEM_CHOICES.find(([, , share]) => (choice -= share) < 0) ?? ITEM_CHOICES[0];
  }

  guardFor(item, type) {
    const guarded = type !== 'read' && type !== 'create' && this.random() < 0.5;
    return guarded ? (this.known.get(item) ?? '0') : null;
  }

  async step() {
    const item = this.items[below(this.random, this.items.length)];
    const [type, method] = this.choose();
    const guard = this.guardFor(item, type);
    const value = type === 'read' || type === 'remove' ? undefined : nextOf(this);
    const { response, ...times } = await timed(() => this.send(method, type, item, value, guard));
    const answer = this.understand(item, response, type);
    item.history.push({ ...times, type, guard: guardOf(guard), value, answer });
  }

  send(method, type, item, value, guard) {
    const form = value === undefined ? undefined : { Data: JSON.stringify({ value }) };
    if (type === 'create') form.Key = item.key;
    const target = type === 'create' ? this.map : `${this.map}/${item.key}`;
    const options = { form, agent: this.agent, headers: headersOf(guard) };
    return this.server.request(method, target, options);
  }

  understand(item, { status, json, headers, text }, type) {
    if (status === 204) return { status };
    if (status < 300) {
      assert.equal(headers.etag, `"${json.revision}"`);
      this.known.set(item, json.revision);
      return { status, revision: revisionOf(json.revision), value: json.data.value };
    }
    const codes = { 404: 54201, 409: 54208, 412: 54205 };
    assert.equal(json.code, codes[status], `${type}: ${text}`);
    return { status };
  }

  async run(operations) {
    for (let i = 0; i < operations; i++) await this.step();
    this.agent.destroy();
  }
}

describe('concurrent clients', () => {
  let server;
  before(async () => (server = await Server.start({ args: ['--threads', '4'] })));
  after(() => server.destroy());

  async function create(path, form = {}) {
    const response = await server.post(path, form);
    assert.equal(response.status, 201, response.text);
    return new URL(response.json.url).pathname;
  }

  const createDocument = async (data) => ({
    path: await create(`${DEFAULT}/Documents`, { Data: JSON.stringify(data) }),
    methods: ['POST'],
    mismatch: 54103,
    history: [],
  });

  async function createListItem(data) {
    const list = await create(`${DEFAULT}/Lists`);
    const path = await create(`${list}/Items`, { Data: JSON.stringify(data) });
    return { path, methods: ['POST'], mismatch: 54155, history: [] };
  }

  async function createMapItem(data) {
    const map = await create(`${DEFAULT}/Maps`);
    const path = await create(`${map}/Items`, { Key: 'key', Data: JSON.stringify(data) });
    return { path, methods: ['POST', 'PUT'], mismatch: 54205, history: [] };
  }

  for (const [what, make] of [
    ['a document', createDocument],
    ['an item of a list', createListItem],
    ['an item of a map', createMapItem],
  ]) {
    test(`guarded and unguarded writes and reads of ${what} make one order`, async (t) => {
      t.diagnostic(`seed ${seed}`);
      const objects = [];
      for (let i = 0; i < OBJECTS; i++) objects.push(await make({ value: 'initial' }));
      const clients = Array.from({ length: CLIENTS }, (_, i) => new Client(server, i, objects));
      await Promise.all(clients.map((client) => client.run(OPERATIONS)));

      for (const { history } of objects) {
        assert.deepEqual(check(history, 'initial'), []);
        const seen = new Set(history.map((op) => `${op.type} ${op.guard === null}`));
        assert.deepEqual(
          [...seen].sort(),
          ['read true', 'refused false', 'write false', 'write true'],
          'every kind of operation took place',
        );
      }
    });

    test(`read ${what}, add one, write guarded, again when refused: no addition is lost`, async () => {
      const { path } = await make({ count: 0 });
      const clients = 12;
      const additions = 12;

      async function addOne(agent) {
        for (;;) {
          const { json } = await server.get(path, { agent });
          const form = { Data: JSON.stringify({ count: json.data.count + 1 }) };
          const headers = { 'If-Match': json.revision };
          const { status } = await server.post(path, form, { agent, headers });
          if (status === 200) return;
          assert.equal(status, 412);
        }
      }

      async function add() {
        const agent = connection();
        for (let i = 0; i < additions; i++) await addOne(agent);
        agent.destroy();
      }

      await Promise.all(Array.from({ length: clients }, add));
      const { json } = await server.get(path);
      assert.equal(json.data.count, clients * additions);
      assert.equal(json.revision, (clients * additions).toString(16));
    });

    test(`of many that remove ${what} with the same guard exactly one succeeds`, async () => {
      const { path } = await make({});
      const attempts = Array.from({ length: 16 }, () =>
        server.delete(path, { headers: { 'If-Match': '"0"' } }),
      );
      const statuses = (await Promise.all(attempts)).map(({ status }) => status).sort();
      assert.deepEqual(statuses, [204, ...new Array(15).fill(404)]);
    });
  }

  test('of many that create the same name or key exactly one succeeds', async () => {
    const items = `${await create(`${DEFAULT}/Maps`)}/Items`;
    for (let round = 0; round < 5; round++)
      for (const [path, form, code] of [
        [`${DEFAULT}/Documents`, { UniqueName: `race-${round}`, Data: '{}' }, 54301],
        [`${DEFAULT}/Lists`, { UniqueName: `race-${round}` }, 54301],
        [items, { Key: `race-${round}`, Data: '{}' }, 54208],
      ]) {
        const attempts = Array.from({ length: 16 }, () => server.post(path, form));
        const responses = await Promise.all(attempts);
        assert.equal(responses.filter(({ status }) => status === 201).length, 1);
        for (const { status, json } of responses.filter(({ status }) => status !== 201))
          assert.deepEqual([status, json.code], [409, code]);
      }
  });

  test('items of a map that come and go: all that was answered fits into one order', async (t) => {
    t.diagnostic(`seed ${seed}`);
    const map = await create(`${DEFAULT}/Maps`);
    const items = ['a', 'b', 'c'].map((key) => ({ key, history: [] }));
    const clients = Array.from(
      { length: CLIENTS / 2 },
      (_, i) => new ItemClient(server, i, `${map}/Items`, items),
    );
    await Promise.all(clients.map((client) => client.run(OPERATIONS)));

    for (const { key, history } of items) {
      assert.equal(findNoOrder(history, null, performOnItem), null, `item ${key}`);
      const seen = new Set(history.map(({ type, answer }) => `${type} ${answer.status}`));
      for (const each of ['create 201', 'create 409', 'put 200', 'put 201', 'put 412'])
        assert.ok(seen.has(each), `${each} took place`);
      for (const each of ['update 200', 'update 404', 'update 412', 'remove 204', 'read 404'])
        assert.ok(seen.has(each), `${each} took place`);
    }
    const changes = items
      .flatMap(({ history }) => history)
      .filter(({ type, answer }) => type !== 'read' && answer.status < 300).length;
    assert.equal(revisionOf((await server.get(map)).json.revision), changes, 'all were counted');
  });

  // A push is a write of the list's last item, and its index says when it came.
  test('pushes to one list come one after the other, and nobody sees an older end', async (t) => {
    t.diagnostic(`seed ${seed}`);
    const list = await create(`${DEFAULT}/Lists`);
    const history = [];

    async function push(agent, value) {
      const form = { Data: JSON.stringify({ value }) };
      const { response, ...times } = await timed(() =>
        server.post(`${list}/Items`, form, { agent }),
      );
      assert.equal(response.status, 201, response.text);
      const { index, data } = response.json;
      assert.equal(data.value, value);
      history.push({ ...times, type: 'write', guard: null, value, revision: index + 1 });
    }

    async function readEnd(agent) {
      const target = `${list}/Items?Order=desc&PageSize=1`;
      const { response, ...times } = await timed(() => server.get(target, { agent }));
      const [{ index, data }] = response.json.items.concat({ index: -1, data: { value: 'none' } });
      history.push({ ...times, type: 'read', guard: null, value: data.value, revision: index + 1 });
    }

    async function readRevision(agent) {
      const { response, ...times } = await timed(() => server.get(list, { agent }));
      const revision = revisionOf(response.json.revision);
      history.push({ ...times, type: 'read', guard: null, revision });
    }

    async function run(number) {
      const agent = connection();
      const random = randomOf(seed + number);
      for (let i = 0; i < 20; i++) {
        const choice = random();
        if (choice < 0.6) await push(agent, `${number}-${i}`);
        else if (choice < 0.8) await readEnd(agent);
        else await readRevision(agent);
      }
      agent.destroy();
    }

    await Promise.all(Array.from({ length: 2 * CLIENTS }, (_, i) => run(i)));
    assert.deepEqual(check(history, 'none'), []);
  });
});
