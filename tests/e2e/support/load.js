'use strict';
// Writers whose every attempt is remembered, so that after a crash it can be said of each
// document and each item what it may hold, and what it must not.
//
// An object has one writer, which waits for each reply before it sends the next request. So
// after a crash an object is as its last acknowledged write left it, or as the one attempt
// left it that was under way. Nothing else is right.

const assert = require('node:assert/strict');
const { connection } = require('./http.js');
const { below } = require('./random.js');

const DEFAULT = '/v1/Services/default';
const GONE = 'gone';

// Where writers write: half of them documents, half of them the items of one map.
const DOCUMENTS = { path: `${DEFAULT}/Documents`, naming: 'UniqueName', updating: ['POST'] };
const MAP = `${DEFAULT}/Maps/written`;
const ITEMS = { path: `${MAP}/Items`, naming: 'Key', updating: ['POST', 'PUT'] };
const LIST = `${DEFAULT}/Lists/pushed`;

async function createContainer(server, path) {
  const [, plural, name] = /^(.*)\/([^/]*)$/.exec(path);
  const { status, text } = await server.post(plural, { UniqueName: name });
  assert.equal(status, 201, text);
}

// What an object may be: gone, or a revision with a value.
const state = (revision, value) => ({ revision, value });
const next = (revision) => (parseInt(revision, 16) + 1).toString(16);

class Writer {
  constructor(number, random, padding = '') {
    this.number = number;
    this.place = number % 2 ? ITEMS : DOCUMENTS;
    this.random = random;
    this.padding = padding;
    this.objects = new Map(); // name → {certain, attempted}
    this.count = 0;
    this.changes = 0; // that took effect
  }

  value(kind) {
    return `${kind}-${this.number}-${++this.count}`;
  }

  data(value) {
    return JSON.stringify({ value, padding: this.padding });
  }

  // Send what changes `name` to `attempted`, or is refused with 503. Nothing else may be the
  // answer: nobody but this writer touches the object.
  async attempt(name, attempted, send) {
    const entry = this.objects.get(name) ?? { certain: GONE };
    this.objects.set(name, { ...entry, attempted });
    const response = await send();
    if (response.status >= 200 && response.status < 300) {
      this.objects.set(name, { certain: attempted });
      this.changes++;
    } else {
      assert.equal(response.status, 503, response.text);
      this.objects.set(name, { certain: entry.certain });
    }
    return response;
  }

  create(server, agent) {
    const { path, naming } = this.place;
    const name = `writer-${this.number}-object-${++this.count}`;
    const value = this.value('created');
    const form = { [naming]: name, Data: this.data(value) };
    return this.attempt(name, state('0', value), () => server.post(path, form, { agent }));
  }

  update(server, agent, name, guarded) {
    const { path, updating } = this.place;
    const { certain } = this.objects.get(name);
    const value = this.value('updated');
    const headers = guarded ? { 'If-Match': `"${certain.revision}"` } : {};
    const method = updating[below(this.random, updating.length)];
    const form = { Data: this.data(value) };
    return this.attempt(name, state(next(certain.revision), value), () =>
      server.request(method, `${path}/${name}`, { form, agent, headers }),
    );
  }

  // A write that must be refused; whatever happens, its value must never be seen.
  async updateStale(server, agent, name) {
    const form = { Data: this.data(this.value('refused')) };
    const headers = { 'If-Match': '"fffffff"' };
    const response = await server.post(`${this.place.path}/${name}`, form, { agent, headers });
    assert.ok(response.status === 412 || response.status === 503, response.text);
    return response;
  }

  remove(server, agent, name) {
    return this.attempt(name, GONE, () => server.delete(`${this.place.path}/${name}`, { agent }));
  }

  step(server, agent) {
    const living = this.living();
    const choice = this.random();
    if (living.length < 3 || choice < 0.05) return this.create(server, agent);
    const name = living[below(this.random, living.length)];
    if (choice < 0.1) return this.remove(server, agent, name);
    if (choice < 0.2) return this.updateStale(server, agent, name);
    return this.update(server, agent, name, choice < 0.6);
  }

  // Until `stop` is true, or the connection breaks at a time when it may. `onReply` sees every
  // response.
  run(server, options) {
    return runSteps((agent) => this.step(server, agent), options);
  }

  // Look at every object, and take what is there for certain from now on.
  async verify(server) {
    for (const [name, { certain, attempted }] of this.objects) {
      const found = await this.find(server, name);
      const allowed = attempted === undefined ? [certain] : [certain, attempted];
      assert.ok(
        allowed.some((each) => same(each, found)),
        `${name} is ${show(found)}, allowed: ${allowed.map(show).join(' or ')}`,
      );
      if (!same(found, certain)) this.changes++;
      if (found === GONE) this.objects.delete(name);
      else this.objects.set(name, { certain: found });
    }
  }

  async find(server, name) {
    const response = await server.get(`${this.place.path}/${name}`);
    if (response.status === 404) return GONE;
    assert.equal(response.status, 200, response.text);
    const { revision, data } = response.json;
    assert.equal(data.padding, this.padding, 'the whole of the data');
    return state(revision, data.value);
  }

  living() {
    return [...this.objects].filter(([, { certain }]) => certain !== GONE).map(([name]) => name);
  }
}

const show = (found) => JSON.stringify(found);
const same = (a, b) => show(a) === show(b);

// One step after the other on one connection. See Writer.run.
async function runSteps(step, { stop = () => false, mayBreak = () => false, onReply }) {
  const agent = connection();
  try {
    while (!stop()) onReply(await step(agent));
  } catch (error) {
    if (error instanceof assert.AssertionError || !mayBreak()) throw error;
  } finally {
    agent.destroy();
  }
}

// All objects of a collection, by following the pages.
async function readAll(server, path) {
  const objects = [];
  let url = `${path}?PageSize=100`;
  while (url) {
    const { status, json, text } = await server.get(url);
    assert.equal(status, 200, text);
    objects.push(...json[json.meta.key]);
    url = json.meta.next_page_url;
  }
  return objects;
}

async function createWriters(server, count, random, padding) {
  await createContainer(server, MAP);
  return Array.from({ length: count }, (_, i) => new Writer(i, random, padding));
}

// Every writer's objects are as they must be.
const verifyEach = (server, writers) => Promise.all(writers.map((writer) => writer.verify(server)));

// The same, there are no others, and the map's revision has counted every change of its items.
async function verifyAll(server, writers) {
  await verifyEach(server, writers);
  for (const place of [DOCUMENTS, ITEMS]) {
    const expected = writers.filter((writer) => writer.place === place);
    const names = (await readAll(server, place.path)).map((each) => each.unique_name ?? each.key);
    assert.deepEqual(names.sort(), expected.flatMap((writer) => writer.living()).sort());
  }
  await verifyMapRevision(server, writers);
}

async function verifyMapRevision(server, writers) {
  const changes = writers
    .filter(({ place }) => place === ITEMS)
    .reduce((sum, writer) => sum + writer.changes, 0);
  assert.equal((await server.get(MAP)).json.revision, changes.toString(16));
}

// One of many that push to the same list. The server chooses the places, so what is known of a
// push that was under way in a crash is only that it may be there, once.
class Pusher {
  constructor(number) {
    this.number = number;
    this.count = 0;
    this.acknowledged = new Map(); // index → value
    this.attempted = new Set(); // values that may be there
  }

  async push(server, agent) {
    const value = `pushed-${this.number}-${++this.count}`;
    this.attempted.add(value);
    const form = { Data: JSON.stringify({ value }) };
    const response = await server.post(`${LIST}/Items`, form, { agent });
    this.attempted.delete(value);
    if (response.status !== 201) {
      assert.equal(response.status, 503, response.text);
      return response;
    }
    const { index, revision, data } = response.json;
    assert.deepEqual([revision, data], ['0', { value }]);
    this.acknowledged.set(index, value);
    return response;
  }

  run(server, options) {
    return runSteps((agent) => this.push(server, agent), options);
  }

  // Of `found`, take what was attempted. What is not there now must never come.
  settle(found) {
    for (const [index, value] of found) {
      if (!this.attempted.has(value)) continue;
      this.acknowledged.set(index, value);
      found.delete(index);
    }
    this.attempted.clear();
  }
}

async function createPushers(server, count) {
  await createContainer(server, LIST);
  return Array.from({ length: count }, (_, i) => new Pusher(i));
}

// Everything acknowledged has an index of its own and is there; besides only what was under way
// when the server ended, each once; and the list's revision has counted them. Gives the indexes.
async function verifyPushed(server, pushers) {
  const items = await readAll(server, `${LIST}/Items`);
  const found = new Map(items.map(({ index, data }) => [index, data.value]));
  assert.equal(found.size, items.length, 'no index twice');
  assert.equal(new Set(found.values()).size, items.length, 'no value twice');
  const others = new Map(found);
  for (const { number, acknowledged } of pushers)
    for (const [index, value] of acknowledged) {
      assert.equal(others.get(index), value, `what pusher ${number} was told of index ${index}`);
      others.delete(index);
    }
  for (const pusher of pushers) pusher.settle(others);
  assert.deepEqual([...others], [], 'what nobody pushed, or what was refused');
  const { revision } = (await server.get(LIST)).json;
  assert.equal(revision, items.length.toString(16), 'the list has counted its items');
  return [...found.keys()];
}

module.exports = {
  createWriters,
  verifyEach,
  verifyAll,
  createPushers,
  verifyPushed,
};
