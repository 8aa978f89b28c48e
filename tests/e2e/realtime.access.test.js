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

test('the SDK shows who is denied so, and does not run in circles', async () => {
  const { uniqueName } = await service.documents.create({ uniqueName: 'secret' });
  await assert.rejects(office.client('mallory').document(uniqueName), { status: 403, code: 54007 });
  await office.close();
});
