// Tokens: given once, or made by a function whenever one is needed.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { AuthenticationError, SyncClient } from '../src/index.js';
import { World, connected, eventually, live, record } from './support.js';

describe('a token', { concurrency: 4 }, () => {
  test('a function is called before the token ends, and the connection stays', async (t) => {
    const world = await World.open(t);
    let made = 0;
    const token = () => {
      made += 1;
      return world.office.token('alice', { ttl: 5 });
    };
    const client = world.client('alice', { token });
    const states = record(client, ['connectionStateChanged'], (_, state) => state);
    const expired = record(client, ['tokenExpired'], () => true);
    const doc = await client.document('d');
    await pause(8000);
    await doc.set({ n: 1 });
    assert.ok(made >= 3, `${made} tokens`);
    assert.deepEqual([states, expired], [['connecting', 'connected'], []]);
  });

  test('a function is called again when the server refuses what it made before', async (t) => {
    const world = await World.open(t);
    const tokens = ['nonsense', world.office.token('alice')];
    const client = world.client('alice', { token: async () => tokens.shift() });
    const errors = record(client, ['connectionError'], (_, { terminal, errorCode }) => [
      terminal,
      errorCode,
    ]);
    await connected(client);
    assert.deepEqual([errors, tokens], [[[false, 20101]], []]);
  });

  test('a function that fails is asked again', async (t) => {
    const world = await World.open(t);
    let calls = 0;
    const token = async () => {
      calls += 1;
      if (calls < 3) throw new Error('no network');
      return world.office.token('alice');
    };
    const client = world.client('alice', { token });
    const errors = record(client, ['connectionError'], (_, { message }) => message);
    await connected(client);
    assert.deepEqual([calls, errors], [3, ['no network', 'no network']]);
  });

  test('a text that was never accepted: who waits is told why', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice', { token: 'nonsense' });
    await assert.rejects(client.document('d'), (error) => {
      assert.ok(error instanceof AuthenticationError);
      assert.deepEqual([error.status, error.code], [401, 20101]);
      return true;
    });
    assert.equal(client.connectionState, 'denied');
    await client.updateToken(world.office.token('alice'));
    await client.document('d');
  });

  test('a text that ends: writes wait for the next token, and no event is lost', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice', { token: world.office.token('alice', { ttl: 2 }) });
    const expired = record(client, ['tokenExpired'], () => true);
    const doc = await live(await client.document('d'));
    assert.ok(await eventually(() => client.connectionState === 'denied'));
    assert.deepEqual(expired, [true]);
    await world.rest.documents('d').update({ data: { n: 1 } });
    const changed = doc.mutate(({ n }) => ({ n: (n ?? 0) + 1 }));
    await client.updateToken(world.office.token('alice'));
    assert.deepEqual(await changed, { n: 2 });
  });

  test("another's token is refused, and all goes on with the old one", async (t) => {
    const world = await World.open(t);
    const client = world.client('alice', { token: world.office.token('alice') });
    await connected(client);
    await assert.rejects(client.updateToken(world.office.token('bob')), {
      status: 400,
      code: 51130,
    });
    assert.equal(client.connectionState, 'connected');
    await client.document('d');
  });

  test('what is no token is no argument', () => {
    for (const token of [undefined, '', 5, null])
      assert.throws(() => new SyncClient(token, { url: 'http://localhost' }), {
        name: 'ValidationError',
      });
    assert.throws(() => new SyncClient('t'), /Say where the server is/);
  });
});
