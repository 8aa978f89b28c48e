'use strict';
// Documents by the official client SDK: every member, what each client hears, every refusal.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { after, before, test } = require('node:test');
const { SyncDocument } = require('twilio-sync');
const { eventually } = require('./support/eventually.js');
const {
  Office,
  assertLives,
  heard,
  members,
  opened,
  record,
  refused,
} = require('./support/sdk.js');

let server, office, alice, bob, carol, service;

before(async () => {
  office = await Office.withServer();
  server = office.server;
  [alice, bob, carol] = ['alice', 'bob', 'carol'].map((identity) => office.client(identity));
  service = office.rest.sync.v1.services('default');
});

after(() => office.leave());

const watch = (name, clients = [alice, bob]) => opened(clients, 'document', name);

const change = (_, { data, isLocal, previousData }) => [data, isLocal, previousData];

// In this order; each of them with what was there before.
const MEMBERS = {
  sid: ({ sid }) => assert.match(sid, /^ET[0-9a-f]{32}$/),
  uniqueName: ({ uniqueName }) => assert.equal(uniqueName, 'members'),
  type: ({ type }) => assert.equal(type, 'document'),
  uri: ({ sid, uri }) => {
    assert.ok(uri.startsWith(server.base));
    assert.ok(uri.endsWith(`/Documents/${sid}`));
  },
  revision: ({ revision }) => assert.equal(revision, '0'),
  lastEventId: ({ lastEventId }) => assert.ok(Number.isSafeInteger(lastEventId)),
  dateExpires: ({ dateExpires }) => assert.equal(dateExpires, null),
  dateUpdated: ({ dateUpdated }) => assert.ok(Math.abs(dateUpdated - Date.now()) < 60_000),
  data: ({ data }) => assert.deepEqual(data, {}),
  set: async (document) => assert.deepEqual(await document.set({ n: 1, a: 1 }), { n: 1, a: 1 }),
  update: async (document) => {
    assert.deepEqual(await document.update({ n: 2, b: 2 }), { n: 2, a: 1, b: 2 });
    assert.equal(document.revision, '2');
  },
  mutate: async (document) => {
    const add = ({ n, ...rest }) => ({ ...rest, n: n + 1 });
    assert.deepEqual(await document.mutate(add), { n: 3, a: 1, b: 2 });
    assert.deepEqual(document.data, { n: 3, a: 1, b: 2 });
  },
  setTtl: async (document) => {
    await document.setTtl(1000);
    assertLives(document, 1000);
  },
  removeDocument: async (document) => {
    await document.removeDocument();
    await assert.rejects(document.set({}), refused(404, 54100));
  },
  close: async (document) => {
    document.close();
    await assert.rejects(document.removeDocument(), /closed/);
  },
};

test('a document has no member but these, and they work', async () => {
  assert.deepEqual(Object.keys(MEMBERS).sort(), members(SyncDocument));
  const document = await alice.document('members');
  for (const check of Object.values(MEMBERS)) await check(document);
});

test('each hears of each change once, in order, with what was there before', async () => {
  const documents = await watch('changes', [alice, bob, carol]);
  const seen = documents.map((document) => record(document, ['updated'], change));
  const steps = [];
  for (let n = 1; n <= 12; n++) {
    const author = n % 3;
    await documents[author].set({ n });
    steps.push([{ n }, author, n > 1 ? { n: n - 1 } : {}]);
    for (const events of seen) await heard(events, n);
  }
  for (const [at, events] of seen.entries())
    assert.deepEqual(
      events,
      steps.map(([data, author, before]) => [data, author === at, before]),
    );
});

test('many changes in a row come whole and in order', async () => {
  const [, document] = await watch('burst');
  const seen = record(document, ['updated'], (_, { data }) => data.n);
  const numbers = Array.from({ length: 200 }, (_, n) => n);
  for (const n of numbers) await service.documents('burst').update({ data: { n } });
  assert.deepEqual(await heard(seen, 200), numbers);
});

test('sets that wait for one on its way become one', async () => {
  const [mine, theirs] = await watch('merged');
  const seen = record(theirs, ['updated'], (_, { data }) => data.n);
  const sets = Array.from({ length: 20 }, (_, n) => mine.set({ n: n + 1 }));
  for (const data of await Promise.all(sets)) assert.ok(data.n > 0);
  await eventually(() => seen.at(-1) === 20);
  assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
  assert.equal((await service.documents('merged').fetch()).revision, seen.length.toString(16));
});

test('updates of two clients at once are both kept', async () => {
  const [mine, theirs] = await watch('merging');
  await Promise.all([mine.update({ mine: 1 }), theirs.update({ theirs: 1 })]);
  const { data } = await service.documents('merging').fetch();
  assert.deepEqual(data, { mine: 1, theirs: 1 });
  for (const document of [mine, theirs])
    assert.ok(await eventually(() => document.data.mine && document.data.theirs));
});

// While this runs, the client hears nothing.
function writeMeanwhile(name, data) {
  const url = `${server.base}/v1/Services/default/Documents/${name}`;
  const form = ['--data-urlencode', `Data=${JSON.stringify(data)}`];
  execFileSync('curl', ['-sfS', '-o', '/dev/null', '-u', server.auth.join(':'), ...form, url]);
}

test('a mutator is asked again with what another has written in between', async () => {
  const [mine, theirs] = await watch('overtaken');
  const seen = [mine, theirs].map((document) => record(document, ['updated'], change));
  const asked = [];
  const result = await mine.mutate((data) => {
    asked.push(data);
    if (asked.length < 3) writeMeanwhile('overtaken', { n: 10 * asked.length });
    return { n: (data.n ?? 0) + 1 };
  });
  assert.deepEqual([asked, result], [[{}, { n: 10 }, { n: 20 }], { n: 21 }]);
  assert.deepEqual(
    (await heard(seen[1], 3)).map(([{ n }]) => n),
    [10, 20, 21],
  );
  const numbers = seen[0].map(([{ n }]) => n);
  assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b));
  assert.deepEqual(seen[0].at(-1), [{ n: 21 }, true, { n: 20 }]);
});

test('a mutator that throws or gives null leaves all as it is', async () => {
  const [mine] = await watch('unmoved');
  await assert.rejects(
    mine.mutate(() => {
      throw new Error('no');
    }),
    /no/,
  );
  assert.deepEqual(await mine.mutate(() => null), {});
  assert.equal((await service.documents('unmoved').fetch()).revision, '0');
});

test('data comes back as it was given', async () => {
  const [mine, theirs] = await watch('values');
  for (const data of [
    {},
    { '': '', ' ': ' ', 'a.b': { 'c/d': [] } },
    { text: 'ä😀\u0000\u2028\ue000"\\\n', number: -1.5e-7, large: 2 ** 53 - 1 },
    { list: [null, true, false, [[]], {}], nothing: null },
    { __proto__x: 1, constructor: { prototype: 2 } },
    { text: 'x'.repeat(15_000) },
  ]) {
    await mine.set(data);
    assert.deepEqual((await service.documents('values').fetch()).data, data);
    assert.ok(await eventually(() => theirs.revision === mine.revision));
    assert.deepEqual(theirs.data, data);
  }
});

test('a document holds 16 KiB and not one byte more', async () => {
  const [mine] = await watch('full');
  const sized = (bytes) => ({ é: 'x'.repeat(bytes - '{"é":""}'.length - 1) });
  const full = sized(16_384);
  assert.deepEqual(await mine.set(full), full);
  const over = sized(16_385);
  await assert.rejects(mine.set(over), refused(413, 54006));
  await assert.rejects(mine.update({ b: 1 }), refused(413, 54006));
  await assert.rejects(mine.mutate(() => over), refused(413, 54006));
  await assert.rejects(alice.document({ id: 'over', data: over }), refused(413, 54006));
  await assert.rejects(alice.document({ id: 'over', mode: 'open_existing' }), refused(404, 54300));
  assert.deepEqual([mine.data, mine.revision], [full, '1']);
});

test('a time to live that is none is refused', async () => {
  const [mine] = await watch('ttls');
  await assert.rejects(mine.setTtl(31_536_001), refused(400, 54011));
  await assert.rejects(mine.set({ n: 1 }, { ttl: 31_536_001 }), refused(400, 54011));
  const asked = { id: 'eternal', mode: 'create_new', ttl: 31_536_001 };
  await assert.rejects(alice.document(asked), refused(400, 54011));
  assert.deepEqual([mine.data, mine.dateExpires], [{}, null]);
  await mine.setTtl(31_536_000);
  assertLives(mine, 31_536_000);
});

test('each write may give a time to live; one that does not keeps what is there', async () => {
  const [mine] = await watch('renewed');
  await mine.set({ n: 1 }, { ttl: 1000 });
  assertLives(mine, 1000);
  await mine.set({ n: 2 });
  assertLives(mine, 1000);
  await mine.update({ n: 3 }, { ttl: 2000 });
  assertLives(mine, 2000);
  await mine.mutate(() => ({ n: 4 }), { ttl: 3000 });
  assertLives(mine, 3000);
  const { dateExpires } = await service.documents('renewed').fetch();
  assert.ok(Math.abs(dateExpires - new Date(mine.dateExpires)) < 1000); // REST says seconds
  await mine.setTtl(0);
  assert.equal(mine.dateExpires, null);
  assert.equal((await service.documents('renewed').fetch()).dateExpires, null);
});

test('a new time to live makes no conflict', async () => {
  const [mine, theirs] = await watch('calm');
  await theirs.setTtl(1000);
  let asked = 0;
  await mine.mutate(() => ({ asked: ++asked }));
  assert.equal(asked, 1);
});

test('when its time is over, all hear of it once, and it is gone', async () => {
  const documents = await watch('expiring', [alice, bob, carol]);
  await documents[0].set({ last: 1 });
  for (const document of documents) assert.ok(await eventually(() => document.data.last));
  const look = (_, { isLocal, previousData }) => [isLocal, previousData];
  const seen = documents.map((document) => record(document, ['removed'], look));
  await documents[0].setTtl(1);
  for (const events of seen) assert.deepEqual(await heard(events, 1), [[false, { last: 1 }]]);
  const existing = { id: 'expiring', mode: 'open_existing' };
  await assert.rejects(alice.document(existing), refused(404, 54300));
  const next = await bob.document({ id: 'expiring', mode: 'create_new' });
  assert.deepEqual([next.data, next.sid === documents[0].sid], [{}, false]);
  for (const events of seen) assert.equal(events.length, 1);
});

test('the one who removes it hears so as its own doing, the others not', async () => {
  const documents = await watch('removed', [alice, bob, carol]);
  await documents[1].set({ last: 1 });
  for (const document of documents) assert.ok(await eventually(() => document.data.last));
  const look = (_, { isLocal, previousData }) => [isLocal, previousData];
  const seen = documents.map((document) => record(document, ['removed'], look));
  await documents[1].removeDocument();
  for (const [at, events] of seen.entries())
    assert.deepEqual(await heard(events, 1), [[at === 1, { last: 1 }]]);
  await assert.rejects(documents[0].set({ n: 1 }), refused(404, 54100));
  await assert.rejects(documents[2].mutate((data) => data), refused(404, 54100));
  await assert.rejects(documents[2].setTtl(5), refused(404, 54100));
});

test('one that was removed behind the back of a client is found to be gone', async () => {
  const { sid } = await alice.document('behind');
  const late = await office.client('late').document('behind');
  const removed = record(late, ['removed'], (_, { isLocal }) => isLocal);
  await service.documents(sid).remove();
  await assert.rejects(late.set({ n: 1 }), refused(404, 54100));
  await heard(removed, 1);
  assert.equal(removed.length, 1);
});

test('two handles of one client are one document, each with its own listeners', async () => {
  const [one, two] = [await alice.document('handles'), await alice.document('handles')];
  const [atOne, atTwo] = [one, two].map((document) => record(document, ['updated'], change));
  await one.set({ n: 1 });
  assert.deepEqual([atOne, atTwo], [[[{ n: 1 }, true, {}]], [[{ n: 1 }, true, {}]]]);
  one.close();
  await two.set({ n: 2 });
  assert.deepEqual([atOne.length, atTwo.length], [1, 2]);
  await assert.rejects(one.set({ n: 3 }), /closed/);
  assert.deepEqual(two.data, { n: 2 });
});

test('what REST writes is heard as what any client writes, and the other way round', async () => {
  const [mine] = await watch('mixed');
  const at = service.documents('mixed');
  const seen = record(mine, ['updated'], change);
  const { revision } = await at.update({ data: { n: 1 } });
  await heard(seen, 1);
  assert.equal(mine.revision, revision);
  await mine.set({ n: 2 });
  await assert.rejects(at.update({ data: { n: 3 }, ifMatch: revision }), { status: 412 });
  await at.update({ data: { n: 3 }, ifMatch: mine.revision });
  await mine.mutate(({ n }) => ({ n: n + 1 }));
  assert.deepEqual((await at.fetch()).data, { n: 4 });
  await at.update({ data: { n: 5 } });
  await heard(seen, 5);
  const local = [false, true, false, true, false];
  assert.deepEqual(
    seen.map(([{ n }, isLocal]) => [n, isLocal]),
    local.map((isLocal, n) => [n + 1, isLocal]),
  );
});

test('a new time to live is heard as a change of nothing', async () => {
  const [mine, theirs] = await watch('retimed');
  const seen = [mine, theirs].map((document) => record(document, ['updated'], change));
  await mine.setTtl(1000);
  await service.documents('retimed').update({ ttl: 2000 });
  await service.documents('retimed').update({ data: { n: 1 } });
  for (const events of seen) {
    await eventually(() => events.at(-1)?.[0].n);
    for (const [data] of events.slice(0, -1)) assert.deepEqual(data, {});
    assert.deepEqual(events.at(-1), [{ n: 1 }, false, {}]);
  }
  assert.deepEqual([seen[0].length, seen[1].length], [2, 3]);
});
