'use strict';
// Writers whose every attempt is remembered, so that after a crash it can be said of each
// document what it may hold, and what it must not.
//
// A document has one writer, which waits for each reply before it sends the next request. So
// after a crash a document is as its last acknowledged write left it, or as the one attempt
// left it that was under way. Nothing else is right.

const assert = require('node:assert/strict');
const { connection } = require('./http.js');
const { below } = require('./random.js');

const COLLECTION = '/v1/Services/default/Documents';
const GONE = 'gone';

// What a document may be: gone, or a revision with a value.
const state = (revision, value) => ({ revision, value });
const next = (revision) => (parseInt(revision, 16) + 1).toString(16);

class Writer {
  constructor(number, random, padding = '') {
    this.number = number;
    this.random = random;
    this.padding = padding;
    this.documents = new Map(); // name → {certain, attempted}
    this.count = 0;
    this.acknowledged = 0;
  }

  value(kind) {
    return `${kind}-${this.number}-${++this.count}`;
  }

  data(value) {
    return JSON.stringify({ value, padding: this.padding });
  }

  // Send what changes `name` to `attempted`, or is refused with 503. Nothing else may be the
  // answer: nobody but this writer touches the document.
  async attempt(name, attempted, send) {
    const entry = this.documents.get(name) ?? { certain: GONE };
    this.documents.set(name, { ...entry, attempted });
    const response = await send();
    if (response.status >= 200 && response.status < 300) {
      this.documents.set(name, { certain: attempted });
      this.acknowledged++;
    } else {
      assert.equal(response.status, 503, response.text);
      this.documents.set(name, { certain: entry.certain });
    }
    return response;
  }

  create(server, agent) {
    const name = `writer-${this.number}-document-${++this.count}`;
    const value = this.value('created');
    const form = { UniqueName: name, Data: this.data(value) };
    return this.attempt(name, state('0', value), () => server.post(COLLECTION, form, { agent }));
  }

  update(server, agent, name, guarded) {
    const { certain } = this.documents.get(name);
    const value = this.value('updated');
    const headers = guarded ? { 'If-Match': `"${certain.revision}"` } : {};
    return this.attempt(name, state(next(certain.revision), value), () =>
      server.post(`${COLLECTION}/${name}`, { Data: this.data(value) }, { agent, headers }),
    );
  }

  // A write that must be refused; whatever happens, its value must never be seen.
  async updateStale(server, agent, name) {
    const form = { Data: this.data(this.value('refused')) };
    const headers = { 'If-Match': '"fffffff"' };
    const response = await server.post(`${COLLECTION}/${name}`, form, { agent, headers });
    assert.ok(response.status === 412 || response.status === 503, response.text);
    return response;
  }

  remove(server, agent, name) {
    return this.attempt(name, GONE, () => server.delete(`${COLLECTION}/${name}`, { agent }));
  }

  step(server, agent) {
    const living = [...this.documents].filter(([, { certain }]) => certain !== GONE);
    const choice = this.random();
    if (living.length < 3 || choice < 0.05) return this.create(server, agent);
    const [name] = living[below(this.random, living.length)];
    if (choice < 0.1) return this.remove(server, agent, name);
    if (choice < 0.2) return this.updateStale(server, agent, name);
    return this.update(server, agent, name, choice < 0.6);
  }

  // Until `stop` is true, or the connection breaks at a time when it may. `onReply` sees every
  // response.
  async run(server, { stop = () => false, mayBreak = () => false, onReply }) {
    const agent = connection();
    try {
      while (!stop()) onReply(await this.step(server, agent));
    } catch (error) {
      if (error instanceof assert.AssertionError || !mayBreak()) throw error;
    } finally {
      agent.destroy();
    }
  }

  // Look at every document, and take what is there for certain from now on.
  async verify(server) {
    for (const [name, { certain, attempted }] of this.documents) {
      const found = await this.find(server, name);
      const allowed = attempted === undefined ? [certain] : [certain, attempted];
      assert.ok(
        allowed.some((each) => same(each, found)),
        `${name} is ${show(found)}, allowed: ${allowed.map(show).join(' or ')}`,
      );
      if (found === GONE) this.documents.delete(name);
      else this.documents.set(name, { certain: found });
    }
  }

  async find(server, name) {
    const response = await server.get(`${COLLECTION}/${name}`);
    if (response.status === 404) return GONE;
    assert.equal(response.status, 200, response.text);
    const { revision, data } = response.json;
    assert.equal(data.padding, this.padding, 'the whole of the data');
    return state(revision, data.value);
  }

  living() {
    return [...this.documents].filter(([, { certain }]) => certain !== GONE).map(([name]) => name);
  }
}

const show = (found) => JSON.stringify(found);
const same = (a, b) => show(a) === show(b);

// The names of all documents, by following the pages.
async function listNames(server) {
  const names = [];
  let url = `${COLLECTION}?PageSize=100`;
  while (url) {
    const { status, json, text } = await server.get(url);
    assert.equal(status, 200, text);
    names.push(...json.documents.map((document) => document.unique_name));
    url = json.meta.next_page_url;
  }
  return names;
}

// Every writer's documents are as they must be.
const verifyEach = (server, writers) => Promise.all(writers.map((writer) => writer.verify(server)));

// The same, and there are no others.
async function verifyAll(server, writers) {
  await verifyEach(server, writers);
  const expected = writers.flatMap((writer) => writer.living());
  assert.deepEqual((await listNames(server)).sort(), expected.sort());
}

module.exports = { Writer, verifyEach, verifyAll };
