// What an application hears, and how it can listen.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { OverflowError } from '../src/index.js';
import { NodeWebSocket } from '../src/websocket.node.js';
import { ITEM_EVENTS, World, eventually, live, record } from './support.js';

test('the walkthrough, as it is written', async (t) => {
  const world = await World.open(t);
  const syncClient = world.client('alice');
  const other = await world.client('bob').document('counter');
  await live(other);
  const told = [];
  const done = new Promise((resolve) => {
    syncClient.document('counter').then((doc) => {
      doc.on('updated', (item) => told.push(item.count));
      doc.on('updated', (event) => told.push(event.data.count));
      doc
        .set({ count: 1 })
        .then(() => doc.mutate((value) => ({ count: value.count + 1 })))
        .then((result) => resolve([result, doc.value, doc.data]));
    });
  });
  assert.deepEqual(await done, [{ count: 2 }, { count: 2 }, { count: 2 }]);
  assert.deepEqual(told, [1, 1, 2, 2]);
  assert.ok(await eventually(() => other.value.count === 2));
});

test('who made a change is what the server says, never a member of the data', async (t) => {
  const world = await World.open(t);
  const doc = await world.client('alice').document('signed');
  const other = await world.client('bob').document('signed');
  const events = [];
  await live(other);
  doc.on('updated', (event) => events.push(event));
  other.on('updated', (event) => events.push(event));
  await doc.set({ changedBy: 'carol' });
  assert.ok(await eventually(() => events.length === 2));
  for (const event of events) assert.notEqual(event.changedBy, 'carol');
  assert.equal(events.find(({ isLocal }) => !isLocal).changedBy, 'alice');
  assert.equal(events[0].data.changedBy, 'carol');
});

test('an own change that is done is no event to who listens afterwards', async (t) => {
  const world = await World.open(t);
  const client = world.client('alice');
  const [doc, list] = [await client.document('d'), await client.list('l')];
  await doc.set({ n: 1 });
  const { index } = await list.push({ n: 1 });
  await list.set(index, { n: 2 });
  await list.remove(index);
  const heard = [
    ...record(doc, ['updated'], (name) => name),
    ...record(list, ITEM_EVENTS, (name) => name),
  ];
  await pause(10);
  assert.deepEqual(heard, []);
});

test('an event shows the members of its data, and its own first', async (t) => {
  const world = await World.open(t);
  const client = world.client('alice');
  const doc = await client.document('d');
  const events = [];
  doc.on('updated', (event) => events.push(event));
  await doc.set({ count: 1, isLocal: 'mine' });
  assert.deepEqual([events[0].count, events[0].isLocal], [1, true]);
  assert.deepEqual(Object.keys(events[0]), ['data', 'isLocal', 'previousData']);
  const map = await client.map('m');
  map.on('itemAdded', (event) => events.push(event));
  await map.set('k', { colour: 'red' });
  assert.deepEqual([events[1].colour, events[1].item.key], ['red', 'k']);
  const stream = await client.stream('s');
  stream.on('messagePublished', (event) => events.push(event));
  await stream.publishMessage({ text: 'hello' });
  assert.deepEqual([events[2].text, events[2].message.data], ['hello', { text: 'hello' }]);
});

// Hands over what has come only now and then, and then all of it at once.
class Bunching {
  constructor(uri) {
    const held = [];
    this.ws = new NodeWebSocket(uri);
    const timer = setInterval(() => held.splice(0).forEach((event) => this.onmessage(event)), 50);
    this.ws.onopen = () => this.onopen();
    this.ws.onmessage = (event) => held.push(event);
    this.ws.onclose = () => {
      clearInterval(timer);
      this.onclose();
    };
  }

  send(data) {
    this.ws.send(data);
  }

  close() {
    this.ws.close();
  }
}

test('an answer counts before what came behind it, even if both come at once', async (t) => {
  const world = await World.open(t);
  const client = world.client('alice', { WebSocket: Bunching });
  const told = [];
  for (let n = 0; n < 10; n += 1) {
    const doc = await client.document(`d${n}`);
    doc.on('updated', ({ isLocal }) => told.push(['document', isLocal]));
    await doc.set({ n });
    const map = await client.map(`m${n}`);
    map.on('itemAdded', ({ isLocal }) => told.push(['added', isLocal]));
    map.on('itemRemoved', ({ isLocal }) => told.push(['removed', isLocal]));
    await map.set('k', { n });
    await map.remove('k');
    await live(doc, map);
  }
  const each = ['document', 'added', 'removed'].map((what) => [what, true]);
  assert.deepEqual(told, Array(10).fill(each).flat());
});

test('lists, maps and pages are iterated item by item, page by page', async (t) => {
  const world = await World.open(t);
  const client = world.client('alice');
  const list = await client.list('l');
  await Promise.all(Array.from({ length: 250 }, (_, n) => list.push({ n })));
  const seen = [];
  for await (const item of list) seen.push(item.data.n);
  assert.deepEqual(seen, [...Array(250).keys()]);
  const some = [];
  for await (const item of await list.getItems({ from: 10, order: 'desc', pageSize: 4 }))
    some.push(item.index);
  assert.deepEqual(some, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  const map = await client.map('m');
  for (const key of ['b', 'a', 'c']) await map.set(key, {});
  const keys = [];
  for await (const item of map) keys.push(item.key);
  assert.deepEqual(keys, ['a', 'b', 'c']);
});

test('events are iterated until a signal or the end of the object', async (t) => {
  const world = await World.open(t);
  const doc = await world.client('alice').document('d');
  const stop = new AbortController();
  const counts = [];
  const reading = (async () => {
    for await (const { count } of doc.events('updated', { signal: stop.signal })) {
      counts.push(count);
      if (count === 3) stop.abort();
    }
  })();
  for (const count of [1, 2, 3, 4]) await doc.set({ count });
  await reading;
  assert.deepEqual(counts, [1, 2, 3]);
  assert.equal(doc.listenerCount('updated'), 0);

  const all = [];
  const untilClosed = (async () => {
    for await (const { count } of doc.events('updated')) all.push(count);
  })();
  await doc.set({ count: 5 });
  doc.close();
  await untilClosed;
  assert.deepEqual(all, [5]);
});

test('a loop that does not take its events is told so, once it has those that were kept', async (t) => {
  const world = await World.open(t);
  const doc = await world.client('alice').document('d');
  const events = doc.events('updated', { limit: 2 });
  for (const count of [1, 2, 3]) await doc.set({ count });
  assert.equal((await events.next()).value.count, 1);
  assert.equal((await events.next()).value.count, 2);
  await assert.rejects(events.next(), OverflowError);
  assert.equal((await events.next()).done, true);
});

test('a listener that throws keeps no other from hearing', async (t) => {
  const world = await World.open(t);
  const doc = await world.client('alice').document('d');
  const thrown = [];
  const keep = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error.message));
  t.after(() => {
    process.removeAllListeners('uncaughtException');
    keep.forEach((listener) => process.on('uncaughtException', listener));
  });
  let heard = 0;
  doc.on('updated', () => {
    throw new Error('of a listener');
  });
  doc.on('updated', () => (heard += 1));
  await doc.set({ n: 1 });
  await pause(10);
  assert.deepEqual([heard, thrown], [1, ['of a listener']]);
});

test('handles of one object are closed one by one', async (t) => {
  const world = await World.open(t);
  const client = world.client('alice');
  const [one, two] = [await client.document('d'), await client.document('d')];
  await live(one, two);
  one.close();
  await pause(50);
  assert.equal(two.live, true);
  await world.rest.documents('d').update({ data: { n: 1 } });
  assert.ok(await eventually(() => two.data.n === 1));
  two.close();
  const again = await client.document('d');
  assert.notEqual(again, two);
  assert.deepEqual((await live(again)).data, { n: 1 });
});
