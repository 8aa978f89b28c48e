// Networks that delay, that let an old connection live on beside the new one, and that swallow.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ITEM_EVENTS, World, connected, eventually, live, record } from './support.js';

describe('a bad network', { concurrency: 3 }, () => {
  test('delays of 60 ms each way: a counter of five clients is exact', async (t) => {
    const world = await World.open(t);
    const docs = await Promise.all(
      Array.from({ length: 5 }, async (_, i) =>
        live(await world.client(`c${i}`).document('counter')),
      ),
    );
    world.proxy.delayMs = 60;
    await Promise.all(
      docs.map(async (doc) => {
        for (let i = 0; i < 8; i += 1) await doc.mutate(({ n = 0 }) => ({ n: n + 1 }));
      }),
    );
    assert.deepEqual((await world.rest.documents('counter').fetch()).data, { n: 40 });
  });

  // The client's side is cut; what it sent is still on its way, and the server's side stays open.
  async function ghostly(t, server) {
    const pairs = new Set();
    const listener = net.createServer((near) => {
      const far = net.connect(server.port, '127.0.0.1');
      pairs.add([near, far]);
      near
        .on('error', () => {})
        .on('data', (bytes) => setTimeout(() => far.writable && far.write(bytes), 100));
      far.on('error', () => {}).on('data', (bytes) => near.writable && near.write(bytes));
      far.on('close', () => near.destroy());
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    t.after(() => {
      listener.close();
      pairs.forEach((pair) => pair.forEach((socket) => socket.destroy()));
    });
    return { port: listener.address().port, cut: () => pairs.forEach(([near]) => near.destroy()) };
  }

  test('an old connection that lives on beside the new one does nothing twice', async (t) => {
    const world = await World.open(t);
    const ghosts = await ghostly(t, world.server);
    const client = world.client('alice', { url: `http://127.0.0.1:${ghosts.port}` });
    const list = await live(await client.list('l'));
    const doc = await live(await client.document('d'));
    const heard = record(
      await live(await world.client('bob').list('l')),
      ITEM_EVENTS,
      (_, { n }) => n,
    );
    for (let n = 0; n < 10; n += 1) {
      const done = [list.push({ n }), doc.mutate((data) => ({ n: (data.n ?? 0) + 1 }))];
      await pause(20);
      ghosts.cut();
      await Promise.all(done);
    }
    assert.ok(await eventually(() => heard.length >= 10));
    assert.deepEqual(heard, [...Array(10).keys()]);
    assert.deepEqual((await world.rest.documents('d').fetch()).data, { n: 10 });
  });

  test('a server that was stopped and started: what waited is written, what was heard goes on', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice');
    const doc = await live(await client.document('d'));
    await doc.set({ n: 1 });
    await world.server.restart();
    world.proxy.server = world.server;
    const changed = doc.mutate(({ n }) => ({ n: n + 1 }));
    await connected(client);
    assert.deepEqual(await changed, { n: 2 });
    await live(doc);
    await (await world.client('bob').document('d')).set({ n: 3 });
    assert.ok(await eventually(() => doc.value.n === 3));
  });
});
