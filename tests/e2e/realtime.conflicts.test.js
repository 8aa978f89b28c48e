'use strict';
// Many clients of the official SDK increment one counter by mutate: nobody's increment is lost,
// and few of them fail, for those that have lost a race are let through one after the other.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { Connection } = require('./support/packets.js');
const { Office, subscribed } = require('./support/sdk.js');
const { Server } = require('./support/server.js');
const prometheus = require('./support/prometheus.js');

const CLIENTS = 20;
const INCREMENTS = 25;
const POSTS_A_SUCCESS = 1.5;

let server, office;

before(async () => {
  office = await Office.withServer();
  server = office.server;
});

after(() => office.leave());

async function conflicts(of = server) {
  const reply = await of.request('GET', '/metrics');
  return prometheus.total(prometheus.parse(reply.text), /^tutti_core_conflicts_total$/);
}

const increment = (value) => ({ count: value.count + 1 });

// Every client increments, as fast as it can; how many writes a success took.
async function race(mutate, clients, of = server, increments = INCREMENTS) {
  const failed = await conflicts(of);
  await Promise.all(
    clients.map(async (client) => {
      for (let i = 0; i < increments; i++) await mutate(client);
    }),
  );
  const successes = clients.length * increments;
  return (successes + (await conflicts(of)) - failed) / successes;
}

function clientsOf(from, count = CLIENTS) {
  return Array.from({ length: count }, (_, i) => from.client(`racer-${i}`));
}

// A race with a server of its own, whose conflicts are all of this race.
async function openFor(t, args = []) {
  const its = await Server.startFor(t, { args });
  const desk = await Office.openFor(t, its);
  return { its, desk, rest: desk.rest.sync.v1.services('default') };
}

const KINDS = {
  document: {
    prepare: (object) => object.set({ count: 0 }),
    mutate: (object) => object.mutate(increment),
    fetch: (rest) => rest.documents('counter').fetch(),
  },
  list: {
    prepare: (object) => object.push({ count: 0 }),
    mutate: (object) => object.mutate(0, increment),
    fetch: (rest) => rest.syncLists('counter').syncListItems(0).fetch(),
  },
  map: {
    prepare: (object) => object.set('hits', { count: 0 }),
    mutate: (object) => object.mutate('hits', increment),
    fetch: (rest) => rest.syncMaps('counter').syncMapItems('hits').fetch(),
  },
};

async function openCounters(desk, kind, count = CLIENTS) {
  const objects = await Promise.all(clientsOf(desk, count).map((c) => c[kind]('counter')));
  await KINDS[kind].prepare(objects[0]);
  await subscribed(...objects);
  return objects;
}

for (const [kind, clients, increments] of [
  ['document', CLIENTS, INCREMENTS],
  ['list', CLIENTS / 2, 20],
  ['map', CLIENTS / 2, 20],
])
  test(`${clients} clients increment a ${kind}'s counter ${increments} times each, and few writes are in vain`, async (t) => {
    const { its, desk, rest } = await openFor(t);
    const { mutate, fetch } = KINDS[kind];
    const objects = await openCounters(desk, kind, clients);
    const posts = await race(mutate, objects, its, increments);
    assert.equal((await fetch(rest)).data.count, clients * increments);
    assert.ok(posts <= POSTS_A_SUCCESS, `${posts} writes a success`);
  });

// As the SDK does it, at a fraction of its cost.
async function mutateByHand(connection, path) {
  for (;;) {
    const { body: found } = await connection.http('GET', path);
    const { status } = await connection.http('POST', path, {
      body: { data: increment(found.data) },
      headers: { 'If-Match': found.revision },
    });
    if (status === 200) return;
    assert.equal(status, 412);
  }
}

test('with `contention` off more writes are in vain, and none is lost', async (t) => {
  const { its, desk, rest } = await openFor(t, [
    ...['--contention', 'off'],
    ...['--session-frames-max', '0'],
  ]);
  const { sid } = await rest.documents.create({ data: { count: 0 } });
  const connections = await Promise.all(
    Array.from({ length: CLIENTS }, (_, i) => Connection.start(its, desk.token(`racer-${i}`))),
  );
  t.after(() => connections.forEach((connection) => connection.close()));
  const mutate = (connection) => mutateByHand(connection, `/v3/Documents/${sid}`);
  const posts = await race(mutate, connections, its);
  assert.equal((await rest.documents(sid).fetch()).data.count, CLIENTS * INCREMENTS);
  assert.ok(posts > POSTS_A_SUCCESS, `${posts} writes a success`);
});

test('while somebody increments over REST, by If-Match and trying again, nothing is lost', async () => {
  const documents = await Promise.all(clientsOf(office, 5).map((c) => c.document('mixed')));
  await documents[0].set({ count: 0 });
  const rest = office.rest.sync.v1.services('default').documents('mixed');
  async function incrementOverRest() {
    const { data, revision } = await rest.fetch();
    try {
      await rest.update({ data: increment(data), ifMatch: revision });
    } catch (error) {
      assert.equal(error.status, 412);
      await incrementOverRest();
    }
  }
  const racing = race((document) => document.mutate(increment), documents);
  for (let i = 0; i < INCREMENTS; i++) await incrementOverRest();
  assert.ok((await racing) <= 2 * POSTS_A_SUCCESS);
  assert.equal((await rest.fetch()).data.count, 6 * INCREMENTS);
});

test('losers that only read are held, but for no more than about a second', async (t) => {
  const LOSERS = 20;
  const documents = office.rest.sync.v1.services('default').documents;
  const { sid } = await documents.create({ data: { n: 0 } });
  const path = `/v3/Documents/${sid}`;
  const connections = await Promise.all(
    Array.from({ length: LOSERS }, (_, i) => Connection.start(server, office.token(`loser-${i}`))),
  );
  const busy = await Connection.start(server, office.token('busy'));
  t.after(() => [...connections, busy].forEach((connection) => connection.close()));
  let over = false;
  let written = 0;
  async function write() {
    while (!over) {
      const { status } = await busy.http('POST', path, { body: { data: { n: ++written } } });
      assert.equal(status, 200);
    }
  }
  async function loseAndRead(connection) {
    const lost = await connection.http('POST', path, {
      body: { data: {} },
      headers: { 'If-Match': '7fff' },
    });
    assert.equal(lost.status, 412);
    const least = written - 1;
    const begun = performance.now();
    const { status, body } = await connection.http('GET', path);
    assert.equal(status, 200);
    assert.ok(body.data.n >= least, `${body.data.n} is older than what the write failed for`);
    return performance.now() - begun;
  }
  const writing = write();
  const held = await Promise.all(connections.map(loseAndRead)).finally(() => (over = true));
  await writing;
  assert.ok(Math.max(...held) < 2000, `${Math.max(...held)} ms`);
});
