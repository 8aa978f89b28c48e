'use strict';
// Connections are cut at random, and the server is stopped and killed, while others write: every
// subscriber hears of each change once, in its order.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { eventually } = require('./support/eventually.js');
const { Proxy } = require('./support/proxy.js');
const { randomOf } = require('./support/random.js');
const { Office, record, subscribed } = require('./support/sdk.js');
const { Server } = require('./support/server.js');

const SUBSCRIBERS = 4;
const WRITES = 60;
const PACE_MS = 60;

async function open(t) {
  const server = await Server.startFor(t);
  const office = await Office.openFor(t, server);
  const proxy = await Proxy.startFor(t, server);
  const clients = Array.from({ length: SUBSCRIBERS }, (_, i) =>
    office.client(`reader-${i}`, { port: proxy.port }),
  );
  return { server, office, proxy, clients, service: office.rest.sync.v1.services('default') };
}

const ITEM_EVENTS = ['itemAdded', 'itemUpdated', 'itemRemoved'];

// What a list's or map's items went through, as a subscriber saw it: "added 0 1", ...
const shown = (key) => (name, event) => {
  const item = event.item ?? event;
  const data = event.item ? event.item.data.n : '';
  return `${name.replace('item', '').toLowerCase()} ${item[key]} ${data}`.trim();
};

// Over REST, one after the other; what was done, in the same words.
async function writeToList(list, seed) {
  const next = randomOf(seed);
  const done = [];
  const there = [];
  for (let n = 0; n < WRITES; n++) {
    await pause(next() * PACE_MS);
    const at = Math.floor(next() * there.length);
    const what = there.length ? next() : 0;
    if (what < 0.5) {
      const { index } = await list.syncListItems.create({ data: { n } });
      there.push(index);
      done.push(`added ${index} ${n}`);
    } else if (what < 0.8) {
      await list.syncListItems(there[at]).update({ data: { n } });
      done.push(`updated ${there[at]} ${n}`);
    } else {
      await list.syncListItems(there[at]).remove();
      done.push(`removed ${there[at]}`);
      there.splice(at, 1);
    }
  }
  return done;
}

async function cutWhile(proxy, seed, working) {
  const next = randomOf(seed);
  let over = false;
  working.finally(() => (over = true));
  while (!over) {
    await pause(20 + next() * 200);
    proxy.cut(() => next() < 0.5);
  }
  return working;
}

for (const seed of [1, 2, 3]) {
  test(`connections cut at random: a list is heard of without loss or repeat (seed ${seed})`, async (t) => {
    const { service, proxy, clients } = await open(t);
    await service.syncLists.create({ uniqueName: 'l' });
    const lists = await Promise.all(clients.map((client) => client.list('l')));
    await subscribed(...lists);
    const heard = lists.map((list) => record(list, ITEM_EVENTS, shown('index')));
    const done = await cutWhile(proxy, seed, writeToList(service.syncLists('l'), seed));
    for (const events of heard) {
      await eventually(() => events.length >= done.length);
      assert.deepEqual(events, done);
    }
  });
}

test('a map: in the end everybody has seen the same, each key in the order of its writes', async (t) => {
  const { service, proxy, clients } = await open(t);
  await service.syncMaps.create({ uniqueName: 'm' });
  const maps = await Promise.all(clients.map((client) => client.map('m')));
  await subscribed(...maps);
  const heard = maps.map((map) => record(map, ITEM_EVENTS, shown('key')));
  const items = service.syncMaps('m').syncMapItems;
  async function write() {
    for (let n = 0; n < WRITES; n++) {
      await pause(PACE_MS / 2);
      const key = `k${n % 7}`;
      if (n < 7) await items.create({ key, data: { n } });
      else await service.syncMaps('m').syncMapItems(key).update({ data: { n } });
    }
  }
  await cutWhile(proxy, 4, write());
  const done = Array.from(
    { length: WRITES },
    (_, n) => `${n < 7 ? 'added' : 'updated'} k${n % 7} ${n}`,
  );
  for (const events of heard) {
    await eventually(() => events.length >= done.length);
    assert.deepEqual(events, done);
  }
});

test('a document: states come in order, and the last one comes', async (t) => {
  const { service, proxy, clients } = await open(t);
  await service.documents.create({ uniqueName: 'd', data: { n: -1 } });
  const documents = await Promise.all(clients.map((client) => client.document('d')));
  await subscribed(...documents);
  const heard = documents.map((document) => record(document, ['updated'], (_, { data }) => data.n));
  async function write() {
    for (let n = 0; n < WRITES; n++) {
      await pause(PACE_MS / 2);
      await service.documents('d').update({ data: { n } });
    }
  }
  await cutWhile(proxy, 5, write());
  for (const [i, events] of heard.entries()) {
    assert.ok(await eventually(() => documents[i].data.n === WRITES - 1), `reader ${i}`);
    assert.deepEqual(events, [...new Set(events)].sort((a, b) => a - b));
  }
});

test('what the SDK wrote itself is shown once, whatever was cut', async (t) => {
  const { proxy, clients } = await open(t);
  const [writer, reader] = clients;
  const mine = await writer.list('own');
  const theirs = await reader.list('own');
  await subscribed(mine, theirs);
  const [events, heard] = [mine, theirs].map((list) =>
    record(list, ITEM_EVENTS, (_, { item }) => item.index),
  );
  let pushed = 0;
  for (let n = 0; n < 30; n++) {
    if (n % 7 === 6) proxy.cut();
    await mine.push({ n }).then(() => pushed++, () => {}); // a cut request: done or not
  }
  const last = await eventually(async () => {
    const done = await mine.push({ n: 'last' }).catch(() => null);
    return done;
  });
  await eventually(() => heard.includes(last.index));
  for (const indexes of [events, heard]) assert.deepEqual(indexes, [...new Set(indexes)]);
  assert.ok(heard.length > pushed);
});

for (const how of ['stopped', 'killed']) {
  test(`the server is ${how} in the middle: what was answered is heard of once`, async (t) => {
    const { server, proxy, clients, office } = await open(t);
    const service = () => clientFor(server).sync.v1.services('default');
    function clientFor() {
      office.rest.sync.baseUrl = server.base;
      return office.rest;
    }
    await service().syncLists.create({ uniqueName: 'l' });
    const lists = await Promise.all(clients.map((client) => client.list('l')));
    await subscribed(...lists);
    const heard = lists.map((list) => record(list, ['itemAdded'], (_, { item }) => item.index));
    const answered = [];
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 10; n++)
        answered.push((await service().syncLists('l').syncListItems.create({ data: { n } })).index);
      if (how === 'stopped') await server.stop();
      else await server.killHard();
      proxy.cut();
      await server.launch();
    }
    for (const events of heard) {
      await eventually(() => events.length >= answered.length);
      assert.deepEqual(events, answered);
    }
  });
}
