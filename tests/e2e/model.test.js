'use strict';
// Random requests, answered by the server and by the model (support/model.js). Every answer is
// compared: status, code, and all of the body that the model knows.
//
// Each walker is one client with a service of its own, so it knows all that happens there.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { Server } = require('./support/server.js');
const { connection } = require('./support/http.js');
const { assertProblem } = require('./support/shapes.js');
const { seed, randomOf } = require('./support/random.js');
const { KINDS } = require('./support/model.fields.js');
const { Model } = require('./support/model.js');
const { Requests, neighbours } = require('./support/model.requests.js');

const WALKERS = 8;
const STEPS = 350; // of each walker, before the restart and after it
const LOG_LENGTH = 15; // requests that a failure shows
const LOG_WIDTH = 300;

// The path as bytes that reach the server as they are: dots are encoded too.
const encoded = (segment) => encodeURIComponent(segment).replaceAll('.', '%2E');
const pathOf = (path) => ['/v1/Services', ...path.map(encoded)].join('/');

function targetOf({ path, query = {}, url }) {
  if (url) return url;
  const search = new URLSearchParams(query).toString();
  return pathOf(path) + (search && `?${search}`);
}

const describeRequest = (request) => {
  const { method, form, headers, bookmark } = request;
  const rest = JSON.stringify({ form, headers, bookmark });
  return `${method} ${targetOf(request)} ${rest}`.slice(0, LOG_WIDTH);
};

class Walker {
  constructor(server, number) {
    this.server = server;
    this.model = new Model();
    this.requests = new Requests(this.model, randomOf(seed + number));
    this.log = [];
    this.statuses = new Map(); // how often each was the answer
  }

  // ---- one request ----

  // On a page: the requests that lead to its neighbours.
  async step(request = this.requests.next()) {
    const { method, form, headers } = request;
    const { agent } = this;
    this.log.push(describeRequest(request));
    const response = await this.server.request(method, targetOf(request), { form, headers, agent });
    const { code, data, revision } = response.json ?? {};
    this.log.push(`  ${response.status} ${JSON.stringify({ code, revision, data })}`);
    this.requests.noteRemoval(request);
    const expected = this.model.answer(request, response.json);
    this.compare(response, expected);
    this.statuses.set(response.status, (this.statuses.get(response.status) ?? 0) + 1);
    return expected.page ? neighbours(request, response.json.meta, expected) : {};
  }

  compare(response, expected) {
    const { status, code, body, page } = expected;
    if (code !== undefined) return assertProblem(response, status, code);
    assert.equal(response.status, status, response.text);
    if (body) this.compareBody(response.json, body);
    else if (!page) return assert.equal(response.text, '');
    else this.comparePage(response.json, expected);
    const { revision } = body ?? {};
    assert.equal(response.headers.etag, revision === undefined ? undefined : `"${revision}"`);
  }

  compareBody(json, expected) {
    for (const [name, value] of Object.entries(expected))
      if (value !== undefined) assert.deepEqual(json[name], value, name);
  }

  comparePage(json, { page, size, previous, next }) {
    const { meta } = json;
    const found = json[meta.key];
    const names = (list) =>
      list.map(({ sid, index, key, identity }) => sid ?? index ?? key ?? identity);
    assert.deepEqual(names(found), names(page), 'which objects, in which order');
    found.forEach((each, i) => this.compareBody(each, page[i]));
    assert.equal(meta.previous_page_url === null, previous === null, 'is there a previous page?');
    assert.equal(meta.next_page_url === null, next === null, 'is there a next page?');
    if (size !== undefined) assert.equal(meta.page_size, size);
  }

  // ---- the walk ----

  // What goes wrong is told with how it came about.
  async told(walk) {
    this.agent = connection();
    try {
      await walk();
    } catch (error) {
      const log = this.log.slice(-2 * LOG_LENGTH).join('\n');
      throw new Error(`${error.message}\nseed ${seed}; the last requests:\n${log}`, {
        cause: error,
      });
    } finally {
      this.agent.destroy();
    }
  }

  async begin() {
    await this.step({ method: 'POST', path: [], form: {} });
    const [sid] = this.model.services.keys();
    for (const kind of Object.keys(KINDS))
      await this.step({ method: 'POST', path: [sid, kind], form: {} });
  }

  walk() {
    return this.told(async () => {
      if (this.model.services.size === 0) await this.begin();
      for (let i = 0; i < STEPS; i++) {
        const { previous, next } = await this.step();
        this.requests.remember(previous, next);
      }
    });
  }

  // Everything the model knows is there, and nothing else.
  audit() {
    return this.told(async () => {
      for (const service of this.model.services.values()) {
        await this.step({ method: 'GET', path: [service.sid] });
        for (const kind of Object.keys(KINDS)) await this.auditKind(service, kind);
      }
    });
  }

  async auditKind(service, kind) {
    await this.readAll([service.sid, kind]);
    for (const { sid } of service[kind].values()) {
      const path = [service.sid, kind, sid];
      await this.step({ method: 'GET', path });
      if (KINDS[kind].item) await this.readAll([...path, 'Items']);
      if (kind !== 'Streams') await this.readAll([...path, 'Permissions']);
    }
  }

  async readAll(path) {
    let request = { method: 'GET', path, query: { PageSize: '20' } };
    while (request) request = (await this.step(request)).next;
  }
}

describe('the server and the model', () => {
  test('answer random requests alike, over a restart too', async (t) => {
    t.diagnostic(`seed ${seed}`);
    const server = await Server.startFor(t);
    const walkers = Array.from({ length: WALKERS }, (_, i) => new Walker(server, i));
    const each = (act) => Promise.all(walkers.map(act));
    await each((walker) => walker.walk());
    await server.restart();
    await each((walker) => walker.audit());
    await each((walker) => walker.walk());
    await each((walker) => walker.audit());

    const total = (status) =>
      walkers.reduce((sum, { statuses }) => sum + (statuses.get(status) ?? 0), 0);
    for (const status of [200, 201, 204, 304, 400, 404, 409, 412, 413])
      assert.ok(total(status) > 0, `some request was answered with ${status}`);
  });
});
