'use strict';
// The official helper package against Tutti: the permissions of documents, lists and maps, every
// operation, every refusal.

const assert = require('node:assert/strict');
const { describe, test, before, after } = require('node:test');
const { Helper, ACCOUNT, NOBODY, plain } = require('./support/helper.js');

const KINDS = [
  { of: 'documents', part: 'documentPermissions', sidName: 'documentSid', gone: 54100 },
  { of: 'syncLists', part: 'syncListPermissions', sidName: 'listSid', gone: 54150 },
  { of: 'syncMaps', part: 'syncMapPermissions', sidName: 'mapSid', gone: 54200 },
];
const NOTHING = { read: false, write: false, manage: false };
const EVERYTHING = { read: true, write: true, manage: true };

let helper;
let service;
before(async () => {
  helper = await Helper.start();
  service = await helper.newService();
});
after(() => helper.destroy());

const refused = (...args) => helper.refused(...args);
const rightsOf = ({ read, write, manage }) => ({ read, write, manage });
const identitiesOf = (permissions) => permissions.map(({ identity }) => identity);

for (const { of, part, sidName, gone } of KINDS)
  describe(part, () => {
    const permissionsOf = (id) => service[of](id)[part];
    const create = (fields) => service[of].create(fields);
    let sid;
    let permissions;
    before(async () => {
      ({ sid } = await create());
      permissions = permissionsOf(sid);
    });

    test('are set, and found as they were set', async () => {
      const rights = { read: true, write: false, manage: true };
      const { statusCode, headers, body } = await permissions('alice').updateWithHttpInfo(rights);
      assert.equal(statusCode, 200);
      assert.equal(headers.etag, undefined);
      const { url, ...rest } = plain(body);
      assert.deepEqual(rest, {
        accountSid: ACCOUNT,
        serviceSid: (await service.fetch()).sid,
        [sidName]: sid,
        identity: 'alice',
        ...rights,
      });
      assert.ok(url.startsWith(`${helper.server.base}/v1/Services/${body.serviceSid}/`), url);
      assert.deepEqual(plain(await permissions('alice').fetch()), plain(body));
    });

    test('are set anew as a whole', async () => {
      for (const rights of [
        EVERYTHING,
        NOTHING,
        { ...NOTHING, read: true },
        { ...NOTHING, write: true },
        { ...NOTHING, manage: true },
      ]) {
        assert.deepEqual(rightsOf(await permissions('bob').update(rights)), rights);
        assert.deepEqual(rightsOf(await permissions('bob').fetch()), rights);
      }
    });

    test('to nothing are permissions still, until they are removed', async () => {
      await permissions('nobody at all').update(NOTHING);
      assert.ok(identitiesOf(await permissions.list()).includes('nobody at all'));
      const { statusCode } = await permissions('nobody at all').removeWithHttpInfo();
      assert.equal(statusCode, 204);
      await refused(permissions('nobody at all').fetch(), 404, 54354);
    });

    test('are removed one by one', async () => {
      await permissions('carol').update(EVERYTHING);
      await permissions('dave').update(EVERYTHING);
      assert.equal(await permissions('carol').remove(), true);
      await refused(permissions('carol').fetch(), 404, 54354);
      await refused(permissions('carol').remove(), 404, 54354);
      assert.deepEqual(rightsOf(await permissions('dave').fetch()), EVERYTHING);
      assert.deepEqual(rightsOf(await permissions('carol').update(NOTHING)), NOTHING);
    });

    test('are found by the name of the object, too', async () => {
      const named = await create({ uniqueName: 'named' });
      await permissionsOf('named')('alice').update(EVERYTHING);
      const found = await permissionsOf(named.sid)('alice').fetch();
      assert.deepEqual([found[sidName], rightsOf(found)], [named.sid, EVERYTHING]);
      assert.deepEqual(identitiesOf(await permissionsOf('named').list()), ['alice']);
      assert.equal(await permissionsOf('named')('alice').remove(), true);
      await refused(permissionsOf(named.sid)('alice').fetch(), 404, 54354);
    });

    test('are for identities of many kinds', async () => {
      const identities = ['with space', 'a+b&c=d', '100%', 'ünïcödé 🎈', "it's(!)*", 'ET123', '0'];
      for (const identity of [...identities, 'x'.repeat(256), 'ä'.repeat(256), sid, 'alice@x.y']) {
        const at = permissions(encodeURIComponent(identity));
        assert.equal((await at.update(EVERYTHING)).identity, identity);
        assert.equal((await at.fetch()).identity, identity);
        assert.equal(await at.remove(), true);
      }
    });

    test('are listed in the order in which they were first set', async () => {
      const { sid: other } = await create();
      const some = permissionsOf(other);
      assert.deepEqual(await some.list(), []);
      const identities = Array.from({ length: 12 }, (_, n) => `user ${(n * 7) % 12}`);
      for (const identity of identities) await some(identity).update(NOTHING);
      await some(identities[3]).update(EVERYTHING);
      for (const params of [{}, { pageSize: 5 }])
        assert.deepEqual(identitiesOf(await some.list(params)), identities);
      assert.deepEqual(identitiesOf(await some.list({ limit: 4 })), identities.slice(0, 4));
      const seen = [];
      await some.each({ pageSize: 4 }, ({ identity }) => seen.push(identity));
      assert.deepEqual(seen, identities);
      const second = await (await some.page({ pageSize: 5 })).nextPage();
      assert.deepEqual(identitiesOf(second.instances), identities.slice(5, 10));
      const first = await some.getPage(second.previousPageUrl);
      assert.deepEqual(identitiesOf(first.instances), identities.slice(0, 5));
    });

    test('are gone with the object', async () => {
      const object = await create({ uniqueName: 'passing' });
      const held = permissionsOf(object.sid);
      await held('alice').update(EVERYTHING);
      await object.remove();
      await refused(held('alice').fetch(), 404, gone);
      await refused(held('alice').update(EVERYTHING), 404, gone);
      await refused(held('alice').remove(), 404, gone);
      await refused(held.list(), 404, gone);
      await create({ uniqueName: 'passing' });
      await refused(permissionsOf('passing')('alice').fetch(), 404, 54354);
      assert.deepEqual(await permissionsOf('passing').list(), []);
    });

    test('change nothing about the object', async () => {
      const object = await create();
      await permissionsOf(object.sid)('alice').update(EVERYTHING);
      await permissionsOf(object.sid)('alice').remove();
      assert.deepEqual(plain(await object.fetch()), plain(object));
    });

    test('refuse bad values', async () => {
      const tooLong = permissions(encodeURIComponent('ä'.repeat(257)));
      await refused(tooLong.update(EVERYTHING), 400, 54351);
      await refused(tooLong.fetch(), 400, 54351);
      await refused(tooLong.remove(), 400, 54351);
      await permissions('erin').update(NOTHING);
      for (const right of ['read', 'write', 'manage'])
        for (const value of ['perhaps', '1'])
          await refused(permissions('erin').update({ ...EVERYTHING, [right]: value }), 400, 20422);
      assert.deepEqual(rightsOf(await permissions('erin').fetch()), NOTHING, 'nothing has changed');
      await refused(permissions.page({ pageSize: 0 }), 400, 54454);
      await refused(permissions.page({ pageToken: 'PTforged' }), 400, 54453);
    });

    test('are missed where they are not, and so is the object', async () => {
      for (const [id, code] of [
        [sid, 54354],
        [sid.slice(0, 2) + NOBODY, gone],
        ['nobody', 54300],
      ]) {
        await refused(permissionsOf(id)('stranger').fetch(), 404, code);
        await refused(permissionsOf(id)('stranger').remove(), 404, code);
        if (code === 54354) continue;
        await refused(permissionsOf(id)('stranger').update(EVERYTHING), 404, code);
        await refused(permissionsOf(id).list(), 404, code);
      }
      const nowhere = helper.services(`IS${NOBODY}`)[of](sid)[part];
      await refused(nowhere('alice').update(EVERYTHING), 404, 54050);
      await refused(nowhere.list(), 404, 54050);
    });
  });

test('the description holds in each operation on a permission', () =>
  helper.assertCovered('Permissions'));
