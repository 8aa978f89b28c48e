'use strict';
// In a service with acl_enabled clients may do what their permissions say, and are told 403 (54007)
// otherwise.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { Connection } = require('./support/packets.js');
const { Office } = require('./support/sdk.js');
const { Server } = require('./support/server.js');

let server, office, service, alice;

before(async () => {
  server = await Server.start();
  const desk = await Office.open(server);
  const { sid } = await desk.rest.sync.v1.services.create({ aclEnabled: true });
  office = await Office.open(server, { service: sid });
  service = office.rest.sync.v1.services(sid);
  alice = await Connection.start(server, office.token('alice'));
});

after(async () => {
  alice.close();
  await server.destroy();
});

const KINDS = [
  ['Documents', 'documents', 'documentPermissions', {}],
  ['Lists', 'syncLists', 'syncListPermissions', {}],
  ['Maps', 'syncMaps', 'syncMapPermissions', {}],
];

const NONE = { read: false, write: false, manage: false };

function assertDenied({ status, body }) {
  assert.deepEqual([status, body.code, body.status], [403, 54007, 403]);
}

for (const [folder, objects, permissions] of KINDS) {
  const kind = folder.slice(0, -1).toLowerCase();

  async function make(rights) {
    const object = await service[objects].create({});
    if (rights)
      await service[objects](object.sid)[permissions]('alice').update({ ...NONE, ...rights });
    return `/v3/${folder}/${object.sid}`;
  }

  test(`without a permission a ${kind} may not be read, written, removed or heard of`, async () => {
    const path = await make();
    assertDenied(await alice.http('GET', path));
    assertDenied(await alice.http('POST', path, { body: { ttl: 10 } }));
    assertDenied(await alice.http('DELETE', path));
    const sid = path.split('/').at(-1);
    await alice.subscribe([{ object_sid: sid, object_type: kind, last_event_id: 0 }]);
    const [, { error }] = await alice.event('subscription_failed', (e) => e.object_sid === sid);
    assert.deepEqual([error.status, error.code], [403, 54007]);
  });

  test(`each right of a ${kind} is one by itself`, async () => {
    const [read, write, manage] = await Promise.all([
      make({ read: true }),
      make({ write: true }),
      make({ manage: true }),
    ]);
    assert.equal((await alice.http('GET', read)).status, 200);
    assertDenied(await alice.http('POST', read, { body: { ttl: 10 } }));
    assertDenied(await alice.http('DELETE', read));
    assert.equal((await alice.http('POST', write, { body: { ttl: 10 } })).status, 200);
    assertDenied(await alice.http('GET', write));
    assertDenied(await alice.http('GET', manage));
    assert.equal((await alice.http('DELETE', manage)).status, 204);
  });

  test(`who makes a ${kind} may do all with it, others nothing`, async () => {
    const bob = await Connection.start(server, office.token('bob'));
    const { status, body } = await alice.http('POST', `/v3/${folder}`, { body: {} });
    const path = `/v3/${folder}/${body.sid}`;
    assert.equal(status, 201);
    assertDenied(await bob.http('GET', path));
    assert.equal((await alice.http('GET', path)).status, 200);
    assert.equal((await alice.http('POST', path, { body: { ttl: 10 } })).status, 200);
    assert.equal((await alice.http('DELETE', path)).status, 204);
    bob.close();
  });
}

test('reading and writing of items are rights of their map', async () => {
  const map = await service.syncMaps.create({});
  const allow = (rights) =>
    service.syncMaps(map.sid).syncMapPermissions('alice').update({ ...NONE, ...rights });
  const items = `/v3/Maps/${map.sid}/Items`;
  const body = { data: { n: 1 } };
  assertDenied(await alice.http('PUT', `${items}/k`, { body }));
  await allow({ write: true });
  assert.equal((await alice.http('PUT', `${items}/k`, { body })).status, 201);
  assertDenied(await alice.http('GET', items));
  assertDenied(await alice.http('GET', `${items}/k`));
  await allow({ read: true });
  assert.equal((await alice.http('GET', items)).body.items.length, 1);
  assertDenied(await alice.http('POST', `${items}/k`, { body }));
  assertDenied(await alice.http('DELETE', `${items}/k`));
});

test('taking the right to read away ends what is heard; giving it back begins it anew', async () => {
  const { sid } = await service.documents.create({ data: { n: 0 } });
  const allow = (read) =>
    service.documents(sid).documentPermissions('alice').update({ ...NONE, read });
  const set = (n) => service.documents(sid).update({ data: { n } });
  const isIt = (event) => event.document_sid === sid || event.object_sid === sid;
  await allow(true);
  await alice.subscribe([{ object_sid: sid, object_type: 'document', last_event_id: null }]);
  await alice.event('subscription_established', isIt);
  await set(1);
  await alice.event('document_updated', isIt);
  await allow(false);
  const [, { error }, { correlation_id }] = await alice.event('subscription_failed', isIt);
  assert.deepEqual([error.status, error.code, correlation_id], [403, 54007, null]);
  await set(2);
  await allow(true);
  await alice.subscribe([{ object_sid: sid, object_type: 'document', last_event_id: null }], {
    correlation: 99,
  });
  await set(3);
  await alice.event('document_updated', (e) => isIt(e) && e.document_data.n === 3);
  const seen = alice.events().filter(([name, e]) => name === 'document_updated' && isIt(e));
  assert.deepEqual(seen.map(([, e]) => e.document_data.n), [1, 3]);
});

test('turning access control on ends what is heard without permission', async () => {
  const made = await office.rest.sync.v1.services.create({});
  const open = office.rest.sync.v1.services(made.sid);
  const { sid } = await open.documents.create({ data: {} });
  const bob = await Connection.start(server, office.token('bob', { service: made.sid }));
  await bob.subscribe([{ object_sid: sid, object_type: 'document', last_event_id: null }]);
  await bob.event('subscription_established');
  await made.update({ aclEnabled: true });
  const [, { error }] = await bob.event('subscription_failed');
  assert.equal(error.code, 54007);
  bob.close();
});

// What changes an object or its items, over REST.
const CHANGES = {
  documents: (sid, n) => service.documents(sid).update({ data: { n } }),
  syncLists: (sid, n) => service.syncLists(sid).syncListItems.create({ data: { n } }),
  syncMaps: (sid, n) => service.syncMaps(sid).syncMapItems.create({ key: `k${n}`, data: { n } }),
};

for (const [folder, objects, permissions] of KINDS) {
  const kind = folder.slice(0, -1).toLowerCase();

  for (const [how, take] of [
    ['taken away', (permission) => permission.update(NONE)],
    ['removed', (permission) => permission.remove()],
  ])
    test(`a permission to read a ${kind} that is ${how} ends only what its identity hears`, async (t) => {
      const { sid } = await service[objects].create({});
      const of = (identity) => service[objects](sid)[permissions](identity);
      const [first, second, other] = await Promise.all(
        ['carol', 'carol', 'dave'].map((identity) => Connection.start(server, office.token(identity))),
      );
      t.after(() => [first, second, other].forEach((connection) => connection.close()));
      for (const identity of ['carol', 'dave']) await of(identity).update({ ...NONE, read: true });
      const subscribe = async (connection, last_event_id = null) => {
        connection.received.length = 0;
        await connection.subscribe([{ object_sid: sid, object_type: kind, last_event_id }]);
        return (await connection.event('subscription_established'))[1].last_event_id;
      };
      const since = await subscribe(first);
      for (const connection of [second, other]) await subscribe(connection);
      const changesOf = (connection) =>
        connection.events().map(([, e]) => (e.document_data ?? e.item_data)?.n).filter((n) => n);
      const heard = (connection, n) =>
        connection.await(`change ${n}`, () => changesOf(connection).includes(n));
      await CHANGES[objects](sid, 1);
      for (const connection of [first, second, other]) await heard(connection, 1);
      await take(of('carol'));
      for (const connection of [first, second]) {
        const [, event, payload] = await connection.event('subscription_failed');
        assert.deepEqual([event.object_sid, event.object_type], [sid, kind]);
        assert.deepEqual([event.error.status, event.error.code], [403, 54007]);
        assert.strictEqual(payload.correlation_id, null);
      }
      await CHANGES[objects](sid, 2);
      await heard(other, 2);
      assert.equal(other.events().filter(([type]) => type === 'subscription_failed').length, 0);
      for (const connection of [first, second]) {
        assertDenied(await connection.http('GET', `/v3/${folder}/${sid}`));
        assert.deepEqual(changesOf(connection), [1]);
      }
      await of('carol').update({ ...NONE, read: true });
      if (kind !== 'document') {
        // What happened before the right to read is not told: it is to be fetched afresh.
        await first.subscribe([{ object_sid: sid, object_type: kind, last_event_id: since }]);
        const isLost = ({ error }) => error.status === 410;
        await first.event('subscription_failed', isLost);
        assert.deepEqual(changesOf(first), [1]);
      }
      await subscribe(first, kind === 'document' ? since : null);
      await CHANGES[objects](sid, 3);
      await heard(first, 3);
      assert.deepEqual(changesOf(first), kind === 'document' ? [2, 3] : [3]);
    });
}

test('the items of a list are read and written by the rights of the list', async () => {
  const { sid } = await service.syncLists.create({});
  const allow = (rights) =>
    service.syncLists(sid).syncListPermissions('alice').update({ ...NONE, ...rights });
  const items = `/v3/Lists/${sid}/Items`;
  const body = { data: { n: 1 } };
  assertDenied(await alice.http('POST', items, { body }));
  await allow({ write: true });
  assert.equal((await alice.http('POST', items, { body })).status, 201);
  assert.equal((await alice.http('POST', `${items}/0`, { body })).status, 200);
  for (const path of [items, `${items}/0`, `/v3/Lists/${sid}/Context`])
    assertDenied(await alice.http('GET', path));
  await allow({ read: true });
  for (const path of [items, `${items}/0`])
    assert.equal((await alice.http('GET', path)).status, 200, path);
  for (const [method, path] of [['POST', items], ['POST', `${items}/0`], ['DELETE', `${items}/0`]])
    assertDenied(await alice.http(method, path, { body }));
  await allow({ manage: true });
  for (const [method, path] of [['GET', items], ['POST', items], ['DELETE', `${items}/0`]])
    assertDenied(await alice.http(method, path, { body }));
  await allow({ write: true });
  assert.equal((await alice.http('DELETE', `${items}/0`)).status, 200);
});

test('data of a document is written by the right to write, also with a condition', async () => {
  const { sid } = await service.documents.create({ data: { n: 0 } });
  const allow = (rights) =>
    service.documents(sid).documentPermissions('alice').update({ ...NONE, ...rights });
  const write = (headers) =>
    alice.http('POST', `/v3/Documents/${sid}`, { body: { data: { n: 1 } }, headers });
  await allow({ read: true, manage: true });
  assertDenied(await write());
  assertDenied(await write({ 'If-Match': '7' }));
  await allow({ read: true, write: true });
  assert.equal((await write({ 'If-Match': '7' })).status, 412);
  assert.equal((await write({ 'If-Match': '0' })).status, 200);
  assert.deepEqual((await service.documents(sid).fetch()).data, { n: 1 });
});

test('a name that is taken is 403 to who may not read it, a free one 404', async () => {
  for (const [folder, objects] of KINDS) {
    const uniqueName = `taken-${folder}`;
    await service[objects].create({ uniqueName });
    assertDenied(await alice.http('GET', `/v3/${folder}/${uniqueName}`));
    const taken = await alice.http('POST', `/v3/${folder}`, { body: { unique_name: uniqueName } });
    assert.deepEqual([taken.status, taken.body.code], [409, 54301]);
    const free = await alice.http('GET', `/v3/${folder}/free-${folder}`);
    assert.deepEqual([free.status, free.body.code], [404, 54300]);
  }
});

test('a creator has all three rights, as REST shows them', async () => {
  for (const [folder, objects, permissions] of KINDS) {
    const { body } = await alice.http('POST', `/v3/${folder}`, { body: {} });
    const { read, write, manage } = await service[objects](body.sid)[permissions]('alice').fetch();
    assert.deepEqual([read, write, manage], [true, true, true], folder);
  }
});

test('a query needs the right to read its map', async () => {
  const { sid } = await service.syncMaps.create({ uniqueName: 'index' });
  const asked = { body: { query_string: '' } };
  assertDenied(await alice.http('POST', '/v3/Insights/index/Items', asked));
  await service.syncMaps(sid).syncMapPermissions('alice').update({ ...NONE, read: true });
  assert.equal((await alice.http('POST', '/v3/Insights/index/Items', asked)).status, 200);
});

const LIVE = { object_type: 'live_query', query_string: 'n != 0' };

const liveQuery = (index_name, last_event_id) => ({
  ...LIVE,
  object_sid: `LQ${index_name}`,
  index_name,
  last_event_id,
});

async function failsToHear(connection, object_sid) {
  const isIt = (event) => event.object_sid === object_sid;
  const [, { error }, payload] = await connection.event('subscription_failed', isIt);
  assert.deepEqual([error.status, error.code], [403, 54007]);
  return payload.correlation_id;
}

test('a live query needs the right to read its map, by name and by SID', async () => {
  const { sid } = await service.syncMaps.create({ uniqueName: 'lively' });
  await service.syncMaps(sid).syncMapItems.create({ key: 'k', data: { n: 1 } });
  for (const rights of [null, { write: true, manage: true }])
    for (const index of ['lively', sid]) {
      if (rights)
        await service.syncMaps(sid).syncMapPermissions('alice').update({ ...NONE, ...rights });
      alice.received.length = 0;
      await alice.subscribe([liveQuery(index, 0)]);
      assert.notEqual(await failsToHear(alice, `LQ${index}`), null);
      assert.deepEqual(alice.events().filter(([type]) => type.startsWith('live_query')), []);
    }
});

for (const [how, take] of [
  ['taken away', (permission) => permission.update(NONE)],
  ['removed', (permission) => permission.remove()],
])
  test(`a live query ends when the right to read its map is ${how}`, async (t) => {
    const { sid } = await service.syncMaps.create({});
    const { syncMapItems, syncMapPermissions } = service.syncMaps(sid);
    const [erin, frank] = await Promise.all(
      ['erin', 'frank'].map((identity) => Connection.start(server, office.token(identity))),
    );
    t.after(() => [erin, frank].forEach((connection) => connection.close()));
    for (const identity of ['erin', 'frank'])
      await syncMapPermissions(identity).update({ ...NONE, read: true });
    const heard = (connection) =>
      connection.events().map(([, e]) => e.item_data?.n).filter((n) => n);
    const hears = (connection, n) =>
      connection.await(`change ${n}`, () => heard(connection).includes(n));
    for (const connection of [erin, frank]) {
      await connection.subscribe([liveQuery(sid)]);
      await connection.event('subscription_established');
    }
    await syncMapItems.create({ key: 'a', data: { n: 1 } });
    for (const connection of [erin, frank]) await hears(connection, 1);
    await take(syncMapPermissions('erin'));
    await syncMapItems.create({ key: 'b', data: { n: 2 } });
    assert.strictEqual(await failsToHear(erin, `LQ${sid}`), null);
    await hears(frank, 2);
    const asked = { body: { query_string: '' } };
    assertDenied(await erin.http('POST', `/v3/Insights/${sid}/Items`, asked));
    assert.deepEqual(heard(erin), [1]);
  });

test('a live query ends when access control is turned on', async (t) => {
  const made = await office.rest.sync.v1.services.create({});
  const { syncMaps } = office.rest.sync.v1.services(made.sid);
  const { sid } = await syncMaps.create({});
  const bob = await Connection.start(server, office.token('bob', { service: made.sid }));
  t.after(() => bob.close());
  await bob.subscribe([liveQuery(sid)]);
  await bob.event('subscription_established');
  await made.update({ aclEnabled: true });
  await syncMaps(sid).syncMapItems.create({ key: 'k', data: { n: 1 } });
  assert.strictEqual(await failsToHear(bob, `LQ${sid}`), null);
  assert.deepEqual(bob.events().filter(([type]) => type.startsWith('live_query')), []);
});

test('when access control is turned off everybody may do everything again', async (t) => {
  const made = await office.rest.sync.v1.services.create({ aclEnabled: true });
  const { sid } = await office.rest.sync.v1.services(made.sid).documents.create({ data: {} });
  const bob = await Connection.start(server, office.token('bob', { service: made.sid }));
  t.after(() => bob.close());
  assertDenied(await bob.http('GET', `/v3/Documents/${sid}`));
  await made.update({ aclEnabled: false });
  assert.equal((await bob.http('GET', `/v3/Documents/${sid}`)).status, 200);
  assert.equal((await bob.http('DELETE', `/v3/Documents/${sid}`)).status, 204);
});

test('the SDK shows who is denied so, and does not run in circles', async () => {
  const { uniqueName } = await service.documents.create({ uniqueName: 'secret' });
  await assert.rejects(office.client('mallory').document(uniqueName), { status: 403, code: 54007 });
  await office.close();
});
