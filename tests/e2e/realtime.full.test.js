'use strict';
// A full disk while clients listen: what was acknowledged is delivered and kept; what was refused
// is never heard of.

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');
const { assertProblem } = require('./support/shapes.js');
const { eventually } = require('./support/eventually.js');
const { Office, heard, opened, record } = require('./support/sdk.js');
const { Server } = require('./support/server.js');
const { Tmpfs } = require('./support/tmpfs.js');

const SUBSCRIBERS = 5;
const ROUNDS = 3;
const REFUSALS = 6; // of a round
const LEFT = 1024 * 1024;
const FILLING = 'x'.repeat(9000);
const BASE = '/v1/Services/default';
const TARGETS = ['Documents/full', 'Lists/full/Items', 'Streams/full/Messages'];

// Writes numbers to a document, a list and a stream, and knows which were acknowledged.
class Writer {
  constructor(server) {
    this.server = server;
    this.tried = 0;
    this.refusals = 0;
    this.acknowledged = TARGETS.map(() => []);
  }

  async writeOne(n, target, acknowledged) {
    const data = target.startsWith('Streams') ? { n } : { n, x: FILLING };
    const fields = { Data: JSON.stringify(data) };
    const response = await this.server.post(`${BASE}/${target}`, fields);
    if (response.status < 300) return acknowledged.push(n);
    assertProblem(response, 503);
    assert.match(response.headers['retry-after'] ?? '', /^\d+$/);
    this.refusals++;
  }

  // The same number everywhere at once; were all acknowledged?
  async write() {
    const n = ++this.tried;
    const before = this.refusals;
    await Promise.all(TARGETS.map((at, i) => this.writeOne(n, at, this.acknowledged[i])));
    return this.refusals === before;
  }

  async writeUntilFull() {
    const refusals = this.refusals + REFUSALS;
    while (this.refusals < refusals) await this.write();
  }
}

// For each target what each of these clients hears, number by number.
async function listen(clients) {
  const number = (_, { data, item, message }) => (data ?? (item ?? message).data).n;
  const all = [];
  for (const [kind, event] of [
    ['document', 'updated'],
    ['list', 'itemAdded'],
    ['stream', 'messagePublished'],
  ]) {
    const objects = await opened(clients, kind, 'full');
    all.push(objects.map((object) => record(object, [event], number)));
  }
  return all;
}

async function itemsOf(server) {
  const numbers = [];
  for (let at = `${BASE}/Lists/full/Items?PageSize=100`; at; ) {
    const { json } = await server.get(at);
    numbers.push(...json.items.map(({ data }) => data.n));
    at = json.meta.next_page_url;
  }
  return numbers;
}

test('subscribers hear all that was acknowledged, in order, and nothing else', async (t) => {
  const { tmpfs, reason } = Tmpfs.mount('24m');
  if (!tmpfs) return t.skip(reason);
  const server = await Server.startFor(t, { data: path.join(tmpfs.folder, 'data') });
  t.after(() => tmpfs.unmount());
  const office = await Office.openFor(t, server);
  const seen = await listen(
    Array.from({ length: SUBSCRIBERS }, (_, i) => office.client(`subscriber ${i}`)),
  );
  const patient = await office.client('patient').document('patient');
  const writer = new Writer(server);
  const [documents, items, messages] = writer.acknowledged;

  for (let round = 0; round < ROUNDS; round++) {
    tmpfs.fill(LEFT);
    await writer.writeUntilFull();
    const late = await office.client(`late ${round}`).document('full');
    assert.equal(late.data.n, documents.at(-1), 'whoever comes late reads what is kept');
    // The SDK tries on after a 503, so an application sees only that it takes longer.
    const waiting = patient.set({ round, x: FILLING });
    await writer.writeUntilFull();
    tmpfs.drain();
    await waiting;
    assert.ok(await eventually(() => writer.write()), 'writes work again');
  }

  for (const [i, acknowledged] of writer.acknowledged.entries())
    for (const numbers of seen[i])
      assert.deepEqual(await heard(numbers, acknowledged.length), acknowledged, TARGETS[i]);
  assert.ok(messages.length);

  await office.close();
  await server.killHard();
  await server.launch();
  const dataOf = async (name) => (await server.get(`${BASE}/Documents/${name}`)).json.data;
  assert.equal((await dataOf('full')).n, documents.at(-1));
  assert.equal((await dataOf('patient')).round, ROUNDS - 1);
  assert.deepEqual(await itemsOf(server), items);
});
