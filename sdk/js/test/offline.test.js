// Without a connection: memory is read, writes wait in order, and nothing is done twice.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { QueueFullError, TimeoutError } from '../src/index.js';
import {
  ITEM_EVENTS,
  World,
  connected,
  eventually,
  live,
  offline,
  record,
  refused,
} from './support.js';

describe('without a connection', { concurrency: 4 }, () => {
  test('documents and known items are read from memory, pages as far as it goes', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice');
    const doc = await client.document({ id: 'd', data: { n: 1 } });
    const list = await client.list('l');
    for (let n = 0; n < 5; n += 1) await list.push({ n });
    await live(doc, list);
    world.down();
    await offline(client);
    assert.equal(doc.live, false);
    assert.deepEqual(doc.data, { n: 1 });
    assert.deepEqual((await list.get(3)).data, { n: 3 });
    const page = await list.getItems({ from: 1, pageSize: 2 });
    assert.deepEqual(
      [page.fromMemory, page.items.map(({ index }) => index), page.hasNextPage, page.hasPrevPage],
      [true, [1, 2], true, false],
    );
    const rest = await page.nextPage();
    assert.deepEqual(
      rest.items.map(({ index }) => index),
      [3, 4],
    );
    const back = await list.getItems({ order: 'desc', from: 3 });
    assert.deepEqual(
      back.items.map(({ index }) => index),
      [3, 2, 1, 0],
    );
    assert.equal((await client.document('d')).sid, doc.sid);
  });

  test('writes wait in the order of their calls and are sent when it is back', async (t) => {
    const world = await World.open(t);
    const [client, other] = [world.client('alice'), world.client('bob')];
    const [doc, list] = [await client.document('d'), await client.list('l')];
    const theirs = await live(await other.document('d'));
    const heard = record(
      await live(await other.list('l')),
      ITEM_EVENTS,
      (_, { item }) => item.data.n,
    );
    await live(doc, list);
    const counts = record(doc, ['pendingChanged'], (_, count) => count);
    world.down();
    await offline(client);
    const done = [
      doc.set({ n: 1 }),
      doc.mutate(({ n }) => ({ n: n + 10 })),
      doc.set({ n: 20 }),
      doc.set({ n: 30 }),
      doc.mutate(({ n }) => ({ n: n + 5 })),
    ];
    const pushes = Array.from({ length: 20 }, (_, n) => list.push({ n }));
    assert.deepEqual([doc.pending, list.pending, client.pending], [5, 20, 25]);
    await pause(100);
    assert.deepEqual(doc.data, {});
    await world.back(client);
    assert.deepEqual((await Promise.all(done)).at(-1), { n: 35 });
    const items = await Promise.all(pushes);
    assert.deepEqual(
      items.map(({ index }) => index),
      [...items.keys()],
    );
    assert.deepEqual([doc.pending, list.pending, client.pending], [0, 0, 0]);
    assert.deepEqual(counts, [1, 2, 3, 4, 5, 4, 3, 2, 1, 0]);
    assert.ok(await eventually(() => theirs.value.n === 35), JSON.stringify(theirs.value));
    assert.ok(await heardAll(heard, 20), heard.join());
  });

  test('a set does not drop the mutates before it, nor those the sets before them', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice');
    const doc = await client.document('d');
    const asked = [];
    const results = await Promise.all([
      doc.set({ n: 1 }),
      doc.mutate((data) => (asked.push(data.n), { n: data.n + 1 })),
      doc.set({ n: 100 }),
      doc.set({ n: 200 }),
      doc.mutate((data) => (asked.push(data.n), { n: data.n + 1 })),
    ]);
    assert.deepEqual(asked, [1, 200]);
    assert.deepEqual(
      results.map(({ n }) => n),
      [1, 2, 200, 200, 201],
    );
    assert.deepEqual((await world.rest.documents('d').fetch()).data, { n: 201 });
  });

  test('only so many writes wait', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice', { maxPending: 3 });
    const doc = await client.document('d');
    world.down();
    await offline(client);
    const waiting = [1, 2, 3].map((n) => doc.set({ n }));
    await assert.rejects(doc.set({ n: 4 }), QueueFullError);
    await world.back(client);
    await Promise.all(waiting);
    assert.deepEqual(doc.data, { n: 3 });
    await doc.set({ n: 5 });
  });

  test('a call ends at its timeout or its signal, and what waited is not done', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice');
    const doc = await client.document('d');
    world.down();
    await offline(client);
    const first = doc.mutate(() => ({ n: 1 }));
    const stop = new AbortController();
    const stopped = doc.mutate(() => ({ n: 2 }), { signal: stop.signal });
    stop.abort(new Error('no longer wanted'));
    await assert.rejects(stopped, { message: 'no longer wanted' });
    await assert.rejects(
      doc.mutate(() => ({ n: 3 }), { timeout: 50 }),
      TimeoutError,
    );
    await assert.rejects(client.document({ id: 'other', timeout: 50 }), TimeoutError);
    await assert.rejects(doc.set({}, { signal: AbortSignal.abort() }), { name: 'AbortError' });
    await assert.rejects(doc.set({ n: 4 }, { timeout: 50 }), TimeoutError);
    const map = await client.map({ id: 'm', timeout: 50 }).catch(() => null);
    assert.equal(map, null);
    await world.back(client);
    await first;
    await doc.update({ last: true });
    assert.deepEqual(doc.data, { n: 1, last: true });
  });

  test('nothing is sent of what nobody waits for any more, alone or merged with others', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice');
    const [doc, other] = [await client.document('d'), await client.document('e')];
    world.down();
    await offline(client);
    const soon = { timeout: 50 };
    await assert.rejects(doc.set({ n: 1 }, soon), TimeoutError); // it was the first: none is before it
    const [blocked, kept, dropped] = [
      other.update({ base: true }),
      other.set({ n: 2 }),
      other.set({ n: 3 }, soon),
    ];
    await assert.rejects(dropped, TimeoutError);
    await world.back(client);
    await Promise.all([blocked, kept]);
    assert.deepEqual([doc.revision, other.data], ['0', { n: 2 }]);
    await doc.update({ last: true });
    assert.deepEqual(doc.data, { last: true });
  });

  test('shutdown rejects what waits; nothing is left that keeps the program alive', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice');
    const doc = await client.document('d');
    world.down();
    await offline(client);
    const waiting = assert.rejects(doc.set({ n: 1 }), refused(0, 0));
    await client.shutdown();
    await waiting;
    await assert.rejects(client.document('e'), { name: 'DisconnectedError' });
    assert.equal(client.connectionState, 'disconnected');
  });

  test('a server that is silent is left, and what it had not answered is sent again', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice');
    const list = await client.list('l');
    await live(list);
    world.proxy.freeze();
    const pushed = list.push({ n: 1 });
    await pause(50);
    world.proxy.cut();
    world.proxy.thaw();
    await connected(client);
    assert.equal((await pushed).index, 0);
    assert.equal((await world.rest.syncLists('l').syncListItems.list()).length, 1);
  });
});

async function heardAll(heard, count) {
  for (let tries = 0; tries < 100 && heard.length < count; tries += 1) await pause(50);
  return heard.length === count && heard.every((n, i) => n === i);
}
