'use strict';
// Versions 3 and 0.12 of the official client SDK do their basic work.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const old = require('twilio-sync-0');
const { Client: Client3 } = require('twilio-sync-3');
const { eventually } = require('./support/eventually.js');
const {
  ITEM_EVENTS,
  Office,
  heard,
  opened,
  record,
  refused,
  subscribed,
} = require('./support/sdk.js');

const VERSIONS = [
  ['3.3.10', Client3, (object) => object.data],
  ['0.12.4', old.Client ?? old.SyncClient ?? old, (object) => object.value],
];

let server, office;

before(async () => {
  office = await Office.withServer();
  server = office.server;
});

after(() => office.leave());

for (const [version, Client, dataOf] of VERSIONS) {
  test(`twilio-sync ${version}: two clients share a document, a list, a map and a stream`, async () => {
    const [one, two] = ['one', 'two'].map((identity) => office.client(identity, { Client }));
    const open = (kind) => Promise.all([one, two].map((client) => client[kind](`${kind}-${version}`)));
    const [document, sameDocument] = await open('document');
    const [list, sameList] = await open('list');
    const [map, sameMap] = await open('map');
    const [stream, sameStream] = await open('stream');
    const messages = [];
    sameStream.on('messagePublished', (event) => messages.push(event));
    await document.set({ n: 1 });
    await document.mutate((data) => ({ n: data.n + 1 }));
    assert.ok(await eventually(() => dataOf(sameDocument).n === 2));
    for (let n = 0; n < 25; n++) await list.push({ n });
    let page = await sameList.getItems({ pageSize: 10 });
    const seen = page.items.map(dataOf);
    while (page.hasNextPage) seen.push(...(page = await page.nextPage()).items.map(dataOf));
    assert.deepEqual(seen.map(({ n }) => n), Array.from({ length: 25 }, (_, n) => n));
    await list.remove(3);
    await map.set('..', { n: 1 });
    await map.mutate('..', (data) => ({ n: data.n + 1 }));
    assert.equal(dataOf(await sameMap.get('..')).n, 2);
    await map.remove('..');
    const published = await eventually(async () => {
      await stream.publishMessage({ hello: true });
      return messages.length > 0;
    });
    assert.ok(published);
    await document.removeDocument();
  });

  const clients = () => ['one', 'two'].map((identity) => office.client(identity, { Client }));
  const named = (name) => `${name}-${version}`;

  test(`twilio-sync ${version}: both hear of each change of a document once`, async () => {
    const documents = await opened(clients(), 'document', named('told'));
    const look = (_, event) => [dataOf(event).n, event.isLocal];
    const seen = documents.map((document) => record(document, ['updated'], look));
    for (let n = 0; n < 6; n++) {
      await documents[n % 2].set({ n });
      for (const events of seen) await heard(events, n + 1);
    }
    for (const [at, events] of seen.entries())
      assert.deepEqual(
        events,
        [0, 1, 2, 3, 4, 5].map((n) => [n, n % 2 === at]),
      );
    const removed = documents.map((document) => record(document, ['removed'], (_, e) => e.isLocal));
    await documents[0].removeDocument();
    for (const [at, events] of removed.entries())
      assert.deepEqual(await heard(events, 1), [at === 0]);
  });

  
  for (const [kind, add, at] of [
    ['list', (list, n) => list.push({ n }), (n) => n],
    ['map', (map, n) => map.set(`k/${n}`, { n }), (n) => `k/${n}`],
  ])
    test(`twilio-sync ${version}: both hear of each change in a ${kind} once`, async () => {
      const [mine, theirs] = await opened(clients(), kind, named('told'));
      const look = (name, { item, key, index, isLocal }) => [
        ...[name, item?.key ?? item?.index ?? key ?? index, item && dataOf(item).n, isLocal],
      ];
      const seen = [mine, theirs].map((object) => record(object, ITEM_EVENTS, look));
      await add(mine, 0);
      await add(mine, 1);
      await mine.set(at(0), { n: 2 });
      await mine.mutate(at(0), (data) => ({ n: data.n + 1 }));
      await mine.setItemTtl(at(0), 1000);
      await mine.remove(at(1));
      await mine.update(at(0), { n: 4 });
      await eventually(() => seen[1].at(-1)?.[2] === 4);
      const steps = [
        ['itemAdded', at(0), 0],
        ['itemAdded', at(1), 1],
        ['itemUpdated', at(0), 2],
        ['itemUpdated', at(0), 3],
        ['itemRemoved', at(1), undefined],
        ['itemUpdated', at(0), 4],
      ];
      assert.deepEqual(
        seen[0],
        steps.map((step) => [...step, true]),
      );
      // The new time to live comes as a change of nothing.
      const others = [...steps.slice(0, 4), steps[3], ...steps.slice(4)];
      assert.deepEqual(
        seen[1],
        others.map((step) => [...step, false]),
      );
    });

  test(`twilio-sync ${version}: pages lead forth and back`, async () => {
    const [mine, theirs] = clients();
    const list = await mine.list(named('pages'));
    for (let n = 0; n < 25; n++) await list.push({ n });
    for (const order of ['asc', 'desc']) {
      const numbers = ({ items }) => items.map((item) => dataOf(item).n);
      const up = Array.from({ length: 25 }, (_, n) => n);
      const all = order === 'asc' ? up : up.reverse();
      const other = await theirs.list(named('pages'));
      const first = await other.getItems({ pageSize: 10, order });
      const second = await first.nextPage();
      const third = await second.nextPage();
      assert.deepEqual([first, second, third].flatMap(numbers), all);
      assert.deepEqual([first.hasPrevPage, third.hasNextPage], [false, false]);
      assert.deepEqual(numbers(await third.prevPage()), all.slice(10, 20));
      other.close();
    }
  });

  test(`twilio-sync ${version}: keys, messages, queries and refusals`, async () => {
    const [one, two] = clients();
    const map = await one.map(named('keys'));
    const keys = ['..', '.', '/', '%', '%2F', 'a b', '?a=b', '#', '"', '😀', '\ue000'];
    keys.push('x'.repeat(320));
    for (const key of keys) await map.set(key, { key });
    const same = await two.map(named('keys'));
    for (const key of keys) assert.deepEqual(dataOf(await same.get(key)), { key });
    await assert.rejects(map.set('x'.repeat(321), {}), refused(400, 54209));
    await assert.rejects(same.get('never'), refused(404, 54201));
    const again = { id: named('keys'), mode: 'create_new' };
    await assert.rejects(two.map(again), refused(409, 54301));

    const query = await two.liveQuery(named('keys'), 'key == "a b"');
    await subscribed(query);
    assert.deepEqual(query.getItems(), { 'a b': { key: 'a b' } });
    const events = record(query, ['itemUpdated', 'itemRemoved'], (name, { key }) => [name, key]);
    await map.set('a b', { key: 'other' });
    await map.remove('a b');
    assert.deepEqual(await heard(events, 2), [
      ['itemUpdated', 'a b'],
      ['itemRemoved', 'a b'],
    ]);

    const streams = await opened([one, two], 'stream', named('messages'));
    const look = (_, { message, isLocal }) => [dataOf(message).n, isLocal];
    const seen = streams.map((stream) => record(stream, ['messagePublished'], look));
    for (let n = 0; n < 4; n++) {
      await streams[n % 2].publishMessage({ n });
      for (const messages of seen) await heard(messages, n + 1);
    }
    for (const [at, messages] of seen.entries())
      assert.deepEqual(
        messages,
        [0, 1, 2, 3].map((n) => [n, n % 2 === at]),
      );
  });
}
