'use strict';
// Lists: complete, each object once, however they are walked and whatever happens meanwhile.

const assert = require('node:assert/strict');
const { describe, test, before, after } = require('node:test');
const { Server } = require('./support/server.js');
const { assertPage, assertProblem } = require('./support/shapes.js');

let server;
before(async () => (server = await Server.start()));
after(() => server.destroy());

const sids = (page) => page.documents.map(({ sid }) => sid);

// A service of its own with `count` documents.
async function collectionOf(count) {
  const service = (await server.post('/v1/Services', {})).json;
  const path = `/v1/Services/${service.sid}/Documents`;
  const created = [];
  for (let n = 0; n < count; n++) created.push(await create(path));
  return { path, created };
}

async function create(path) {
  const { status, json } = await server.post(path, { Data: '{}' });
  assert.equal(status, 201);
  return json.sid;
}

async function page(target) {
  const { status, json, text } = await server.get(target);
  assert.equal(status, 200, text);
  assertPage(json, 'documents');
  return json;
}

// All pages from `target` on, in the direction of `link`.
async function walk(target, link = 'next_page_url') {
  const pages = [];
  for (let url = target; url; url = pages.at(-1).meta[link]) pages.push(await page(url));
  return pages;
}

describe('a list', () => {
  test('that is empty says so', async () => {
    const { path } = await collectionOf(0);
    const { documents, meta } = await page(path);
    assert.deepEqual(documents, []);
    const url = `${server.base}${path}?PageSize=50&Page=0`;
    assert.deepEqual(meta, {
      page: 0,
      page_size: 50,
      first_page_url: url,
      previous_page_url: null,
      url,
      next_page_url: null,
      key: 'documents',
    });
  });

  test('is the same forwards and backwards', async () => {
    const { path, created } = await collectionOf(25);
    const forwards = await walk(`${path}?PageSize=10`);
    assert.deepEqual(
      forwards.map(({ documents }) => documents.length),
      [10, 10, 5],
    );
    assert.deepEqual(forwards.flatMap(sids).sort(), [...created].sort());
    assert.deepEqual(
      forwards.map(({ meta }) => meta.page),
      [0, 1, 2],
    );
    const backwards = await walk(forwards[2].meta.url, 'previous_page_url');
    assert.deepEqual(backwards.reverse().map(sids), forwards.map(sids));
    const { meta } = forwards[1];
    assert.deepEqual(sids(await page(meta.url)), sids(forwards[1]));
    assert.deepEqual(sids(await page(meta.first_page_url)), sids(forwards[0]));
    assert.deepEqual(sids(await page(meta.previous_page_url)), sids(forwards[0]));
  });

  test('that ends with a full page has no page after it', async () => {
    const { path } = await collectionOf(6);
    const pages = await walk(`${path}?PageSize=3`);
    assert.deepEqual(
      pages.map(({ documents }) => documents.length),
      [3, 3],
    );
    assert.equal((await walk(`${path}?PageSize=6`)).length, 1);
    assert.equal((await walk(`${path}?PageSize=1`)).length, 6);
  });

  test('skips nothing and repeats nothing while documents come and go', async () => {
    const { path, created } = await collectionOf(30);
    const seen = [];
    const removed = [];
    let url = `${path}?PageSize=4`;
    for (let round = 0; url; round++) {
      const { documents, meta } = await page(url);
      seen.push(...documents.map(({ sid }) => sid));
      url = meta.next_page_url;
      for (const victim of [documents.at(-1).sid, created[(round * 7 + 3) % 30]]) {
        if (removed.includes(victim)) continue;
        assert.equal((await server.delete(`${path}/${victim}`)).status, 204);
        removed.push(victim);
      }
      if (round < 5) await create(path);
    }
    assert.equal(new Set(seen).size, seen.length, 'no document twice');
    const survivors = created.filter((sid) => !removed.includes(sid));
    for (const sid of survivors) assert.ok(seen.includes(sid), 'no document left out');
  });

  test('is walked backwards while documents come and go', async () => {
    const { path, created } = await collectionOf(20);
    const last = (await walk(`${path}?PageSize=5`)).at(-1);
    const seen = [];
    const removed = [];
    for (let url = last.meta.url; url;) {
      const { documents, meta } = await page(url);
      seen.push(...documents.map(({ sid }) => sid));
      url = meta.previous_page_url;
      await server.delete(`${path}/${documents[0].sid}`);
      removed.push(documents[0].sid);
    }
    assert.equal(new Set(seen).size, seen.length);
    for (const sid of created) assert.ok(seen.includes(sid) || removed.includes(sid));
  });

  test('shows a write at once', async () => {
    const { path, created } = await collectionOf(3);
    for (let n = 1; n <= 5; n++) {
      await server.post(`${path}/${created[1]}`, { Data: `{"n":${n}}` });
      const { documents } = await page(path);
      const found = documents.find(({ sid }) => sid === created[1]);
      assert.deepEqual([found.revision, found.data], [String(n), { n }]);
    }
    await server.delete(`${path}/${created[0]}`);
    assert.deepEqual(sids(await page(path)).sort(), created.slice(1).sort());
  });

  test('is the same after a restart', async () => {
    const { path } = await collectionOf(12);
    const earlier = (await walk(`${path}?PageSize=5`)).map(sids);
    await server.restart();
    assert.deepEqual((await walk(`${path}?PageSize=5`)).map(sids), earlier);
  });
});

describe('PageSize', () => {
  test('is 1 to 1000, and more than 100 means 100', async () => {
    const { path } = await collectionOf(0);
    for (const size of ['0', '-1', '1001', 'x', '1.5', '99999999999999999999'])
      assertProblem(await server.get(`${path}?PageSize=${size}`), 400, 54454);
    for (const size of ['1', '50', '100', '1000'])
      assert.equal((await server.get(`${path}?PageSize=${size}`)).status, 200);
  });
});

describe('PageToken', () => {
  let token;
  let path;
  const ask = (text) => server.get(`${path}?PageSize=5&Page=1&PageToken=${text}`);

  before(async () => {
    ({ path } = await collectionOf(12));
    const { meta } = await page(`${path}?PageSize=5`);
    token = new URL(meta.next_page_url).searchParams.get('PageToken');
  });

  test('leads to the page it was given for', async () => {
    assert.equal((await ask(encodeURIComponent(token))).status, 200);
  });

  test('that was tampered with is refused', async () => {
    const other = (letter) => (letter === 'A' ? 'B' : 'A');
    const forged = [...token.slice(0, -1)].map(
      (letter, i) => token.slice(0, i) + other(letter) + token.slice(i + 1),
    );
    forged.push('x', 'PT', token.slice(0, -4), `${token}AAAA`, token + token, '%00', 'ä');
    for (const text of forged) assertProblem(await ask(encodeURIComponent(text)), 400, 54453);
  });

  test('says nothing that a reader could use', () => {
    assert.match(token, /^[A-Za-z0-9_.~=+/-]+$/);
    assert.ok(token.length < 300);
  });
});
