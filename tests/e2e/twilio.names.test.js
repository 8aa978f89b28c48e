'use strict';
// The official helper package against Tutti: what items are called, the indexes of a list and the
// keys of a map.

const assert = require('node:assert/strict');
const { describe, test, before, after } = require('node:test');
const { Helper } = require('./support/helper.js');
const { Collection, LISTS, MAPS } = require('./support/collection.js');

let helper;
let service;
before(async () => {
  helper = await Helper.start();
  service = await helper.newService();
});
after(() => helper.destroy());

const refused = (...args) => helper.refused(...args);
const collectionOf = (kind) => Collection.of(service, kind);

describe('the indexes of a list', () => {
  test('count from 0, and are not given again', async () => {
    const list = await collectionOf(LISTS);
    for (let n = 0; n < 12; n++) assert.equal((await list.create()).index, n);
    for (const index of [0, 5, 11]) await list.items(index).remove();
    assert.equal((await list.create()).index, 12);
    const indexes = (await list.items.list()).map(({ index }) => index);
    assert.deepEqual(indexes, [1, 2, 3, 4, 6, 7, 8, 9, 10, 12]);
  });

  test('are given once each to those who push at a time', async () => {
    const list = await collectionOf(LISTS);
    const pushed = await Promise.all(
      Array.from({ length: 24 }, (_, n) => list.create({ data: { n } })),
    );
    const indexes = pushed.map(({ index }) => index).sort((a, b) => a - b);
    assert.deepEqual(indexes, [...Array(24).keys()]);
    for (const { index, data } of pushed)
      assert.deepEqual((await list.items(index).fetch()).data, data);
  });

  test('are whole numbers', async () => {
    const { items } = await collectionOf(LISTS);
    for (const index of ['one', '-1', '1.5', '0x1', '%20']) {
      await refused(items(index).fetch(), 400, 54458);
      await refused(items(index).update({ data: {} }), 400, 54458);
      await refused(items(index).remove(), 400, 54458);
      await refused(items.page({ from: decodeURIComponent(index) }), 400, 54458);
    }
  });
});

describe('the keys of a map', () => {
  test('are text of many kinds, in the order of their code units', async () => {
    const map = await collectionOf(MAPS);
    const keys = ['b', 'a', 'B', 'a b', 'a+b&c=d', '100%', 'ä', '🎈', '\uffff', '10', '9', '0'];
    keys.push("it's(!)*", '#', ';', '~', 'x'.repeat(320), '🎈'.repeat(160), map.sid);
    for (const key of keys) {
      const created = await map.create({ key, data: { key } });
      assert.equal(created.key, key);
      assert.deepEqual((await map.items(encodeURIComponent(key)).fetch()).data, { key });
    }
    const listed = (await map.items.list({ pageSize: 4 })).map(({ key }) => key);
    assert.deepEqual(listed, [...keys].sort());
  });

  test('lead by their URLs to items that the package cannot name', async () => {
    const map = await collectionOf(MAPS);
    for (const key of ['.', '..', 'a/b', 'a?b', '/', '.;', '\u0000']) {
      const { url } = await map.create({ key, data: { key } });
      const { statusCode, body } = await helper.client.request({ method: 'get', uri: url });
      assert.deepEqual([statusCode, body.key, body.data], [200, key, { key }]);
    }
  });

  test('are taken once', async () => {
    const map = await collectionOf(MAPS);
    await map.create({ key: 'taken', data: { first: true } });
    await refused(map.create({ key: 'taken' }), 409, 54208);
    assert.deepEqual((await map.items('taken').fetch()).data, { first: true });
    await map.items('taken').remove();
    assert.equal((await map.create({ key: 'taken' })).revision, '0');
    const racers = Array.from({ length: 8 }, () => map.create({ key: 'raced' }));
    const refusals = (await Promise.allSettled(racers)).filter(({ reason }) => reason);
    assert.deepEqual(
      refusals.map(({ reason }) => [reason.status, reason.code]),
      Array(7).fill([409, 54208]),
    );
  });

  test('have 1 to 320 characters', async () => {
    const map = await collectionOf(MAPS);
    for (const key of ['', 'x'.repeat(321), 'ä'.repeat(321)])
      await refused(map.create({ key }), 400, 54209);
    const long = 'ä'.repeat(321);
    await refused(map.items(encodeURIComponent(long)).fetch(), 400, 54209);
    await refused(map.items.page({ from: long }), 400, 54209);
    assert.equal((await map.fetch()).revision, '0');
  });
});
