// Nothing is ignored and nothing waits without a word: mistakes of an application are told at once.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { SyncClient, SyncError, ValidationError } from '../src/index.js';
import { errorOf } from '../src/errors.js';
import { World, connected, eventually, offline } from './support.js';

// What `console.warn` is told while the test runs.
function warnings(t) {
  const told = [];
  t.mock.method(console, 'warn', (text) => told.push(text));
  return told;
}

for (const [what, token, says] of [
  ['undefined', () => {}, /not undefined; is a "return" missing\?/],
  ['a promise of null', async () => null, /not null/],
  ['an object', async () => ({ token: 'x' }), /did you mean its member "token"\?/],
  ['an empty text', () => '', /not ""/],
])
  test(`a function that makes ${what} in place of a token: calls reject at once`, async (t) => {
    const told = warnings(t);
    const world = await World.open(t);
    const client = world.client('alice', { token });
    for (let call = 0; call < 2; call += 1)
      await assert.rejects(client.document('d'), (error) => {
        assert.ok(error instanceof ValidationError);
        assert.match(error.message, says);
        return true;
      });
    assert.equal(client.connectionState, 'denied');
    assert.equal(told.length, 1);
    assert.match(told[0], says);
    await client.updateToken(world.office.token('alice'));
    await client.document('d');
  });

test('a function whose tokens the server refuses again and again: calls reject', async (t) => {
  warnings(t);
  const world = await World.open(t);
  const client = world.client('alice', { token: () => 'nonsense' });
  await assert.rejects(client.document('d'), { name: 'AuthenticationError', status: 401 });
});

test('a function that throws: said once on the console, with what to do next', async (t) => {
  const told = warnings(t);
  const world = await World.open(t);
  let calls = 0;
  const token = () => {
    calls += 1;
    if (calls < 4) throw new Error('no network');
    return world.office.token('alice');
  };
  await world.client('alice', { token }).document('d');
  assert.deepEqual(told, [
    'tutti-sync is not connected: no network. It tries again. The event connectionError tells more.',
  ]);
});

test('a port where nobody is: said once, and again after the next good connection', async (t) => {
  const told = warnings(t);
  const world = await World.open(t);
  const client = world.client('alice');
  await connected(client);
  for (let times = 1; times <= 2; times += 1) {
    world.down();
    await offline(client);
    assert.ok(await eventually(() => told.length === times));
    assert.match(told.at(-1), /No connection to ws:\/\/127.*the option url.*It tries again/);
    await world.back(client);
  }
});

test('who listens to connectionError is told there, and the console stays quiet', async (t) => {
  const told = warnings(t);
  const world = await World.open(t);
  const errors = [];
  world.down();
  const client = world.client('alice').on('connectionError', (error) => errors.push(error));
  assert.ok(await eventually(() => errors.length > 2));
  assert.match(errors[0].message, /No connection to/);
  await world.back(client);
  assert.deepEqual(told, []);
});

test('options that there are not are refused, with the one that was meant', async (t) => {
  const world = await World.open(t);
  const client = world.client('alice');
  const doc = await client.document({ id: 'd' });
  const [list, map] = [await client.list('l'), await client.map('m')];
  const stream = await client.stream('s');
  const refusals = [
    [() => client.document({ name: 'x' }), /no option of document\(\) "name".* There are id, mode/],
    [() => client.document({ id: 'x', datta: {} }), /"datta"; did you mean "data"\?/],
    [() => client.document({ ID: 'x' }), /"ID"; did you mean "id"\?/],
    [() => client.document(5), /must be an object/],
    [() => client.list({ id: 'x', data: {} }), /"data"/],
    [() => client.map({ id: 'x', includeItem: true }), /did you mean "includeItems"\?/],
    [() => doc.set({}, { Ttl: 5 }), /did you mean "ttl"\?/],
    [() => doc.mutate((data) => data, { timout: 5 }), /did you mean "timeout"\?/],
    [() => doc.setTtl(5, { ttl: 5 }), /"ttl"/],
    [() => doc.set({}, { timeout: '5 s' }), /timeout must be a number/],
    [() => doc.set({}, { signal: true }), /must be an AbortSignal/],
    [() => doc.removeDocument({ force: true }), /"force"/],
    [() => list.push({}, { tll: 5 }), /did you mean "ttl"\?/],
    [() => list.getItems({ pagesize: 5 }), /did you mean "pageSize"\?/],
    [() => list.getItems({ key: 'k' }), /"key"/],
    [() => map.set('k', {}, { tt: 5 }), /did you mean "ttl"\?/],
    [() => map.remove('k', { ttl: 5 }), /"ttl"/],
    [() => map.setItemTtl('k', 5, { ttl: 5 }), /"ttl"/],
    [() => stream.publishMessage({}, { ttl: 5 }), /"ttl"/],
  ];
  for (const [call, says] of refusals)
    await assert.rejects(call(), (error) => {
      assert.ok(error instanceof ValidationError, error.stack);
      assert.match(error.message, says);
      return true;
    });
  assert.throws(() => new SyncClient('t', { uri: 'http://localhost' }), /did you mean "url"\?/);
  assert.throws(() => new SyncClient('t', { url: 'http://localhost', reconnect: { min: 1 } }), {
    name: 'ValidationError',
  });
  for (const url of ['localhost:8080', '127.0.0.1:8080', 'http://', 'ftp://localhost'])
    assert.throws(() => new SyncClient('t', { url }), /url must be like "https/, url);
});

test('the options of twilio-sync are known, and say nothing', async (t) => {
  const world = await World.open(t);
  const client = world.client('alice', {
    logLevel: 'info',
    region: 'us1',
    Sync: { enableSessionStorage: false },
    productId: 'data_sync',
    clientMetadata: { app: 'mine' },
  });
  await client.document('d');
});

test('events that there are not are refused, with the one that was meant', async (t) => {
  const world = await World.open(t);
  const client = world.client('alice');
  const doc = await client.document('d');
  const list = await client.list('l');
  const stream = await client.stream('s');
  const nothing = () => {};
  for (const [listen, says] of [
    [() => doc.on('update', nothing), /no event "update"; did you mean "updated"\?/],
    [() => doc.once('remove', nothing), /did you mean "removed"\?/],
    [() => doc.events('Updated'), /did you mean "updated"\?/],
    [() => doc.on('itemAdded', nothing), /There are updated, removed/],
    [() => list.addListener('itemadded', nothing), /did you mean "itemAdded"\?/],
    [() => stream.on('message', nothing), /There are messagePublished/],
    [() => client.on('connectionStatechanged', nothing), /"connectionStateChanged"\?/],
    [() => doc.on('updated'), /must be a function/],
  ])
    assert.throws(listen, (error) => {
      assert.ok(error instanceof ValidationError, error.stack);
      assert.match(error.message, says);
      return true;
    });
  doc.off('update', nothing);
});

test('whatever else is wrong is a SyncError that says what to do', async (t) => {
  const world = await World.open(t);
  const client = world.client('alice');
  const [doc, list] = [await client.document('d'), await client.list('l')];
  const circle = {};
  circle.self = circle;
  const page = await list.getItems();
  const query = await client.instantQuery('m');
  for (const call of [
    () => doc.set(circle),
    () => doc.set({ n: 5n }),
    () => doc.set('text'),
    () => doc.mutate({ n: 1 }),
    () => doc.update(5),
    () => list.update(0, 'text'),
    () => list.mutate(0),
    () => page.nextPage(),
    () => page.prevPage(),
    () => query.subscribe(),
    () => client.document({ mode: 'open_existing' }),
    () => client.liveQuery('m'),
    async () => (await client.map('m')).getItems({ from: '\ud800' }),
  ])
    await assert.rejects(call(), (error) => {
      assert.ok(error instanceof SyncError, `${call}: ${error.stack}`);
      assert.ok(error.message.length > 30, error.message);
      return true;
    });
});

test('no file of the SDK throws anything but SyncErrors', () => {
  const folder = new URL('../src/', import.meta.url);
  for (const name of readdirSync(folder)) {
    if (['packet.js', 'websocket.node.js'].includes(name)) continue; // seen by connection.js alone
    const source = readFileSync(new URL(name, folder), 'utf8');
    assert.doesNotMatch(source, /new (Error|TypeError|RangeError|SyntaxError)\(/, name);
  }
});

test('an error of the server says what it advises', async (t) => {
  const world = await World.open(t);
  const map = await world.client('alice').map('m');
  await assert.rejects(map.set('k', {}, { ttl: 31_536_001 }), (error) => {
    assert.equal(error.code, 54011);
    assert.match(error.message, /^[^:]+: .{20,} \(status: 400, code: 54011\)$/);
    return true;
  });
});

test("the server's details are part of the message", () => {
  const body = { code: 54011, message: 'Invalid TTL', details: { advice: 'Give whole seconds.' } };
  assert.equal(
    errorOf(400, body).message,
    'Invalid TTL: Give whole seconds. (status: 400, code: 54011)',
  );
  assert.equal(errorOf(404, { code: 1, message: 'm' }).message, 'm (status: 404, code: 1)');
  assert.match(errorOf(500).message, /The server answered 500/);
});
