// Connections are cut at random while everybody writes: each change is made once, and every
// subscriber hears of each once, in its order.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ITEM_EVENTS, World, eventually, live, randomOf, record } from './support.js';

const CLIENTS = 4;
const WRITES = 40;
const PACE_MS = 40;

async function cutWhile(proxy, seed, working) {
  const next = randomOf(seed);
  let over = false;
  working.finally(() => (over = true)).catch(() => {});
  while (!over) {
    await pause(20 + next() * 150);
    proxy.cut(() => next() < 0.5);
  }
  return working;
}

async function openAll(world, kind, name) {
  const clients = Array.from({ length: CLIENTS }, (_, i) => world.client(`c${i}`));
  const objects = await Promise.all(clients.map((client) => client[kind](name)));
  await live(...objects);
  return objects;
}

const paced = async (next, times, work) => {
  for (let i = 0; i < times; i += 1) {
    await pause(next() * PACE_MS);
    await work(i);
  }
};

describe('connections that are cut at random', { concurrency: 3 }, () => {
  for (const seed of [1, 2]) {
    test(`a counter that all increment is exact (seed ${seed})`, async (t) => {
      const world = await World.open(t);
      const docs = await openAll(world, 'document', 'counter');
      const next = randomOf(seed);
      const working = Promise.all(
        docs.map((doc) => paced(next, WRITES, () => doc.mutate(({ n = 0 }) => ({ n: n + 1 })))),
      );
      await cutWhile(world.proxy, seed, working);
      assert.deepEqual((await world.rest.documents('counter').fetch()).data, {
        n: CLIENTS * WRITES,
      });
    });

    test(`what all push is there once, and heard of once, in one order (seed ${seed})`, async (t) => {
      const world = await World.open(t);
      const lists = await openAll(world, 'list', 'l');
      const heard = lists.map((list) =>
        record(list, ITEM_EVENTS, (name, { item }) => [name, item.index, item.data.name]),
      );
      const next = randomOf(seed);
      const working = Promise.all(
        lists.map((list, at) => paced(next, WRITES, (i) => list.push({ name: `${at} ${i}` }))),
      );
      await cutWhile(world.proxy, seed, working);
      const stored = await world.rest.syncLists('l').syncListItems.list({ limit: 1000 });
      const names = stored.map(({ data }) => data.name);
      assert.equal(names.length, CLIENTS * WRITES);
      assert.equal(new Set(names).size, CLIENTS * WRITES);
      for (const [at, events] of heard.entries()) {
        await eventually(() => events.length >= names.length);
        const others = events.filter(([, , name]) => !name.startsWith(`${at} `));
        const theirs = stored.filter(({ data }) => !data.name.startsWith(`${at} `));
        assert.deepEqual(
          others,
          theirs.map(({ index, data }) => ['itemAdded', index, data.name]),
          `as client ${at} heard it`,
        );
        assert.equal(events.length, names.length, `as client ${at} heard it`);
      }
    });
  }

  test('own removals are told once, whatever was cut', async (t) => {
    const world = await World.open(t);
    const [mine, theirs] = await openAll(world, 'map', 'm');
    const told = [mine, theirs].map((map) => record(map, ['itemRemoved'], (_, { key }) => key));
    const next = randomOf(7);
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
    const working = paced(next, keys.length, async (i) => {
      await mine.set(keys[i], { i });
      await mine.remove(keys[i]);
    });
    await cutWhile(world.proxy, 7, working);
    assert.ok(await eventually(() => told[1].length >= keys.length));
    assert.deepEqual(told, [keys, keys]);
  });

  test('messages are sent once', async (t) => {
    const world = await World.open(t);
    const steady = world.client('steady', { url: world.server.base });
    const heard = record(
      await live(await steady.stream('s')),
      ['messagePublished'],
      (_, event) => event.n,
    );
    const stream = await world.client('alice').stream('s');
    await cutWhile(
      world.proxy,
      8,
      paced(randomOf(8), WRITES, (n) => stream.publishMessage({ n })),
    );
    assert.ok(await eventually(() => heard.length >= WRITES));
    assert.deepEqual(heard, [...Array(WRITES).keys()]);
  });
});

test('a client that was away for longer than the journal reads afresh', async (t) => {
  const world = await World.open(t, { args: ['--replay-max', '5'] });
  const reader = world.client('reader');
  const [doc, list] = [await reader.document('d'), await reader.list('l')];
  await list.push({ n: 0 });
  await live(doc, list);
  const resets = record(list, ['reset'], () => true);
  const heard = record(list, ['itemAdded'], (_, { n }) => n);
  const failures = record(list, ['failure'], (_, { status, code }) => [status, code]);
  world.down();
  await eventually(() => reader.connectionState !== 'connected');
  for (let n = 1; n <= 20; n += 1)
    await world.rest.syncLists('l').syncListItems.create({ data: { n } });
  await world.rest.documents('d').update({ data: { n: 1 } });
  await world.back(reader);
  assert.ok(await eventually(() => resets.length === 1 && list.live && doc.data.n === 1));
  assert.deepEqual(failures, [[410, 20410]]);
  const items = [];
  for await (const { data } of list) items.push(data.n);
  assert.deepEqual(items, [...Array(21).keys()]);
  await world.rest.syncLists('l').syncListItems.create({ data: { n: 21 } });
  assert.ok(await eventually(() => heard.length === 1));
  assert.deepEqual(heard, [21]);
});
