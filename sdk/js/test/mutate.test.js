// Many change one thing: nothing is lost, and nobody spins.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NotFoundError, PermissionError, RevisionError, SyncError } from '../src/index.js';
import { World, live, record } from './support.js';

const CLIENTS = 10;
const TIMES = 20;

describe('mutate', { concurrency: 4 }, () => {
  for (const kind of ['document', 'map', 'list']) {
    test(`${CLIENTS} clients x ${TIMES} increments of one ${kind}: the sum is exact`, async (t) => {
      const world = await World.open(t);
      const clients = Array.from({ length: CLIENTS }, (_, i) => world.client(`c${i}`));
      const objects = await Promise.all(clients.map((client) => client[kind]('counter')));
      if (kind === 'list') await objects[0].push({ n: 0 });
      const name = { document: [], map: ['k'], list: [0] }[kind];
      const more = ({ n = 0 }) => ({ n: n + 1 });
      await Promise.all(
        objects.map(async (object) => {
          for (let i = 0; i < TIMES; i += 1) await object.mutate(...name, more);
        }),
      );
      const [object] = objects;
      await live(object);
      const last =
        kind === 'document'
          ? object
          : await (await world.client('z')[kind]('counter')).get(...name);
      const { data } = kind === 'document' ? await world.rest.documents('counter').fetch() : last;
      assert.deepEqual(data, { n: CLIENTS * TIMES });
    });
  }

  test('a time to live is kept on every attempt', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice');
    const doc = await client.document({ id: 'd', data: { n: 0 } });
    let attempts = 0;
    await doc.mutate(
      async ({ n }) => {
        attempts += 1;
        if (attempts < 4) await world.rest.documents('d').update({ data: { n: n + 1 } });
        return { n: n + 100 };
      },
      { ttl: 1000 },
    );
    assert.equal(attempts, 4);
    const left = new Date((await world.rest.documents('d').fetch()).dateExpires) - Date.now();
    assert.ok(left > 900_000 && left <= 1_000_000, `${left} ms`);
  });

  test('a mutator that returns nothing leaves the data; one that throws rejects', async (t) => {
    const world = await World.open(t);
    const doc = await world.client('alice').document({ id: 'd', data: { n: 1 } });
    const updated = record(doc, ['updated'], () => true);
    assert.deepEqual(await doc.mutate(() => null), { n: 1 });
    const map = await world.client('alice').map('m');
    assert.equal(await map.mutate('k', () => undefined), undefined);
    await assert.rejects(
      doc.mutate(() => {
        throw new Error('mine');
      }),
      { message: 'mine' },
    );
    await assert.rejects(
      doc.mutate(() => 5),
      { name: 'ValidationError', status: 400 },
    );
    assert.deepEqual(updated, []);
    assert.equal(doc.revision, '0');
  });

  test('a mutator that returns nothing is taken at the copy that it has changed', async (t) => {
    const world = await World.open(t);
    const client = world.client('alice');
    const doc = await client.document({ id: 'd', data: { deep: { n: 1 } } });
    const before = doc.data;
    const result = await doc.mutate((data) => {
      data.deep.n = 2;
    });
    assert.deepEqual([before, result, doc.revision], [{ deep: { n: 1 } }, { deep: { n: 2 } }, '1']);
    assert.deepEqual((await world.rest.documents('d').fetch()).data, { deep: { n: 2 } });
    await doc.mutate((data) => {
      data.gone = undefined; // as JSON keeps it, nothing has changed
    });
    await doc.mutate((data) => {
      data.deep.n = 3;
      return null;
    });
    assert.deepEqual([doc.data, doc.revision], [{ deep: { n: 2 } }, '1']);
    const map = await client.map('m');
    await map.mutate('k', async (data) => {
      data.n = 1;
    });
    assert.deepEqual((await map.get('k')).data, { n: 1 });
  });

  test('who may write and not read is told so, and does not try for ever', async (t) => {
    const world = await World.open(t);
    await world.office.rest.sync.v1.services('default').update({ aclEnabled: true });
    const rest = world.rest;
    await rest.documents.create({ uniqueName: 'd', data: { n: 0 } });
    const allow = (read) =>
      rest.documents('d').documentPermissions('alice').update({ read, write: true, manage: false });
    await allow(true);
    const doc = await world.client('alice').document('d');
    await live(doc);
    await allow(false);
    let attempts = 0;
    const changed = doc.mutate(async () => {
      attempts += 1;
      await rest.documents('d').update({ data: { n: attempts } });
      return { n: -1 };
    });
    await assert.rejects(changed, PermissionError);
    assert.equal(attempts, 1);
  });

  test('an item that goes meanwhile is not found', async (t) => {
    const world = await World.open(t);
    const map = await world.client('alice').map('m');
    await map.set('k', { n: 1 });
    const changed = map.mutate('k', async ({ n }) => {
      await world.rest.syncMaps('m').syncMapItems('k').remove();
      return { n: n + 1 };
    });
    await assert.rejects(changed, NotFoundError);
  });

  test('a mutate that is stopped between attempts writes no more', async (t) => {
    const world = await World.open(t);
    const doc = await world.client('alice').document({ id: 'd', data: { n: 0 } });
    const stop = new AbortController();
    const changed = doc.mutate(
      async ({ n }) => {
        await world.rest.documents('d').update({ data: { n: n + 1 } });
        if (n === 2) stop.abort();
        return { n: -1 };
      },
      { signal: stop.signal },
    );
    await assert.rejects(changed, { name: 'AbortError' });
    await doc.update({ after: true });
    assert.ok(doc.data.n >= 3, JSON.stringify(doc.data));
  });
});

test('errors have a class, a status, a code and a name', async (t) => {
  const world = await World.open(t);
  const client = world.client('alice');
  await assert.rejects(client.document({ id: 'none', mode: 'open_existing' }), (error) => {
    assert.ok(error instanceof NotFoundError && error instanceof SyncError);
    assert.deepEqual([error.name, error.status, error.code], ['NotFoundError', 404, 54300]);
    return true;
  });
  await client.document('there');
  await assert.rejects(client.document({ id: 'there', mode: 'create_new' }), {
    name: 'ConflictError',
    status: 409,
    code: 54301,
  });
  const map = await client.map('m');
  await assert.rejects(map.set('k', { text: 'x'.repeat(20_000) }), { name: 'TooLargeError' });
  await assert.rejects(map.set('k'.repeat(321), {}), { name: 'ValidationError' });
  await assert.rejects(map.set('k', {}, { ttl: -1 }), { name: 'ValidationError' });
  await assert.rejects(map.set('\ud800', {}), { name: 'ValidationError', code: 54209 });
  map.close();
  await assert.rejects(map.get('k'), { message: /closed/ });
  assert.equal(new RevisionError('m').name, 'RevisionError');
});
