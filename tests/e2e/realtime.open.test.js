'use strict';
// How clients come by objects: the SDK's ways to open each kind of them, and what they find there.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { eventually } = require('./support/eventually.js');
const { Office, connected, record, subscribed } = require('./support/sdk.js');

const STRANGE_NAMES = [
  ...['.', '..', '/', 'a/b', '%', '%2F', 'a b', '?a=b', '#', '"', '\\', '😀', 'é', '+'],
];
const NAME_MAX = 320;

let server, office, alice, bob, service;

before(async () => {
  office = await Office.withServer();
  server = office.server;
  [alice, bob] = [office.client('alice'), office.client('bob')];
  service = office.rest.sync.v1.services('default');
});

after(() => office.leave());

const refused = (status, code) => (error) => {
  assert.deepEqual([error.status, error.code], [status, code], error.message);
  return true;
};

const KINDS = {
  document: { prefix: 'ET', missing: 54100, rest: 'documents', remove: 'removeDocument' },
  list: { prefix: 'ES', missing: 54150, rest: 'syncLists', remove: 'removeList' },
  map: { prefix: 'MP', missing: 54200, rest: 'syncMaps', remove: 'removeMap' },
  stream: { prefix: 'TO', missing: 54250, rest: 'syncStreams', remove: 'removeStream' },
};

for (const [kind, { prefix, missing, rest, remove }] of Object.entries(KINDS)) {
  describe(`a ${kind}`, () => {
    const named = (name) => `${kind}-${name}`;

    test('is made where there is none, and found where there is one', async () => {
      const made = await alice[kind](named('plain'));
      assert.match(made.sid, new RegExp(`^${prefix}[0-9a-f]{32}$`));
      assert.deepEqual([made.uniqueName, made.dateExpires], [named('plain'), null]);
      for (const id of [named('plain'), made.sid])
        for (const mode of ['open_or_create', 'open_existing'])
          assert.equal((await bob[kind]({ id, mode })).sid, made.sid);
      assert.equal((await service[rest](named('plain')).fetch()).createdBy, 'alice');
    });

    test('without a name is another each time', async () => {
      const [one, other] = [await alice[kind](), await alice[kind]()];
      assert.notEqual(one.sid, other.sid);
      assert.equal(one.uniqueName, null);
      assert.equal((await bob[kind](one.sid)).sid, one.sid);
    });

    test('that was made by REST is opened by its name', async () => {
      const { sid } = await service[rest].create({ uniqueName: named('by-rest') });
      const opened = await alice[kind](named('by-rest'));
      assert.equal(opened.sid, sid);
    });

    test('has the name that it was given, whatever that is', async () => {
      for (const name of STRANGE_NAMES) {
        const { sid, uniqueName } = await alice[kind](name);
        assert.equal(uniqueName, name);
        assert.equal((await bob[kind]({ id: name, mode: 'open_existing' })).sid, sid, name);
        assert.equal((await service[rest](sid).fetch()).uniqueName, name);
      }
      const longest = 'é'.repeat(NAME_MAX / 2);
      assert.equal((await alice[kind](longest)).uniqueName, longest);
      await assert.rejects(alice[kind]('x'.repeat(NAME_MAX + 1)), refused(400, 54302));
    });

    test('is not made twice, and not opened where there is none', async () => {
      const taken = { id: named('taken'), mode: 'create_new' };
      await alice[kind](taken);
      await assert.rejects(bob[kind](taken), refused(409, 54301));
      const nowhere = { id: named('nowhere'), mode: 'open_existing' };
      await assert.rejects(bob[kind](nowhere), refused(404, 54300));
      const never = { id: prefix + '0'.repeat(32), mode: 'open_existing' };
      await assert.rejects(bob[kind](never), refused(404, missing));
    });

    test('is made with a time to live; when it is over, the name is free', async () => {
      const mortal = await alice[kind]({ id: named('mortal'), ttl: 1 });
      assert.ok(new Date(mortal.dateExpires) - Date.now() < 1100);
      await subscribed(mortal);
      const removed = record(mortal, ['removed'], (_, { isLocal }) => isLocal);
      assert.ok(await eventually(() => removed.length));
      assert.deepEqual(removed, [false]);
      const next = await alice[kind]({ id: named('mortal'), mode: 'create_new' });
      assert.notEqual(next.sid, mortal.sid);
    });

    test('that ten clients open at once is one', async () => {
      for (const round of [1, 2, 3]) {
        const clients = Array.from({ length: 10 }, (_, i) => office.client(`opener-${i}`));
        const name = named(`race-${round}`);
        const opened = await Promise.all(clients.map((client) => client[kind](name)));
        assert.equal(new Set(opened.map(({ sid }) => sid)).size, 1);
      }
    });

    test('that is removed and opened at once is never in between', async () => {
      for (let round = 0; round < 10; round++) {
        const old = await alice[kind](named('phoenix'));
        const [, opened] = await Promise.all([old[remove](), bob[kind](named('phoenix'))]);
        assert.match(opened.sid, new RegExp(`^${prefix}`));
        opened.close();
      }
    });

    test('that REST removes is told to be gone', async () => {
      const opened = await alice[kind](named('gone'));
      await subscribed(opened);
      const removed = record(opened, ['removed'], (_, { isLocal }) => isLocal);
      await service[rest](opened.sid).remove();
      assert.ok(await eventually(() => removed.length));
      assert.deepEqual(removed, [false]);
      assert.notEqual((await alice[kind](named('gone'))).sid, opened.sid);
    });

    test('of which one handle is closed goes on for the others', async () => {
      const handles = [await alice[kind](named('shared')), await alice[kind](named('shared'))];
      await subscribed(...handles);
      const removed = record(handles[1], ['removed'], () => true);
      handles[0].close();
      await assert.rejects(handles[0].setTtl(5));
      await service[rest](handles[1].sid).remove();
      assert.ok(await eventually(() => removed.length));
    });
  });
}

test('a name may be that of one object of each kind', async () => {
  const opened = await Promise.all(Object.keys(KINDS).map((kind) => alice[kind]('same')));
  assert.equal(new Set(opened.map(({ sid }) => sid)).size, 4);
});

test('a document is made with its data, and keeps what it has when it is opened', async () => {
  const data = { text: 'ä😀\u0000"\\', deep: { list: [1, null, true, { n: 1.5 }] }, '': 0 };
  const made = await alice.document({ id: 'with-data', data });
  assert.deepEqual(made.data, data);
  const opened = await bob.document({ id: 'with-data', data: { other: true } });
  assert.deepEqual(opened.data, data);
  assert.deepEqual((await service.documents('with-data').fetch()).data, data);
});

test('what REST sets a time to live for, an open item knows', async () => {
  const map = await alice.map('known');
  await map.set('k', { n: 1 });
  await subscribed(map);
  const dates = record(map, ['itemUpdated'], (_, { item }) => item.dateExpires);
  const { syncMapItems } = service.syncMaps('known');
  await syncMapItems('k').update({ data: { n: 2 }, itemTtl: 100 });
  await syncMapItems('k').update({ data: { n: 3 }, itemTtl: 0 });
  await eventually(() => dates.length === 2);
  assert.deepEqual(dates.map((date) => date === null), [false, true]);
});

test('two clients of one identity hear each other', async () => {
  const twins = [office.client('twin'), office.client('twin')];
  const documents = await Promise.all(twins.map((client) => client.document('twins')));
  await subscribed(...documents);
  const look = (_, { isLocal }) => isLocal;
  const [mine, theirs] = documents.map((document) => record(document, ['updated'], look));
  await documents[0].set({ n: 1 });
  await eventually(() => theirs.length);
  assert.deepEqual([mine, theirs], [[true], [false]]);
});

test('a client says how it is connected, and shuts down', async () => {
  const client = office.client('brief');
  const states = record(client, ['connectionStateChanged'], (_, state) => state);
  await connected(client);
  await client.shutdown();
  assert.ok(await eventually(() => client.connectionState === 'disconnected'));
  assert.deepEqual(states.slice(0, 3), ['connecting', 'connected', 'disconnecting']);
});
