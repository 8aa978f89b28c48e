'use strict';
// Many clients of the official SDK increment one counter by mutate: nobody's increment is lost,
// and few of them fail, for those that have lost a race are let through one after the other.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { Office, subscribed } = require('./support/sdk.js');
const { Server } = require('./support/server.js');
const prometheus = require('./support/prometheus.js');

const CLIENTS = 20;
const INCREMENTS = 25;
const POSTS_A_SUCCESS = 1.5;

let server, office;

before(async () => {
  server = await Server.start();
  office = await Office.open(server);
});

after(async () => {
  await office.close();
  await server.destroy();
});

async function conflicts(of = server) {
  const reply = await of.request('GET', '/metrics');
  return prometheus.total(prometheus.parse(reply.text), /^tutti_core_conflicts_total$/);
}

const increment = (value) => ({ count: value.count + 1 });

// Every client increments, as fast as it can; how many writes a success took.
async function race(mutate, clients) {
  const failed = await conflicts();
  await Promise.all(
    clients.map(async (client) => {
      for (let i = 0; i < INCREMENTS; i++) await mutate(client);
    }),
  );
  const successes = clients.length * INCREMENTS;
  return (successes + (await conflicts()) - failed) / successes;
}

function clientsOf(from, count = CLIENTS) {
  return Array.from({ length: count }, (_, i) => from.client(`racer-${i}`));
}

test('a document: 500 increments by 20 clients count to 500', async () => {
  const documents = await Promise.all(clientsOf(office).map((c) => c.document('counter')));
  await documents[0].set({ count: 0 });
  await subscribed(...documents);
  const posts = await race((document) => document.mutate(increment), documents);
  const { data } = await office.rest.sync.v1.services('default').documents('counter').fetch();
  assert.equal(data.count, CLIENTS * INCREMENTS);
  assert.ok(posts <= POSTS_A_SUCCESS, `${posts} writes a success`);
});

test('an item of a map', async () => {
  const maps = await Promise.all(clientsOf(office).map((c) => c.map('counters')));
  await maps[0].set('hits', { count: 0 });
  await subscribed(...maps);
  const posts = await race((map) => map.mutate('hits', increment), maps);
  const item = office.rest.sync.v1.services('default').syncMaps('counters').syncMapItems('hits');
  assert.equal((await item.fetch()).data.count, CLIENTS * INCREMENTS);
  assert.ok(posts <= POSTS_A_SUCCESS, `${posts} writes a success`);
});

test('an item of a list', async () => {
  const lists = await Promise.all(clientsOf(office).map((c) => c.list('counters')));
  await lists[0].push({ count: 0 });
  await subscribed(...lists);
  const posts = await race((list) => list.mutate(0, increment), lists);
  const item = office.rest.sync.v1.services('default').syncLists('counters').syncListItems(0);
  assert.equal((await item.fetch()).data.count, CLIENTS * INCREMENTS);
  assert.ok(posts <= POSTS_A_SUCCESS, `${posts} writes a success`);
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
  await racing;
  assert.equal((await rest.fetch()).data.count, 6 * INCREMENTS);
});

test('with `contention` off it only takes longer', async (t) => {
  const plain = await Server.startFor(t, { args: ['--contention', 'off'] });
  const desk = await Office.openFor(t, plain);
  const documents = await Promise.all(clientsOf(desk, 5).map((c) => c.document('counter')));
  await documents[0].set({ count: 0 });
  await Promise.all(
    documents.map(async (document) => {
      for (let i = 0; i < INCREMENTS; i++) await document.mutate(increment);
    }),
  );
  const { data } = await desk.rest.sync.v1.services('default').documents('counter').fetch();
  assert.equal(data.count, 5 * INCREMENTS);
  assert.ok((await conflicts(plain)) > 0);
});
