'use strict';
// Versions 3 and 0.12 of the official client SDK do their basic work.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const old = require('twilio-sync-0');
const { Client: Client3 } = require('twilio-sync-3');
const { eventually } = require('./support/eventually.js');
const { Office } = require('./support/sdk.js');
const { Server } = require('./support/server.js');

const VERSIONS = [
  ['3.3.10', Client3, (object) => object.data],
  ['0.12.4', old.Client ?? old.SyncClient ?? old, (object) => object.value],
];

let server, office;

before(async () => {
  server = await Server.start();
  office = await Office.open(server);
});

after(async () => {
  await office.close();
  await server.destroy();
});

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
}
