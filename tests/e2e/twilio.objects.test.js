'use strict';
// The official helper package against Tutti: documents, lists, maps and streams themselves,
// every operation, every refusal. What lists and maps hold is in twilio.items.test.js.

const assert = require('node:assert/strict');
const { describe, test, before, after } = require('node:test');
const { Helper, ACCOUNT, NOBODY, seconds, plain } = require('./support/helper.js');

const YEAR = 31_536_000;

const KINDS = [
  { of: 'documents', prefix: 'ET', missing: 54100, message: 'Document not found' },
  { of: 'syncLists', prefix: 'ES', missing: 54150, message: 'List not found', collects: true },
  { of: 'syncMaps', prefix: 'MP', missing: 54200, message: 'Map not found', collects: true },
  { of: 'syncStreams', prefix: 'TO', missing: 54250, hasNoRevision: true },
];

let helper;
before(async () => (helper = await Helper.start()));
after(() => helper.destroy());

const refused = (...args) => helper.refused(...args);

for (const { of, prefix, missing, message, collects, hasNoRevision } of KINDS)
  describe(of, () => {
    const nobody = prefix + NOBODY;
    let service;
    let objects;
    before(async () => {
      service = await helper.newService();
      objects = service[of];
    });

    test('are created with the documented defaults', async () => {
      const begin = Math.floor(Date.now() / 1000);
      const { statusCode, headers, body } = await objects.createWithHttpInfo({});
      assert.equal(statusCode, 201);
      assert.equal(headers.etag, hasNoRevision ? undefined : '"0"');
      assert.ok(body.sid.startsWith(prefix));
      const { sid, url, links, dateCreated, dateUpdated, ...rest } = plain(body);
      assert.deepEqual(rest, {
        accountSid: ACCOUNT,
        serviceSid: (await service.fetch()).sid,
        uniqueName: null,
        createdBy: 'system',
        dateExpires: null,
        ...(hasNoRevision ? {} : { revision: '0' }),
        ...(of === 'documents' ? { data: {} } : {}),
      });
      assert.ok(url.startsWith(`${helper.server.base}/v1/Services/${body.serviceSid}/`), url);
      assert.ok(seconds(body.dateCreated) >= begin);
      assert.equal(dateUpdated, dateCreated);
    });

    test('are found by SID and by name', async () => {
      const created = await objects.create({ uniqueName: 'both ways', ttl: 3600 });
      assert.equal(created.uniqueName, 'both ways');
      for (const id of [created.sid, encodeURIComponent('both ways')]) {
        assert.deepEqual(plain(await objects(id).fetch()), plain(created));
        assert.deepEqual(plain(await created.fetch()), plain(created));
      }
    });

    test('end at the time that ttl says, until it says another', async () => {
      const created = await objects.create({ ttl: 3600 });
      assert.equal(seconds(created.dateExpires), seconds(created.dateCreated) + 3600);
      const later = await objects(created.sid).update({ ttl: YEAR });
      assert.equal(seconds(later.dateExpires), seconds(later.dateUpdated) + YEAR);
      assert.equal(later.revision, created.revision, 'time alone makes no revision');
      const forever = await objects(created.sid).update({ ttl: 0 });
      assert.equal(forever.dateExpires, null);
      assert.equal((await created.fetch()).dateExpires, null);
      for (const ttl of ['', 0]) assert.equal((await objects.create({ ttl })).dateExpires, null);
    });

    test('are gone, with their names, when their time is over', async () => {
      const begun = Date.now();
      const { sid } = await objects.create({ uniqueName: 'short', ttl: 1 });
      const updated = await objects.create();
      await objects(updated.sid).update({ ttl: 1 });
      for (const each of [sid, updated.sid])
        await helper.expires(() => objects(each).fetch(), { begun, ttl: 1, code: missing });
      await refused(objects('short').fetch(), 404, 54300);
      await refused(objects(sid).update({ ttl: 0 }), 404, missing);
      await refused(objects(sid).remove(), 404, missing);
      assert.ok(!(await objects.list()).some((each) => each.sid === sid));
      assert.notEqual((await objects.create({ uniqueName: 'short' })).sid, sid);
    });

    test('are removed, and their names are free again', async () => {
      const first = await objects.create({ uniqueName: 'reused' });
      assert.equal(await objects('reused').remove(), true);
      await refused(objects('reused').fetch(), 404, 54300);
      for (const method of ['fetch', 'remove'])
        await refused(objects(first.sid)[method](), 404, missing);
      await refused(objects(first.sid).update({ ttl: 60 }), 404, missing);
      const second = await objects.create({ uniqueName: 'reused' });
      assert.notEqual(second.sid, first.sid);
      await refused(first.remove(), 404, missing);
      assert.equal((await objects('reused').fetch()).sid, second.sid);
      const { statusCode } = await second.removeWithHttpInfo();
      assert.equal(statusCode, 204);
    });

    test('have names of many kinds', async () => {
      const names = ['with space', 'a+b&c=d', '100%', 'ünïcödé 🎈', "it's(!)*", 'x'.repeat(320)];
      for (const uniqueName of [...names, 'ä'.repeat(320), 'default', `${prefix}123`, '0']) {
        const created = await objects.create({ uniqueName });
        assert.equal(created.uniqueName, uniqueName);
        const fetched = await objects(encodeURIComponent(uniqueName)).fetch();
        assert.equal(fetched.sid, created.sid, uniqueName);
      }
    });

    test('have names of their own, apart from other kinds and other services', async () => {
      const other = await helper.newService();
      const here = await objects.create({ uniqueName: 'mine' });
      const there = await other[of].create({ uniqueName: 'mine' });
      assert.notEqual(here.sid, there.sid);
      await refused(other[of](here.sid).fetch(), 404, missing);
      for (const kind of KINDS.filter((each) => each.of !== of)) {
        const namesake = await other[kind.of].create({ uniqueName: 'mine' });
        await refused(other[of](namesake.sid).fetch(), 404, missing);
        await refused(other[kind.of](there.sid).fetch(), 404, kind.missing);
      }
      assert.equal((await other[of]('mine').fetch()).sid, there.sid);
    });

    test('of one name are created once, by however many at a time', async () => {
      const racers = Array.from({ length: 8 }, () => objects.create({ uniqueName: 'raced' }));
      const settled = await Promise.allSettled(racers);
      const losers = settled.filter(({ status }) => status === 'rejected');
      assert.equal(losers.length, 7);
      for (const { reason } of losers) assert.deepEqual([reason.status, reason.code], [409, 54301]);
    });

    test('refuse bad values', async () => {
      const { sid } = await objects.create({ uniqueName: 'taken' });
      await refused(objects.create({ uniqueName: 'taken' }), 409, 54301);
      for (const uniqueName of ['', 'x'.repeat(321), nobody, `IS${'a1'.repeat(16)}`])
        await refused(objects.create({ uniqueName }), 400, 54302);
      for (const [id, code] of [
        [nobody, missing],
        [`SK${NOBODY}`, missing],
        ['nobody', 54300],
        [`${prefix}111`, 54300],
      ]) {
        await refused(objects(id).fetch(), 404, code);
        await refused(objects(id).update({ ttl: 60 }), 404, code);
        await refused(objects(id).remove(), 404, code);
      }
      await refused(objects(sid).update({}), 400, 54010);
      await refused(objects(sid).update({ ttl: '' }), 400, 54010);
      for (const ttl of [-1, YEAR + 1, 1.5, 'never', '99999999999999999999']) {
        await refused(objects.create({ ttl }), 400, 54011);
        await refused(objects(sid).update({ ttl }), 400, 54011);
      }
      for (const pageSize of [0, 'many']) await refused(objects.page({ pageSize }), 400, 54454);
      await refused(objects.page({ pageToken: 'PTforged' }), 400, 54453);
      assert.equal((await objects(sid).fetch()).dateExpires, null, 'nothing has changed');
    });

    test('say what is wrong', async () => {
      await assert.rejects(objects.create({ uniqueName: 'x'.repeat(321) }), {
        message:
          'Invalid unique name. Expected a string with length 1-320 not matching the SID pattern ' +
          '[A-Z]{2}[a-f0-9]{32}',
      });
      await assert.rejects(objects('nobody').fetch(), { message: 'Unique name not found' });
      if (message) await assert.rejects(objects(nobody).fetch(), { message });
    });

    if (collects)
      test('go by collectionTtl before ttl', async () => {
        const expiry = async (promise) => {
          const { dateUpdated, dateExpires } = await promise;
          return dateExpires && seconds(dateExpires) - seconds(dateUpdated);
        };
        const create = (params) => expiry(objects.create(params));
        assert.equal(await create({ collectionTtl: 60 }), 60);
        assert.equal(await create({ collectionTtl: 60, ttl: 3600 }), 60);
        assert.equal(await create({ collectionTtl: 0, ttl: 3600 }), null);
        assert.equal(await create({ collectionTtl: '', ttl: 3600 }), 3600);
        const { sid } = await objects.create();
        const update = (params) => expiry(objects(sid).update(params));
        assert.equal(await update({ collectionTtl: 120 }), 120);
        assert.equal(await update({ collectionTtl: 60, ttl: 3600 }), 60);
        assert.equal(await update({ collectionTtl: 0, ttl: 3600 }), null);
        for (const collectionTtl of [-1, YEAR + 1, 'x']) {
          await refused(objects.create({ collectionTtl }), 400, 54011);
          await refused(objects(sid).update({ collectionTtl }), 400, 54011);
        }
      });
  });

for (const { of } of KINDS)
  describe(`more ${of} than fit on a page`, () => {
    const COUNT = 120;
    let objects;
    let sids;
    before(async () => {
      objects = (await helper.newService())[of];
      const created = await Promise.all(Array.from({ length: COUNT }, () => objects.create()));
      sids = created.map(({ sid }) => sid).sort();
    });

    const sorted = (list) => list.map(({ sid }) => sid).sort();

    test('are listed, each once, whatever the size of a page', async () => {
      for (const params of [{}, { pageSize: 7 }, { pageSize: 100 }, { pageSize: 1000 }])
        assert.deepEqual(sorted(await objects.list(params)), sids);
      assert.equal((await objects.list({ limit: 33 })).length, 33);
    });

    test('come one by one', async () => {
      const seen = [];
      await objects.each({ pageSize: 25 }, (object) => seen.push(object));
      assert.deepEqual(sorted(seen), sids);
    });

    test('come 50 on a page, and at most 100', async () => {
      assert.equal((await objects.page()).instances.length, 50);
      assert.equal((await objects.page({ pageSize: 100 })).instances.length, 100);
      assert.equal((await objects.page({ pageSize: 1000 })).instances.length, 100);
    });

    test('are walked forwards and backwards', async () => {
      const first = await objects.page({ pageSize: 50 });
      assert.equal(first.previousPageUrl, undefined);
      const second = await first.nextPage();
      const third = await second.nextPage();
      assert.deepEqual(
        [first, second, third].map((page) => page.instances.length),
        [50, 50, 20],
      );
      assert.equal(third.nextPage(), undefined);
      const back = await third.previousPage();
      assert.deepEqual(sorted(back.instances), sorted(second.instances));
      const again = await back.previousPage();
      assert.deepEqual(sorted(again.instances), sorted(first.instances));
      const found = await objects.getPage(second.nextPageUrl);
      assert.deepEqual(sorted(found.instances), sorted(third.instances));
    });
  });

describe('the data of documents', () => {
  let documents;
  before(async () => (documents = (await helper.newService()).documents));

  test('is kept as it was given', async () => {
    const data = { text: 'grüße 🎈', list: [1, 'two', null, { three: true }], empty: {} };
    const created = await documents.create({ data });
    assert.deepEqual(created.data, data);
    assert.deepEqual((await created.fetch()).data, data);
  });

  test('is replaced, each time with the next revision', async () => {
    const document = await documents.create({ data: { n: 0, gone: true }, ttl: 3600 });
    for (let n = 1; n <= 18; n++) {
      const updated = await documents(document.sid).update({ data: { n } });
      assert.equal(updated.revision, n.toString(16));
      assert.deepEqual(updated.data, { n });
      assert.deepEqual(updated.dateCreated, document.dateCreated);
      assert.deepEqual(updated.dateExpires, document.dateExpires);
    }
    const fetched = await document.fetch();
    assert.deepEqual([fetched.revision, fetched.data], ['12', { n: 18 }]);
  });

  test('is replaced only at the revision that ifMatch names', async () => {
    const { sid } = await documents.create({ uniqueName: 'guarded', data: { n: 0 } });
    await documents(sid).update({ data: { n: 1 }, ifMatch: '0' });
    await refused(documents(sid).update({ data: { n: 2 }, ifMatch: '0' }), 412, 54103);
    await refused(documents('guarded').update({ data: { n: 2 }, ifMatch: '"0"' }), 412, 54103);
    const kept = await documents(sid).fetch();
    assert.deepEqual([kept.revision, kept.data], ['1', { n: 1 }]);
    const updated = await documents(sid).update({ data: { n: 2 }, ifMatch: '"1"' });
    assert.equal(updated.revision, '2');
    await assert.rejects(documents(sid).update({ data: {}, ifMatch: '0' }), {
      message: 'The revision of the Document does not match the expected revision',
    });
  });

  test('that is bad is refused', async () => {
    const { sid } = await documents.create();
    const both = async (params, status, code) => {
      await refused(documents.create(params), status, code);
      await refused(documents(sid).update(params), status, code);
    };
    for (const data of ['{"a":', '{"a":1}}', '{"a"}']) await both({ data }, 400, 54008);
    for (const data of [null, [1, 2], '"text"', '17', 'true']) await both({ data }, 400, 54101);
    await both({ data: { big: 'x'.repeat(16_384) } }, 413, 54006);
    await refused(documents(sid).update({ data: {}, ifMatch: 'no revision' }), 400, 54003);
    assert.equal((await documents(sid).fetch()).revision, '0', 'nothing has changed');
  });
});

test('the description holds in each operation on an object', () => helper.assertCovered('Objects'));
