// A client with the option `optimistic`: own writes are seen at once, and taken back when they fail.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DisconnectedError, TimeoutError } from '../src/index.js';
import { ITEM_EVENTS, World, eventually, live, offline, record } from './support.js';

const options = { optimistic: true };
const isTooLarge = { name: 'TooLargeError' };

describe('an optimistic client', { concurrency: 4 }, () => {
  test('shows set, mutate and update at once, in the order of their calls', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice', options);
    const doc = await live(await client.document({ id: 'd', data: { n: 0 } }));
    const seen = record(doc, ['updated'], (_, { n, isLocal, pending, previousData }) => [
      previousData.n,
      n,
      isLocal,
      pending,
    ]);
    world.down();
    await offline(client);
    const done = [
      doc.set({ n: 1 }),
      doc.mutate(({ n }) => ({ n: n + 10 })),
      doc.update({ m: 5 }),
      doc.mutate((data) => {
        data.n += 100;
      }),
    ];
    assert.deepEqual([doc.data, doc.value, doc.pending], [{ n: 111, m: 5 }, doc.data, 4]);
    assert.deepEqual(seen, [
      [0, 1, true, true],
      [1, 11, true, true],
      [11, 11, true, true],
      [11, 111, true, true],
    ]);
    await world.back(client);
    await Promise.all(done);
    assert.deepEqual([doc.data, doc.pending], [{ n: 111, m: 5 }, 0]);
    assert.deepEqual((await world.rest.documents('d').fetch()).data, { n: 111, m: 5 });
    assert.equal(seen.length, 4, 'what was as expected is not told again');
  });

  test('applies pending writes anew over what others wrote meanwhile', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice', options);
    const doc = await live(await client.document({ id: 'd', data: { n: 0 } }));
    const seen = record(doc, ['updated'], (_, { n }) => n);
    world.down();
    await offline(client);
    const done = [doc.mutate(({ n }) => ({ n: n + 1 })), doc.mutate(({ n }) => ({ n: n * 2 }))];
    assert.deepEqual(doc.data, { n: 2 });
    await world.rest.documents('d').update({ data: { n: 10 } });
    await world.back(client);
    await Promise.all(done);
    assert.deepEqual([doc.data, doc.pending], [{ n: 22 }, 0]);
    assert.deepEqual((await world.rest.documents('d').fetch()).data, { n: 22 });
    assert.deepEqual(seen, [1, 2, 22]);
  });

  test('a hundred increments of each of three clients: sum and views are exact', async (t) => {
    const world = await World.open(t);
    const docs = await Promise.all(
      ['a', 'b', 'c'].map((name) => world.client(name, options).document('counter')),
    );
    await live(...docs);
    const back = [];
    for (const doc of docs)
      doc.on('updated', ({ n, previousData }) => back.push(n - (previousData.n ?? 0)));
    await Promise.all(
      docs.flatMap((doc) =>
        Array.from({ length: 100 }, () => doc.mutate(({ n = 0 }) => ({ n: n + 1 }))),
      ),
    );
    for (const doc of docs) assert.ok(await eventually(() => doc.data.n === 300), `${doc.data.n}`);
    assert.ok(
      back.every((step) => step > 0),
      'a count that only grows is never seen to shrink',
    );
  });

  test('takes back what fails, with an event, and keeps the rest', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice', options);
    const doc = await live(await client.document({ id: 'd', data: { n: 0 } }));
    const back = record(doc, ['rolledBack'], (_, event) => event);
    const seen = record(doc, ['updated'], (_, { n, text }) => [n, text?.length]);
    const failed = assert.rejects(doc.update({ text: 'x'.repeat(20_000) }), isTooLarge);
    const done = doc.mutate((data) => ({ ...data, n: data.n + 1 }));
    assert.deepEqual(doc.data, { n: 1, text: 'x'.repeat(20_000) });
    await failed;
    await done;
    assert.deepEqual(doc.data, { n: 1 });
    assert.deepEqual(seen, [
      [0, 20_000],
      [1, 20_000],
      [1, undefined],
    ]);
    assert.equal(back.length, 1);
    assert.equal(back[0].error.name, 'TooLargeError');
    assert.deepEqual([back[0].data, back[0].previousData.text.length], [{ n: 1 }, 20_000]);
  });

  test('takes back what nobody waits for any more, and what ends with the client', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice', options);
    const doc = await live(await client.document({ id: 'd', data: { n: 0 } }));
    const back = record(doc, ['rolledBack'], (_, { error }) => error);
    world.down();
    await offline(client);
    const late = doc.set({ n: 1 }, { timeout: 30 });
    assert.deepEqual(doc.data, { n: 1 });
    await assert.rejects(late, TimeoutError);
    assert.deepEqual(doc.data, { n: 0 });
    const ended = assert.rejects(doc.set({ n: 2 }), DisconnectedError);
    await assert.rejects(doc.set({ n: 3 }, { signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
    assert.deepEqual(doc.data, { n: 2 });
    await client.shutdown();
    await ended;
    assert.deepEqual(doc.data, { n: 0 });
    assert.deepEqual(
      back.map(({ name }) => name),
      ['TimeoutError', 'DisconnectedError'],
    );
  });

  test('a mutator that leaves all, throws or is asynchronous shows nothing before its time', async (t) => {
    const world = await World.open(t);
    const doc = await world.client('alice', options).document({ id: 'd', data: { n: 0 } });
    const heard = record(doc, ['updated', 'rolledBack'], (name) => name);
    await doc.mutate(() => null);
    await assert.rejects(
      doc.mutate(() => {
        throw new Error('mine');
      }),
      { message: 'mine' },
    );
    await assert.rejects(
      doc.mutate(async () => Promise.reject(new Error('mine'))),
      { message: 'mine' },
    );
    assert.deepEqual(doc.data, { n: 0 });
    const done = doc.mutate(async ({ n }) => ({ n: n + 1 }));
    assert.deepEqual(doc.data, { n: 0 });
    await done;
    assert.deepEqual(doc.data, { n: 1 });
    assert.deepEqual(
      heard.filter((name) => name === 'updated'),
      ['updated'],
    );
  });

  test('shows items of a map, new and known, and takes back what fails', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice', options);
    const map = await live(await client.map('m'));
    await map.set('known', { n: 0 });
    const heard = record(map, [...ITEM_EVENTS, 'rolledBack'], (name, event) => [
      name,
      event.item?.key ?? event.key,
      event.item?.data.n,
      event.pending,
    ]);
    world.down();
    await offline(client);
    const done = [
      map.set('new', { n: 1 }),
      map.mutate('new', ({ n }) => ({ n: n + 1 })),
      map.mutate('known', ({ n }) => ({ n: n + 5 })),
    ];
    const item = await map.get('new');
    assert.deepEqual([item.data, item.pending, item.revision], [{ n: 2 }, true, null]);
    const shown = async () => (await map.getItems()).items.map(({ key, data }) => [key, data.n]);
    assert.deepEqual(await shown(), [
      ['known', 5],
      ['new', 2],
    ]);
    const failed = assert.rejects(map.set('bad', { text: 'x'.repeat(20_000) }), isTooLarge);
    const worse = assert.rejects(map.set('known', { text: 'x'.repeat(20_000) }), isTooLarge);
    await world.back(client);
    await Promise.all([...done, failed, worse]);
    assert.equal(await map.get('new'), item);
    assert.deepEqual([item.data, item.pending, item.revision], [{ n: 2 }, false, '1']);
    assert.deepEqual((await map.get('known')).data, { n: 5 });
    await assert.rejects(map.get('bad'), { status: 404 });
    assert.deepEqual(
      heard.filter(([, key]) => key === 'new'),
      [
        ['itemAdded', 'new', 1, true],
        ['itemUpdated', 'new', 2, true],
      ],
    );
    assert.deepEqual(
      heard.filter(([, key]) => key === 'bad').map(([name]) => name),
      ['itemAdded', 'itemRemoved', 'rolledBack'],
    );
    assert.deepEqual(
      heard.filter(([, key]) => key === 'known'),
      [
        ['itemUpdated', 'known', 5, true],
        ['itemUpdated', 'known', undefined, true],
        ['itemUpdated', 'known', 5, false],
        ['rolledBack', 'known', 5, undefined],
      ],
    );
  });

  test('shows pushes at once, which get their index later, as others push, too', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice', options);
    const list = await live(await client.list('l'));
    await list.push({ n: 0 });
    const heard = record(list, [...ITEM_EVENTS, 'rolledBack'], (name, { item, isLocal }) => [
      name,
      item.index,
      item.data.n,
      isLocal,
    ]);
    world.down();
    await offline(client);
    await world.rest.syncLists('l').syncListItems.create({ data: { n: 9 } });
    const failed = assert.rejects(list.push({ n: 3, text: 'x'.repeat(20_000) }), isTooLarge);
    const pushes = [1, 2].map((n) => list.push({ n }));
    const { items } = await list.getItems();
    assert.deepEqual(
      items.map(({ index, data, pending }) => [index, data.n, pending]),
      [
        [0, 0, false],
        [null, 3, true],
        [null, 1, true],
        [null, 2, true],
      ],
    );
    await world.back(client);
    await failed;
    assert.deepEqual(await Promise.all(pushes), items.slice(2));
    assert.deepEqual(
      items.map(({ index, pending }) => [index, pending]),
      [
        [0, false],
        [null, false],
        [2, false],
        [3, false],
      ],
    );
    assert.ok(await eventually(() => heard.length === 8), JSON.stringify(heard));
    assert.deepEqual(heard.slice(0, 3), [
      ['itemAdded', null, 3, true],
      ['itemAdded', null, 1, true],
      ['itemAdded', null, 2, true],
    ]);
    assert.deepEqual(
      heard.slice(3).sort(),
      [
        ['itemAdded', 1, 9, false],
        ['itemRemoved', null, undefined, true],
        ['itemUpdated', 2, 1, true],
        ['itemUpdated', 3, 2, true],
        ['rolledBack', null, undefined, undefined],
      ].sort(),
    );
  });
});

test('without the option nothing is seen before the server has answered', async (t) => {
  const world = await World.open(t);
  const doc = await world.client('alice').document({ id: 'd', data: { n: 0 } });
  const seen = record(doc, ['updated'], (_, event) => Object.keys(event));
  const done = doc.set({ n: 1 });
  assert.deepEqual(doc.data, { n: 0 });
  await done;
  assert.deepEqual(seen, [['data', 'isLocal', 'previousData']]);
});
