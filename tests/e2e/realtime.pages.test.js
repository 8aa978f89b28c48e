'use strict';
// The SDK's paginators: items of lists and maps, page by page, in both directions.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { Office } = require('./support/sdk.js');

const COUNT = 23;
const PAGES_MAX = 100; // a paginator without end is a failure, not a test without end

let server, office;

before(async () => {
  office = await Office.withServer();
  server = office.server;
});

after(() => office.leave());

const KINDS = {
  // Without an item 0, at the edge of a page the SDK takes that index for none at all.
  list: {
    at: (n) => n + 1,
    begin: async (list) => list.remove((await list.push({})).index),
    add: (list, n) => list.push({ n }),
    field: 'index',
  },
  map: {
    at: (n) => `k${String(n).padStart(3, '0')}`,
    begin: () => {},
    add: (map, n) => map.set(KINDS.map.at(n), { n }),
    field: 'key',
  },
};

// From a page to the last, and to the first, in either case in the pages' own order.
async function forth(page, field) {
  const pages = [page];
  while (page.hasNextPage) {
    pages.push((page = await page.nextPage()));
    assert.ok(pages.length <= PAGES_MAX);
  }
  return { last: page, pages: pages.map(({ items }) => items.map((item) => item[field])) };
}

async function back(page, field) {
  const pages = [page];
  while (page.hasPrevPage) {
    pages.unshift((page = await page.prevPage()));
    assert.ok(pages.length <= PAGES_MAX);
  }
  return { first: page, pages: pages.map(({ items }) => items.map((item) => item[field])) };
}

function inPages(all, size) {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
    all.slice(i * size, (i + 1) * size),
  );
}

for (const [kind, { at, begin, add, field }] of Object.entries(KINDS)) {
  describe(`a ${kind}`, () => {
    const all = Array.from({ length: COUNT }, (_, n) => at(n));
    let object;

    async function make(name, count) {
      const writer = await office.client('writer')[kind](name);
      await begin(writer);
      for (let n = 0; n < count; n++) await add(writer, n);
      return writer;
    }

    before(() => make('pages', COUNT));

    // Whoever opens it afresh has nothing of it in a cache.
    const open = async () => (object = await office.client('reader')[kind]('pages'));

    for (const order of ['asc', 'desc'])
      for (const pageSize of [1, 5, COUNT - 1, COUNT, 100])
        test(`forth and back again, ${order}, ${pageSize} a page`, async () => {
          await open();
          const wanted = inPages(order === 'asc' ? all : [...all].reverse(), pageSize);
          const { last, pages } = await forth(await object.getItems({ order, pageSize }), field);
          assert.deepEqual(pages, wanted);
          const { first, pages: again } = await back(last, field);
          assert.deepEqual(again, wanted);
          assert.equal((await forth(first, field)).pages.length, wanted.length);
        });

    test('all comes in one page by default, each with its data', async () => {
      await open();
      const page = await object.getItems();
      assert.deepEqual(page.items.map((item) => item.data.n), all.map((_, n) => n));
      assert.deepEqual([page.hasNextPage, page.hasPrevPage], [false, false]);
    });

    test('from an item on, in either direction', async () => {
      await open();
      const up = await object.getItems({ from: at(10), pageSize: 4 });
      assert.deepEqual((await forth(up, field)).pages.flat(), all.slice(10));
      const down = await object.getItems({ from: at(10), pageSize: 4, order: 'desc' });
      assert.deepEqual((await forth(down, field)).pages.flat(), all.slice(0, 11).reverse());
      assert.deepEqual((await back(up, field)).pages.flat(), all.slice(0, 14));
    });

    test('from an item that is not there: from the next one on', async () => {
      const writer = await make('gaps', 10);
      for (const n of [0, 4, 5, 9]) await writer.remove(at(n));
      const list = await office.client('reader')[kind]('gaps');
      const found = async (options) =>
        (await list.getItems(options)).items.map((item) => item.data.n);
      assert.deepEqual(await found({ from: at(4) }), [6, 7, 8]);
      assert.deepEqual(await found({ from: at(5), order: 'desc' }), [3, 2, 1]);
      assert.deepEqual(await found({ from: at(0) }), [1, 2, 3, 6, 7, 8]);
      assert.deepEqual(await found({ from: at(9) }), []);
    });

    test('one item alone, by its place', async () => {
      await open();
      const page = await object.getItems({ [field]: at(7) });
      assert.deepEqual(page.items.map((item) => item[field]), [at(7)]);
      assert.deepEqual([page.hasNextPage, page.hasPrevPage], [false, false]);
      assert.deepEqual((await object.getItems({ [field]: at(99) })).items, []);
    });

    test('an empty one has one page', async () => {
      const empty = await office.client('reader')[kind]('empty');
      const page = await empty.getItems({ pageSize: 10 });
      assert.deepEqual([page.items, page.hasNextPage, page.hasPrevPage], [[], false, false]);
    });

    test('what comes and goes between two pages neither repeats nor hides the others', async () => {
      const writer = await make('moving', 20);
      const moving = await office.client('reader')[kind]('moving');
      let page = await moving.getItems({ pageSize: 10 });
      const seen = page.items.map((item) => item.data.n);
      for (const n of [0, 9, 10]) await writer.remove(at(n));
      await add(writer, 20);
      while (page.hasNextPage) {
        page = await page.nextPage();
        seen.push(...page.items.map((item) => item.data.n));
        assert.ok(seen.length <= PAGES_MAX);
      }
      assert.deepEqual(seen, Array.from({ length: 21 }, (_, n) => n).filter((n) => n !== 10));
    });

    test('more than a page may hold comes in pages of 100', async () => {
      await make('many', 130);
      const many = await office.client('reader')[kind]('many');
      const { pages } = await forth(await many.getItems({ pageSize: 1000 }), field);
      assert.deepEqual(pages.map(({ length }) => length), [100, 30]);
    });
  });
}
