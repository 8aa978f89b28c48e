'use strict';
// The official client SDK's Client: every member, and that each client has what it opens once.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { Client } = require('twilio-sync');
const { eventually } = require('./support/eventually.js');
const { Office, connected, members, opened, record, subscribed } = require('./support/sdk.js');

let server, office;

before(async () => {
  office = await Office.withServer();
  server = office.server;
});

after(() => office.leave());

const INTERNAL = ['ensureReady', 'storeRootInSessionCache', 'readRootFromSessionCache'].concat(
  ['getCached', 'removeFromCacheAndSession'],
  members(Client).filter((name) => name.startsWith('_')),
);

// In this order; each of them with what was there before.
const MEMBERS = {
  connectionState: async (client) => {
    assert.equal(client.connectionState, 'connecting');
    await connected(client);
    assert.equal(client.connectionState, 'connected');
  },
  document: async (client) => assert.match((await client.document('one')).sid, /^ET/),
  list: async (client) => assert.match((await client.list('one')).sid, /^ES/),
  map: async (client) => {
    const map = await client.map('one');
    assert.match(map.sid, /^MP/);
    await map.set('k', { n: 1 });
  },
  stream: async (client) => assert.match((await client.stream('one')).sid, /^TO/),
  liveQuery: async (client) => {
    const query = await client.liveQuery('one', 'n == 1');
    assert.deepEqual(query.getItems(), { k: { n: 1 } });
  },
  instantQuery: async (client) => {
    const query = await client.instantQuery('one');
    await query.search('n == 1');
    assert.deepEqual(query.getItems(), { k: { n: 1 } });
  },
  updateToken: async (client) => {
    await client.updateToken(office.token('member', { ttl: 1800 }));
    assert.equal(client.connectionState, 'connected');
    assert.match((await client.document('two')).sid, /^ET/);
  },
  shutdown: async (client) => {
    await client.shutdown();
    assert.ok(await eventually(() => client.connectionState === 'disconnected'));
  },
};

test('a client has no member but these, and they work', async () => {
  assert.deepEqual(Object.keys(MEMBERS).sort(), members(Client, INTERNAL));
  const client = office.client('member');
  const errors = record(client, ['connectionError', 'tokenExpired'], (name) => name);
  for (const check of Object.values(MEMBERS)) await check(client);
  assert.deepEqual(errors, []);
});

const metric = async (name) =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec((await server.get('/metrics')).text)[1]);

test('a client that shuts down leaves nothing behind, one that stays keeps all', async () => {
  const [leaves, stays] = [office.client('leaves'), office.client('stays')];
  const [, theirs] = await opened([leaves, stays], 'document', 'left');
  await opened([leaves, stays], 'list', 'left');
  const subscriptions = await metric('tutti_subscriptions');
  const sessions = await metric('tutti_sessions');
  await leaves.shutdown();
  assert.ok(await eventually(async () => (await metric('tutti_sessions')) === sessions - 1));
  assert.equal(await metric('tutti_subscriptions'), subscriptions - 2);
  const seen = record(theirs, ['updated'], (_, { data }) => data.n);
  await (await office.client('writes').document('left')).set({ n: 1 });
  assert.ok(await eventually(() => seen.length));
  assert.deepEqual(seen, [1]);
});

test('a client that has very many objects open hears of each', async () => {
  const clients = [office.client('writer'), office.client('reader')];
  const names = Array.from({ length: 250 }, (_, n) => `of-many-${n}`);
  const pairs = await Promise.all(
    names.map((name) => Promise.all(clients.map((client) => client.document(name)))),
  );
  // All: requests on their way when a client shuts down hold the process up for half a minute.
  await subscribed(...pairs.flat());
  const seen = pairs.map(([, theirs]) => record(theirs, ['updated'], (_, { data }) => data.n));
  await Promise.all(pairs.map(([mine], n) => mine.set({ n })));
  assert.ok(await eventually(() => seen.every((events) => events.length)));
  assert.deepEqual(seen.flat(), [...names.keys()]);
});
