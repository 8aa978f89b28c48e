'use strict';
// The official helper package against Tutti: the items of lists and maps, every operation, every
// refusal. What holds for both is said once.

const assert = require('node:assert/strict');
const { describe, test, before, after } = require('node:test');
const { Helper, ACCOUNT, NOBODY, seconds, plain } = require('./support/helper.js');
const { Collection, LISTS, MAPS } = require('./support/collection.js');
const { eventually } = require('./support/eventually.js');

const YEAR = 31_536_000;

let helper;
let service;
before(async () => {
  helper = await Helper.start();
  service = await helper.newService();
});
after(() => helper.destroy());

const refused = (...args) => helper.refused(...args);

const collectionOf = (kind, fields) => Collection.of(service, kind, fields);

// How many seconds the object lives from its last change; null: for ever.
const lifetime = ({ dateUpdated, dateExpires }) =>
  dateExpires && seconds(dateExpires) - seconds(dateUpdated);

for (const kind of [LISTS, MAPS])
  describe(kind.part, () => {
    let collection;
    before(async () => (collection = await collectionOf(kind)));

    test('are created with the documented defaults', async () => {
      const begin = Math.floor(Date.now() / 1000);
      const parameters = collection.parameters();
      const { statusCode, headers, body } = await collection.items.createWithHttpInfo(parameters);
      assert.equal(statusCode, 201);
      assert.equal(headers.etag, '"0"');
      const { url, dateCreated, dateUpdated, [kind.name]: name, ...rest } = plain(body);
      assert.equal(name, kind === LISTS ? 0 : parameters.key);
      assert.deepEqual(rest, {
        accountSid: ACCOUNT,
        serviceSid: (await service.fetch()).sid,
        [kind.sidName]: collection.sid,
        revision: '0',
        data: {},
        dateExpires: null,
        createdBy: 'system',
      });
      assert.ok(url.startsWith(`${helper.server.base}/v1/Services/${body.serviceSid}/`), url);
      assert.ok(seconds(body.dateCreated) >= begin);
      assert.equal(dateUpdated, dateCreated);
    });

    test('are found by the SID and by the name of what holds them', async () => {
      const named = await collectionOf(kind, { uniqueName: 'holder' });
      const data = { text: 'grüße 🎈', list: [1, 'two', null, { three: true }], empty: {} };
      const created = await named.create({ data, ttl: 3600 });
      assert.deepEqual(created.data, data);
      for (const id of [named.sid, 'holder']) {
        const fetched = await service[kind.of](id)[kind.part](created[kind.name]).fetch();
        assert.deepEqual(plain(fetched), plain(created));
      }
      const pushed = await service[kind.of]('holder')[kind.part].create(named.parameters());
      assert.equal(pushed[kind.sidName], named.sid);
      assert.deepEqual(plain(await named.at(pushed).fetch()), plain(pushed));
    });

    test('are replaced, each time with the next revision', async () => {
      const item = await collection.create({ data: { n: 0, gone: true }, ttl: 3600 });
      for (let n = 1; n <= 18; n++) {
        const { headers, body } = await collection.at(item).updateWithHttpInfo({ data: { n } });
        assert.deepEqual([body.revision, body.data], [n.toString(16), { n }]);
        assert.equal(headers.etag, `"${n.toString(16)}"`);
        assert.deepEqual(body.dateCreated, item.dateCreated);
        assert.deepEqual(body.dateExpires, item.dateExpires);
      }
      const { statusCode, headers, body } = await collection.at(item).fetchWithHttpInfo();
      assert.deepEqual([statusCode, headers.etag], [200, '"12"']);
      assert.deepEqual([body.revision, body.data], ['12', { n: 18 }]);
    });

    test('are replaced and removed only at the revision that ifMatch names', async () => {
      const item = await collection.create({ data: { n: 0 } });
      const at = collection.at(item);
      await at.update({ data: { n: 1 }, ifMatch: '0' });
      for (const ifMatch of ['0', '"0"', '2', 'ff']) {
        await refused(at.update({ data: { n: 2 }, ifMatch }), 412, kind.mismatch);
        await refused(at.update({ ttl: 60, ifMatch }), 412, kind.mismatch);
        await refused(at.remove({ ifMatch }), 412, kind.mismatch);
      }
      for (const ifMatch of ['no revision', '"0', '-1']) {
        await refused(at.update({ data: { n: 2 }, ifMatch }), 400, 54003);
        await refused(at.remove({ ifMatch }), 400, 54003);
      }
      const kept = await at.fetch();
      assert.deepEqual([kept.revision, kept.data, kept.dateExpires], ['1', { n: 1 }, null]);
      assert.equal((await at.update({ data: { n: 2 }, ifMatch: '"1"' })).revision, '2');
      assert.equal((await at.update({ data: { n: 3 }, ifMatch: '*' })).revision, '3');
      assert.equal(await at.remove({ ifMatch: '3' }), true);
      await refused(at.fetch(), 404, kind.missing);
    });

    test('let one of those through who replace the same revision', async () => {
      const at = collection.at(await collection.create({ data: { winner: null } }));
      const replace = (winner) => at.update({ data: { winner }, ifMatch: '0' });
      const settled = await Promise.allSettled([0, 1, 2, 3, 4, 5, 6, 7].map(replace));
      const winners = settled.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []));
      assert.equal(winners.length, 1);
      for (const { reason } of settled.filter(({ status }) => status === 'rejected'))
        assert.deepEqual([reason.status, reason.code], [412, kind.mismatch]);
      const { revision, data } = await at.fetch();
      assert.deepEqual([revision, data], ['1', { winner: winners[0] }]);
    });

    test('count right when each counts on what it has read', async () => {
      const at = collection.at(await collection.create({ data: { n: 0 } }));
      const increment = async () => {
        const { revision, data } = await at.fetch();
        try {
          await at.update({ data: { n: data.n + 1 }, ifMatch: revision });
        } catch (error) {
          assert.equal(error.code, kind.mismatch);
          await increment();
        }
      };
      await Promise.all(Array.from({ length: 6 }, increment));
      const { revision, data } = await at.fetch();
      assert.deepEqual([revision, data], ['6', { n: 6 }]);
    });

    test('without ifMatch are replaced by whoever comes last', async () => {
      const at = collection.at(await collection.create());
      const { revision } = await at.fetch();
      await at.update({ data: { by: 'another' } });
      await refused(at.update({ data: {}, ifMatch: revision }), 412, kind.mismatch);
      await at.update({ data: { by: 'the last' } });
      assert.deepEqual((await at.fetch()).data, { by: 'the last' });
    });

    test('end at the time that itemTtl, or else ttl, says', async () => {
      const create = async (params) => lifetime(await collection.create(params));
      assert.equal(await create({ ttl: 3600 }), 3600);
      assert.equal(await create({ itemTtl: YEAR }), YEAR);
      assert.equal(await create({ itemTtl: 60, ttl: 3600 }), 60);
      assert.equal(await create({ itemTtl: 0, ttl: 3600 }), null);
      assert.equal(await create({ itemTtl: '', ttl: 3600 }), 3600);
      const at = collection.at(await collection.create({ data: { a: 1 } }));
      const update = async (params) => lifetime(await at.update(params));
      assert.equal(await update({ ttl: 3600 }), 3600);
      assert.equal(await update({ itemTtl: 120 }), 120);
      assert.equal(await update({ itemTtl: 60, ttl: 3600 }), 60);
      const { revision, data } = await at.fetch();
      assert.deepEqual([revision, data], ['0', { a: 1 }], 'time alone makes no revision');
      assert.equal(await update({ data: { a: 2 }, ttl: 0 }), null);
    });

    test('say with collectionTtl how long what holds them lives', async () => {
      const short = await collectionOf(kind);
      const item = await short.create({ collectionTtl: 3600 });
      assert.equal(item.dateExpires, null);
      assert.equal(lifetime(await short.fetch()), 3600);
      await short.at(item).update({ data: {}, collectionTtl: YEAR });
      assert.equal(lifetime(await short.fetch()), YEAR);
      const both = await short.at(item).update({ ttl: 60, collectionTtl: 120 });
      assert.deepEqual([lifetime(both), lifetime(await short.fetch())], [60, 120]);
      await refused(short.at(item).update({ collectionTtl: 0 }), 400, 54010);
      await short.at(item).update({ data: {} });
      assert.notEqual((await short.fetch()).dateExpires, null);
      await short.at(item).update({ itemTtl: 0, collectionTtl: 0 });
      assert.equal((await short.fetch()).dateExpires, null);
    });

    test('are gone when their time is over; their names are not missed', async () => {
      const begun = Date.now();
      const held = await collectionOf(kind);
      const item = await held.create({ ttl: 1 });
      await helper.expires(() => held.at(item).fetch(), { begun, ttl: 1, code: kind.missing });
      await refused(held.at(item).update({ data: {} }), 404, kind.missing);
      await refused(held.at(item).remove(), 404, kind.missing);
      assert.deepEqual(await held.items.list(), []);
      const next = await held.create(kind === MAPS ? { key: item.key } : {});
      assert.equal(next[kind.name], kind === MAPS ? item.key : 1);
      assert.equal(next.revision, '0');
      const moved = await eventually(async () => (await held.fetch()).revision === '3');
      assert.ok(moved, 'an end is a change of what held it');
    });

    test('are gone with what holds them', async () => {
      const begun = Date.now();
      const [expiring, removed] = [await collectionOf(kind), await collectionOf(kind)];
      const kept = await expiring.create({ collectionTtl: 1 });
      const other = await removed.create();
      await removed.remove();
      const fetch = () => expiring.at(kept).fetch();
      await helper.expires(fetch, { begun, ttl: 1, code: kind.gone });
      for (const [held, item] of [
        [expiring, kept],
        [removed, other],
      ]) {
        await refused(held.at(item).fetch(), 404, kind.gone);
        await refused(held.at(item).update({ data: {} }), 404, kind.gone);
        await refused(held.at(item).remove(), 404, kind.gone);
        await refused(held.items.list(), 404, kind.gone);
        await refused(held.create(), 404, kind.gone);
      }
    });

    test('are not in what has the name of what held them', async () => {
      const first = await collectionOf(kind, { uniqueName: 'again' });
      const item = await first.create({ data: { old: true } });
      await first.remove();
      await refused(service[kind.of]('again')[kind.part].list(), 404, 54300);
      const second = await collectionOf(kind, { uniqueName: 'again' });
      await refused(second.at(item).fetch(), 404, kind.missing);
      assert.deepEqual(await service[kind.of]('again')[kind.part].list(), []);
      assert.equal((await second.fetch()).revision, '0');
    });

    test('move, with each change, the revision of what holds them', async () => {
      const held = await collectionOf(kind);
      const item = await held.create();
      const at = held.at(item);
      const revision = async () => (await held.fetch()).revision;
      assert.equal(await revision(), '1');
      await at.update({ data: { n: 1 } });
      assert.equal(await revision(), '2');
      await at.update({ ttl: 3600 });
      assert.equal(await revision(), '3');
      await refused(at.update({ data: {}, ifMatch: 'ff' }), 412, kind.mismatch);
      await at.fetch();
      await held.items.list();
      assert.equal(await revision(), '3', 'what changes nothing moves nothing');
      await at.remove();
      assert.equal(await revision(), '4');
    });

    test('move, with each change, the time when what holds them was updated', async () => {
      const held = await collectionOf(kind);
      const { dateCreated } = await held.fetch();
      const later = await eventually(async () => {
        const item = await held.create();
        return item.dateCreated > dateCreated && item;
      });
      assert.deepEqual((await held.fetch()).dateUpdated, later.dateUpdated);
      assert.deepEqual((await held.fetch()).dateCreated, dateCreated);
    });

    test('that are removed are gone', async () => {
      const item = await collection.create();
      const { statusCode } = await collection.at(item).removeWithHttpInfo();
      assert.equal(statusCode, 204);
      await refused(collection.at(item).fetch(), 404, kind.missing);
      await refused(collection.at(item).update({ data: {} }), 404, kind.missing);
      await refused(collection.at(item).remove(), 404, kind.missing);
    });

    test('refuse bad values', async () => {
      const item = await collection.create();
      const at = collection.at(item);
      const both = async (params, status, code) => {
        await refused(collection.create(params), status, code);
        await refused(at.update(params), status, code);
      };
      for (const data of ['{"a":', '{"a":1}}', '{"a"}']) await both({ data }, 400, 54008);
      for (const data of [[1, 2], '"text"', '17', 'true', 'null'])
        await both({ data }, 400, kind.badData);
      await both({ data: { big: 'x'.repeat(16_384) } }, 413, 54006);
      for (const ttl of [-1, YEAR + 1, 1.5, 'never'])
        for (const name of ['ttl', 'itemTtl', 'collectionTtl'])
          await both({ data: {}, [name]: ttl }, 400, 54011);
      await refused(at.update({}), 400, 54010);
      await refused(at.update({ ttl: '', itemTtl: '' }), 400, 54010);
      const kept = await at.fetch();
      assert.deepEqual([kept.revision, kept.dateExpires], ['0', null], 'nothing has changed');
    });

    test('are missed where they are not, and so is what should hold them', async () => {
      const itemsOf = (id) => service[kind.of](id)[kind.part];
      const nobody = collection.sid.slice(0, 2) + NOBODY;
      for (const [id, code] of [
        [nobody, kind.gone],
        ['nobody', 54300],
      ]) {
        await refused(itemsOf(id).create(collection.parameters()), 404, code);
        await refused(itemsOf(id).list(), 404, code);
      }
      for (const [id, code] of [
        [collection.sid, kind.missing],
        [nobody, kind.gone],
        ['nobody', 54300],
      ]) {
        const at = itemsOf(id)(kind.absent);
        await refused(at.fetch(), 404, code);
        await refused(at.update({ data: {} }), 404, code);
        await refused(at.update({ ttl: 60 }), 404, code);
        await refused(at.remove(), 404, code);
      }
      const nowhere = helper.services(`IS${NOBODY}`)[kind.of](collection.sid)[kind.part];
      await refused(nowhere.list(), 404, 54050);
      await refused(nowhere(kind.absent).fetch(), 404, 54050);
      await assert.rejects(itemsOf(collection.sid)(kind.absent).fetch(), {
        message: 'Item not found',
      });
    });

    test('are for everyone whom REST lets in, whatever the permissions', async () => {
      const guarded = await helper.newService({ aclEnabled: true });
      const { sid } = await guarded[kind.of].create();
      const items = guarded[kind.of](sid)[kind.part];
      const item = await items.create(collection.parameters());
      const at = items(encodeURIComponent(item[kind.name]));
      await at.update({ data: { changed: true } });
      assert.deepEqual((await at.fetch()).data, { changed: true });
      assert.equal(await at.remove(), true);
    });
  });

for (const kind of [LISTS, MAPS])
  describe(`more ${kind.part} than fit on a page`, () => {
    const COUNT = 13;
    const REMOVED = 7;
    const nameAt = (n) => (kind === LISTS ? n : `k${String(n).padStart(2, '0')}`);
    const upTo = (count) => [...Array(count).keys()].filter((n) => n !== REMOVED);
    const names = (items) => items.map((item) => item[kind.name]);
    let items;
    before(async () => {
      const collection = await collectionOf(kind);
      ({ items } = collection);
      for (let n = 0; n < COUNT; n++)
        await collection.create(kind === MAPS ? { key: nameAt(n) } : {});
      await items(nameAt(REMOVED)).remove();
    });

    const all = upTo(COUNT);
    const from = (n) => all.filter((each) => each >= n);
    const back = (n) => upTo(n + 1).reverse();
    for (const [what, params, expected] of [
      ['in order', {}, all],
      ['in ascending order', { order: 'asc' }, all],
      ['in descending order', { order: 'desc' }, [...all].reverse()],
      ['from one on', { from: 4 }, from(4)],
      ['from one on, with it', { from: 4, bounds: 'inclusive' }, from(4)],
      ['from one on, without it', { from: 4, bounds: 'exclusive' }, from(5)],
      ['from one back', { from: 4, order: 'desc' }, back(4)],
      ['from one back, without it', { from: 4, order: 'desc', bounds: 'exclusive' }, back(3)],
      ['from one that is removed', { from: REMOVED }, from(REMOVED)],
      ['from one that is removed back', { from: REMOVED, order: 'desc' }, back(REMOVED)],
      ['from beyond the end', { from: COUNT }, []],
      ['from beyond the end back', { from: COUNT, order: 'desc' }, [...all].reverse()],
    ])
      test(`are listed ${what}`, async () => {
        const asked = 'from' in params ? { ...params, from: nameAt(params.from) } : params;
        for (const pageSize of [1, 5, undefined])
          assert.deepEqual(names(await items.list({ ...asked, pageSize })), expected.map(nameAt));
        const few = await items.list({ ...asked, limit: 3 });
        assert.deepEqual(names(few), expected.slice(0, 3).map(nameAt));
      });

    test('come one by one', async () => {
      const seen = [];
      await items.each({ pageSize: 4 }, (item) => seen.push(item));
      assert.deepEqual(names(seen), all.map(nameAt));
    });

    test('are walked forwards and backwards, in the order that was asked for', async () => {
      const asked = { order: 'desc', from: nameAt(9), bounds: 'exclusive', pageSize: 4 };
      const first = await items.page(asked);
      assert.equal(first.previousPageUrl, undefined);
      const second = await items.getPage(first.nextPageUrl);
      assert.deepEqual(names(first.instances), [8, 6, 5, 4].map(nameAt));
      assert.deepEqual(names(second.instances), [3, 2, 1, 0].map(nameAt));
      assert.equal(second.nextPage(), undefined);
      assert.deepEqual(names((await second.previousPage()).instances), names(first.instances));
    });

    test('lead back to where the list was told to begin, and no further', async () => {
      for (const params of [
        { from: nameAt(4) },
        { from: nameAt(4), bounds: 'exclusive' },
        { from: nameAt(REMOVED) },
        { from: nameAt(REMOVED), order: 'desc' },
      ]) {
        const first = await items.page({ ...params, pageSize: 2 });
        const back = await (await first.nextPage()).previousPage();
        assert.deepEqual(names(back.instances), names(first.instances));
        assert.equal(back.previousPageUrl, undefined, JSON.stringify(params));
      }
    });

    test('refuse to be listed in ways there are not', async () => {
      for (const order of ['up', 'ASC']) await refused(items.page({ order }), 400, 54451);
      for (const bounds of ['both', 'Inclusive']) await refused(items.page({ bounds }), 400, 54452);
      await refused(items.page({ pageToken: 'PTforged' }), 400, 54453);
      for (const pageSize of [0, 1001, 'many']) await refused(items.page({ pageSize }), 400, 54454);
    });
  });

test('the description holds in each operation on an item', () => helper.assertCovered('Items'));
