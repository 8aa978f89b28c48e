'use strict';
// Connections are cut at random, and the server is stopped and killed, while others write: every
// subscriber hears of each change once, in its order.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { eventually } = require('./support/eventually.js');
const { Proxy } = require('./support/proxy.js');
const { randomOf } = require('./support/random.js');
const { ITEM_EVENTS, Office, record, subscribed } = require('./support/sdk.js');
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

// They mostly wait, each for a server of its own: together they take as long as a few.
describe('a subscriber that is cut off', { concurrency: 5 }, () => {
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

  // Writes by REST and by the SDK to one list, one map and one document, one after the other; what
  // was done to the list and the map, and the last that the document was set to.
  async function writeToAll({ service, list, map, document }, next, from, count) {
    const done = { list: [], map: [], last: 0 };
    for (let n = from; n < from + count; n++) {
      const key = `k${n % 5}`;
      const data = { n };
      await pause(next() * PACE_MS);
      if (next() < 0.5) {
        done.list.push((await list.push(data)).index);
        await map.set(key, data);
        await document().set(data);
      } else {
        done.list.push((await service().syncLists('l').syncListItems.create({ data })).index);
        const items = service().syncMaps('m').syncMapItems;
        if (n < 5) await items.create({ key, data });
        else await service().syncMaps('m').syncMapItems(key).update({ data });
        await service().documents('d').update({ data });
      }
      done.map.push(`${key} ${n}`);
      done.last = n;
    }
    return done;
  }

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

  test('cut, stopped and killed while REST and the SDK write to three objects: all see it all', async (t) => {
    const { server, office, proxy, clients } = await open(t);
    function service() {
      office.rest.sync.baseUrl = server.base;
      return office.rest.sync.v1.services('default');
    }
    await service().syncLists.create({ uniqueName: 'l' });
    await service().syncMaps.create({ uniqueName: 'm' });
    await service().documents.create({ uniqueName: 'd', data: { n: -1 } });
    const views = await Promise.all(
      clients.map(async (client) => {
        const [list, map, document] = [await client.list('l'), await client.map('m'), await client.document('d')];
        await subscribed(list, map, document);
        return {
          list,
          map,
          document,
          indexes: record(list, ITEM_EVENTS, (_, { item }) => item.index),
          changes: record(map, ITEM_EVENTS, (_, { item }) => `${item.key} ${item.data.n}`),
          states: record(document, ['updated'], (_, { data }) => data.n),
        };
      }),
    );
    const done = { list: [], map: [], last: -1 };
    const next = randomOf(6);
    const ROUND = 20;
    for (const [round, end] of ['stop', 'killHard', null].entries()) {
      // The writer's own connection is not cut: what it is answered is what was done.
      const writer = office.client('writer');
      const target = { service, list: await writer.list('l'), map: await writer.map('m') };
      const document = await writer.document('d');
      const working = writeToAll({ ...target, document: () => document }, next, round * ROUND, ROUND);
      const { list, map, last } = await cutWhile(proxy, 7 + round, working);
      done.list.push(...list);
      done.map.push(...map);
      done.last = last;
      await writer.shutdown();
      if (!end) break;
      await server[end]();
      proxy.cut();
      await server.launch();
    }
    const state = await service().documents('d').fetch();
    const items = await service().syncMaps('m').syncMapItems.list();
    assert.equal(state.data.n, done.last);
    for (const { list, map, document, indexes, changes, states } of views) {
      await eventually(() => indexes.length >= done.list.length && changes.length >= done.map.length);
      await eventually(() => document.data.n === done.last);
      assert.deepEqual(indexes, done.list);
      assert.deepEqual(changes, done.map);
      assert.deepEqual(states, [...new Set(states)].sort((a, b) => a - b));
      assert.deepEqual(document.data, state.data);
      for (const { key, data } of items) assert.deepEqual((await map.get(key)).data, data);
      assert.equal((await list.getItems({ pageSize: 100 })).items.length, done.list.length);
    }
  });

  test('a pulled cable: the server lets go of the dead, and they hear of it all when they are back', async (t) => {
    const server = await Server.startFor(t, { args: ['--session-ping-ms', '300'] });
    const office = await Office.openFor(t, server);
    const proxy = await Proxy.startFor(t, server);
    proxy.delayMs = 5;
    const service = office.rest.sync.v1.services('default');
    await service.syncLists.create({ uniqueName: 'l' });
    const list = await office.client('reader', { port: proxy.port }).list('l');
    await subscribed(list);
    const heard = record(list, ITEM_EVENTS, (_, { item }) => item.index);
    await service.syncLists('l').syncListItems.create({ data: {} });
    assert.ok(await eventually(() => heard.length === 1));
    const [before] = proxy.pairs;
    proxy.freeze();
    for (let n = 1; n < 10; n++) await service.syncLists('l').syncListItems.create({ data: { n } });
    assert.ok(await eventually(() => !proxy.pairs.has(before)), 'the server lets go');
    assert.equal(heard.length, 1);
    proxy.thaw();
    assert.ok(await eventually(() => heard.length >= 10));
    assert.deepEqual(heard, Array.from({ length: 10 }, (_, n) => n));
  });
});
