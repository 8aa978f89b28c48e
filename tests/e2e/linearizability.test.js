'use strict';
// Promise 1 of the design: all writes to one object, guarded and unguarded, take effect one
// after the other, each between its request and its reply.

const assert = require('node:assert/strict');
const { describe, test, before, after } = require('node:test');
const { Server } = require('./support/server.js');
const { connection } = require('./support/http.js');
const { check } = require('./support/linearizability.js');
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
  };
  const bad = {
    'a hole in the revisions': [write(1, 2, 1, 'a'), write(3, 4, 3, 'b')],
    'a revision given twice': [write(1, 4, 1, 'a'), write(2, 5, 1, 'b')],
    'a guarded write that does not follow its guard': [write(1, 2, 1, 'a'), write(3, 4, 2, 'b', 0)],
    'a read of a value that was never written': [write(1, 2, 1, 'a'), read(3, 4, 1, 'x')],
    'a read of a revision that never was': [write(1, 2, 1, 'a'), read(3, 4, 2, 'a')],
    'a read of a refused write': [write(1, 2, 1, 'no'), refused(3, 4, 0), read(5, 6, 1, 'no')],
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

const CLIENTS = 32;
const DOCUMENTS = 4;
const OPERATIONS = 60;

// A revision must be written as the API writes it; then it is a number.
function revisionOf(text) {
  const number = parseInt(text, 16);
  assert.equal(number.toString(16), text, 'a lower-case hexadecimal counter');
  return number;
}

// One client: a connection of its own, and what it remembers of each document.
class Client {
  constructor(server, number, documents) {
    this.server = server;
    this.number = number;
    this.documents = documents;
    this.random = randomOf(seed + number);
    this.agent = connection();
    this.known = new Map(documents.map((document) => [document, '0']));
    this.count = 0;
  }

  async timed(document, send, understand) {
    const start = process.hrtime.bigint();
    const response = await send();
    const end = process.hrtime.bigint();
    const op = understand(response);
    document.history.push({ start, end, ...op });
    return op;
  }

  remember(document, response) {
    const { revision, data } = response.json;
    assert.equal(response.headers.etag, `"${revision}"`);
    this.known.set(document, revision);
    return { revision: revisionOf(revision), value: data.value };
  }

  read(document) {
    return this.timed(
      document,
      () => this.server.get(document.path, { agent: this.agent }),
      (response) => {
        assert.equal(response.status, 200, response.text);
        return { type: 'read', guard: null, ...this.remember(document, response) };
      },
    );
  }

  write(document, guard) {
    const value = `${this.number}-${++this.count}`;
    const headers = guard === null ? {} : { 'If-Match': guard };
    const form = { Data: JSON.stringify({ value }) };
    return this.timed(
      document,
      () => this.server.post(document.path, form, { agent: this.agent, headers }),
      (response) => this.understandWrite(document, response, value, guard),
    );
  }

  understandWrite(document, response, value, guard) {
    const expected = guard === null ? null : revisionOf(guard.replaceAll('"', ''));
    if (response.status === 412) {
      assert.notEqual(guard, null, 'an unguarded write is never refused');
      assert.equal(response.json.code, 54103);
      return { type: 'refused', guard: expected, value };
    }
    assert.equal(response.status, 200, response.text);
    const { revision, value: written } = this.remember(document, response);
    assert.equal(written, value, 'the reply to a write shows that write');
    return { type: 'write', guard: expected, value, revision };
  }

  async step() {
    const document = this.documents[below(this.random, this.documents.length)];
    const choice = this.random();
    if (choice < 0.35) return this.read(document);
    if (choice < 0.55) return this.write(document, null);
    if (choice < 0.75) return this.write(document, this.known.get(document));
    await this.read(document);
    return this.write(document, `"${this.known.get(document)}"`);
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

  async function createDocument(data) {
    const response = await server.post('/v1/Services/default/Documents', {
      Data: JSON.stringify(data),
    });
    assert.equal(response.status, 201, response.text);
    const { service_sid: service, sid } = response.json;
    return { path: `/v1/Services/${service}/Documents/${sid}`, history: [] };
  }

  test('guarded and unguarded writes and reads make one order', async (t) => {
    t.diagnostic(`seed ${seed}`);
    const documents = [];
    for (let i = 0; i < DOCUMENTS; i++) documents.push(await createDocument({ value: 'initial' }));
    const clients = Array.from({ length: CLIENTS }, (_, i) => new Client(server, i, documents));
    await Promise.all(clients.map((client) => client.run(OPERATIONS)));

    for (const { history } of documents) {
      assert.deepEqual(check(history, 'initial'), []);
      const seen = new Set(history.map((op) => `${op.type} ${op.guard === null}`));
      assert.deepEqual(
        [...seen].sort(),
        ['read true', 'refused false', 'write false', 'write true'],
        'every kind of operation took place',
      );
    }
  });

  test('read, add one, write guarded, again when refused: no addition is lost', async () => {
    const document = await createDocument({ count: 0 });
    const clients = 12;
    const additions = 12;

    async function addOne(agent) {
      for (;;) {
        const { json } = await server.get(document.path, { agent });
        const form = { Data: JSON.stringify({ count: json.data.count + 1 }) };
        const headers = { 'If-Match': json.revision };
        const { status } = await server.post(document.path, form, { agent, headers });
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
    const { json } = await server.get(document.path);
    assert.equal(json.data.count, clients * additions);
    assert.equal(json.revision, (clients * additions).toString(16));
  });

  test('of many that create the same name exactly one succeeds', async () => {
    for (let round = 0; round < 5; round++) {
      const form = { UniqueName: `race-${round}`, Data: '{}' };
      const attempts = Array.from({ length: 16 }, () =>
        server.post('/v1/Services/default/Documents', form),
      );
      const responses = await Promise.all(attempts);
      assert.equal(responses.filter(({ status }) => status === 201).length, 1);
      for (const { status, json } of responses.filter(({ status }) => status !== 201))
        assert.deepEqual([status, json.code], [409, 54301]);
    }
  });

  test('of many that remove a document with the same guard exactly one succeeds', async () => {
    const document = await createDocument({});
    const attempts = Array.from({ length: 16 }, () =>
      server.delete(document.path, { headers: { 'If-Match': '"0"' } }),
    );
    const statuses = (await Promise.all(attempts)).map(({ status }) => status).sort();
    assert.deepEqual(statuses, [204, ...new Array(15).fill(404)]);
  });
});
