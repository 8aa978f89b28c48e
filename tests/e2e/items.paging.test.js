'use strict';
// The pages of lists and maps: in order, complete, each item once, however they are walked and
// whatever happens meanwhile.

const assert = require('node:assert/strict');
const { describe, test, before, after } = require('node:test');
const { Server } = require('./support/server.js');
const { connection } = require('./support/http.js');
const { seed, randomOf, below } = require('./support/random.js');

const SERVICE = '/v1/Services/default';
const WRITERS = 16;

let server;
before(async () => (server = await Server.start()));
after(() => server.destroy());

// How lists and maps differ: what an item is called, and which comes first.
const LISTS = { plural: 'Lists', nameOf: ({ index }) => index, sortKey: (a, b) => a - b };
const MAPS = { plural: 'Maps', nameOf: ({ key }) => key, sortKey: undefined };

const namesOf = (kind, { items }) => items.map(kind.nameOf);
const sorted = (kind, names) => [...names].sort(kind.sortKey);
const comesBefore = (kind, a, b) => a !== b && sorted(kind, [a, b])[0] === a;

async function createContainer({ plural }) {
  const { status, json } = await server.post(`${SERVICE}/${plural}`, {});
  assert.equal(status, 201);
  return new URL(json.links.items).pathname;
}

async function push(path, agent) {
  const { status, json, text } = await server.post(path, { Data: '{}' }, { agent });
  assert.equal(status, 201, text);
  return json.index;
}

async function insert(path, key, agent) {
  const { status, json, text } = await server.post(path, { Key: key, Data: '{}' }, { agent });
  assert.equal(status, 201, text);
  assert.equal(json.key, key);
  return key;
}

const remove = (path, name) =>
  server.delete(`${path}/${encodeURIComponent(name).replaceAll('.', '%2E')}`);

// `act` on each of `values`, by several clients at once.
async function byMany(values, act) {
  const left = [...values];
  const work = async () => {
    const agent = connection();
    while (left.length) await act(left.shift(), agent);
    agent.destroy();
  };
  await Promise.all(Array.from({ length: WRITERS }, work));
}

async function listOf(count) {
  const path = await createContainer(LISTS);
  await byMany(Array(count).keys(), (_, agent) => push(path, agent));
  return path;
}

async function mapOf(keys) {
  const path = await createContainer(MAPS);
  await byMany(keys, (key, agent) => insert(path, key, agent));
  return path;
}

async function page(target) {
  const { status, json, text } = await server.get(target);
  assert.equal(status, 200, text);
  assert.equal(json.meta.key, 'items');
  return json;
}

const addressOf = (path, query) => `${path}?${new URLSearchParams(query)}`;

// All pages from `target` on, in the direction of `link`.
async function walk(target, link = 'next_page_url', between = async () => {}) {
  const pages = [];
  for (let url = target; url; url = pages.at(-1).meta[link]) {
    pages.push(await page(url));
    await between(pages.at(-1));
  }
  return pages;
}

async function namesFrom(kind, path, query) {
  const pages = await walk(addressOf(path, query));
  return pages.flatMap((each) => namesOf(kind, each));
}

// What a list with this query holds, by the book.
function expected(kind, names, { Order = 'asc', From, Bounds = 'inclusive' }) {
  const ordered = sorted(kind, names);
  if (Order === 'desc') ordered.reverse();
  if (From === undefined) return ordered;
  const [first, second] = Order === 'desc' ? [1, 0] : [0, 1];
  const isListed = (name) =>
    name === From
      ? Bounds === 'inclusive'
      : comesBefore(kind, [From, name][first], [From, name][second]);
  return ordered.filter(isListed);
}

const ORDERS = ['asc', 'desc'];
const BOUNDS = ['inclusive', 'exclusive'];

describe('the items of a list', () => {
  const COUNT = 270;
  let path;
  before(async () => (path = await listOf(COUNT)));

  test('are in the order of their numbers', async () => {
    const all = [...Array(COUNT).keys()];
    assert.deepEqual(await namesFrom(LISTS, path, {}), all);
    assert.deepEqual(await namesFrom(LISTS, path, { PageSize: 7 }), all);
    assert.deepEqual(await namesFrom(LISTS, path, { Order: 'desc', PageSize: 100 }), all.reverse());
  });

  for (const From of [9, 15, 99, 255])
    test(`go from ${From} to ${From + 1}, in both directions`, async () => {
      const first = async (query) => namesOf(LISTS, await page(addressOf(path, query)));
      const PageSize = 2;
      assert.deepEqual(await first({ From, PageSize }), [From, From + 1]);
      assert.deepEqual(await first({ From, PageSize, Bounds: 'exclusive' }), [From + 1, From + 2]);
      const desc = { From: From + 1, PageSize, Order: 'desc' };
      assert.deepEqual(await first(desc), [From + 1, From]);
      assert.deepEqual(await first({ ...desc, Bounds: 'exclusive' }), [From, From - 1]);
    });

  test('begin at any index, also at one that does not exist', async () => {
    const holed = await listOf(40);
    const gone = [0, 1, 9, 10, 17, 38, 39];
    for (const index of gone) await remove(holed, index);
    const names = [...Array(40).keys()].filter((index) => !gone.includes(index));
    for (const From of [0, 1, 2, 8, 9, 10, 11, 17, 37, 38, 39, 40, 1000, 2 ** 40])
      for (const Order of ORDERS)
        for (const Bounds of BOUNDS) {
          const query = { Order, From, Bounds, PageSize: 15 };
          const found = await namesFrom(LISTS, holed, query);
          assert.deepEqual(found, expected(LISTS, names, query), JSON.stringify(query));
        }
  });
});

// Any code point that is one, of every length and on both sides of the surrogates.
function randomKey(random) {
  const ranges = [
    [0x00, 0x7f],
    [0x80, 0x7ff],
    [0x800, 0xd7ff],
    [0xe000, 0xffff],
    [0x10000, 0x10ffff],
  ];
  const point = () => {
    const [low, high] = ranges[below(random, ranges.length)];
    return String.fromCodePoint(low + below(random, high - low + 1));
  };
  return Array.from({ length: 1 + below(random, 4) }, point).join('');
}

const randomKeys = (random, count) => [
  ...new Set(Array.from({ length: count }, () => randomKey(random))),
];

describe('the items of a map', () => {
  const random = randomOf(seed);
  const edges = [
    '\uD7FF',
    '\uE000',
    '\uFFFF',
    '\u{10000}',
    '\u{10FFFF}',
    '\u0000',
    '\u007F',
    '\u0080',
  ];
  const keys = [...new Set([...edges, 'a', 'aa', 'B', '9', '10', ...randomKeys(random, 300)])];
  let path;
  before(async () => (path = await mapOf(keys)));

  test('are in the order in which JavaScript compares strings', async (t) => {
    t.diagnostic(`seed ${seed}`);
    const ordered = [...keys].sort();
    assert.deepEqual(await namesFrom(MAPS, path, {}), ordered);
    assert.deepEqual(await namesFrom(MAPS, path, { PageSize: 9 }), ordered);
    assert.deepEqual(await namesFrom(MAPS, path, { Order: 'desc' }), ordered.reverse());
  });

  test('begin at any key, also at one that does not exist', async (t) => {
    t.diagnostic(`seed ${seed}`);
    for (const From of [...edges, ...randomKeys(random, 20), keys.at(-1)])
      for (const Order of ORDERS)
        for (const Bounds of BOUNDS) {
          const query = { Order, From, Bounds, PageSize: 100 };
          const found = await namesFrom(MAPS, path, query);
          assert.deepEqual(found, expected(MAPS, keys, query), JSON.stringify(query));
        }
  });
});

describe('the pages of items', () => {
  for (const [kind, make] of [
    [LISTS, () => listOf(45)],
    [MAPS, () => mapOf(Array.from({ length: 45 }, (_, i) => `key ${i + 10}`))],
  ])
    test(`of ${kind.plural.toLowerCase()} lead back the way they came, and never before From`, async () => {
      const path = await make();
      const From = kind === LISTS ? 20 : 'key 30';
      for (const query of [
        {},
        { Order: 'desc' },
        { From },
        { Order: 'desc', From, Bounds: 'exclusive' },
      ]) {
        const forwards = await walk(addressOf(path, { ...query, PageSize: 8 }));
        assert.ok(forwards.length > 2, `${forwards.length} pages`);
        const backwards = await walk(forwards.at(-1).meta.url, 'previous_page_url');
        assert.deepEqual(
          backwards.reverse().map((each) => namesOf(kind, each)),
          forwards.map((each) => namesOf(kind, each)),
        );
        assert.deepEqual(
          forwards.map(({ meta }) => meta.page),
          [...forwards.keys()],
        );
        const [first, second] = forwards;
        assert.equal(first.meta.previous_page_url, null);
        for (const url of [second.meta.first_page_url, second.meta.previous_page_url])
          assert.deepEqual(namesOf(kind, await page(url)), namesOf(kind, first));
      }
    });

  test('say in their addresses what was asked for', async () => {
    const path = await listOf(3);
    const { meta } = await page(`${path}?Order=desc&From=2&Bounds=inclusive&PageSize=2`);
    const address = `${server.base}${path}?Order=desc&From=2&Bounds=inclusive&PageSize=2`;
    assert.equal(meta.url, `${address}&Page=0`);
    assert.equal(meta.first_page_url, `${address}&Page=0`);
    assert.ok(meta.next_page_url.startsWith(`${address}&Page=1&PageToken=`), meta.next_page_url);
    assert.equal(meta.previous_page_url, null);
    const short = await page(path);
    assert.equal(short.meta.url, `${server.base}${path}?PageSize=50&Page=0`);
  });

  test('are none where nothing is', async () => {
    const path = await listOf(3);
    for (const query of [{ From: 3 }, { From: 0, Order: 'desc', Bounds: 'exclusive' }]) {
      const { items, meta } = await page(addressOf(path, query));
      assert.deepEqual(items, []);
      assert.deepEqual([meta.previous_page_url, meta.next_page_url], [null, null]);
    }
  });

  test('that have become empty lead back to what is left', async () => {
    const path = await listOf(3);
    const only = async (target) => {
      const { items, meta } = await page(target);
      return [namesOf(LISTS, { items }), meta.previous_page_url, meta.next_page_url];
    };
    const [first, , next] = await only(`${path}?PageSize=1`);
    assert.deepEqual(first, [0]);
    const [, , afterSecond] = await only(next);
    const [, beforeThird] = await only(afterSecond);
    await remove(path, 1);
    await remove(path, 2);
    const [none, back, on] = await only(next);
    assert.deepEqual([none, on], [[], null]);
    assert.deepEqual(await only(back), [[0], null, null]);
    await remove(path, 0);
    await push(path);
    const [noneBefore, nothing, there] = await only(beforeThird);
    assert.deepEqual([noneBefore, nothing], [[], null]);
    assert.deepEqual(await only(there), [[3], null, null]);
  });

  test('go on where they were after a restart', async (t) => {
    const own = await Server.startFor(t);
    const { json } = await own.post(`${SERVICE}/Lists`, { UniqueName: 'list' });
    for (let i = 0; i < 12; i++) await own.post(`${SERVICE}/Lists/list/Items`, { Data: '{}' });
    const first = await own.get(`${SERVICE}/Lists/${json.sid}/Items?Order=desc&From=10&PageSize=4`);
    await own.restart();
    const second = await own.get(first.json.meta.next_page_url);
    assert.deepEqual(namesOf(LISTS, second.json), [6, 5, 4, 3]);
    const back = await own.get(second.json.meta.previous_page_url);
    assert.deepEqual(namesOf(LISTS, back.json), [10, 9, 8, 7]);
  });
});

// A container in which every third item may go, and others come and go, while it is walked.
class Changing {
  constructor(kind, path, names) {
    Object.assign(this, { kind, path });
    this.random = randomOf(seed);
    this.names = names;
    this.lasting = names.filter((_, i) => i % 3 !== 1);
    this.passing = new Set(names.filter((_, i) => i % 3 === 1));
    this.inserted = 0;
  }

  static async list(count) {
    const path = await listOf(count);
    return new Changing(LISTS, path, [...Array(count).keys()]);
  }

  static async map(count) {
    const names = Array.from({ length: count }, (_, i) => `${String(i).padStart(4, '0')} old`);
    return new Changing(MAPS, await mapOf(names), names);
  }

  async drop(name) {
    if (!this.passing.delete(name)) return;
    assert.equal((await remove(this.path, name)).status, 204);
  }

  async add() {
    if (++this.inserted > this.names.length) return;
    const place = String(below(this.random, this.names.length)).padStart(4, '0');
    const name =
      this.kind === LISTS
        ? await push(this.path)
        : await insert(this.path, `${place} new ${this.inserted}`);
    this.passing.add(name);
  }

  // What others do between two pages: at the edges of the page just read, and anywhere.
  async change({ items }) {
    if (items.length === 0) return;
    await this.drop(this.kind.nameOf(items.at(-1)));
    await this.drop(this.kind.nameOf(items[0]));
    const anywhere = [...this.passing];
    await this.drop(anywhere[below(this.random, anywhere.length)]);
    await this.add();
    await this.add();
  }

  // Walk with this query and back; each item that lasts is seen once each way, in order.
  async assertWalks(query) {
    const change = (each) => this.change(each);
    const forwards = await walk(addressOf(this.path, query), 'next_page_url', change);
    this.assertComplete(forwards, query);
    const last = forwards.at(-1);
    const others = await walk(last.meta.previous_page_url, 'previous_page_url', change);
    this.assertComplete([...others.reverse(), last], query);
  }

  assertComplete(pages, query) {
    const seen = pages.flatMap((each) => namesOf(this.kind, each));
    const told = JSON.stringify(query);
    assert.deepEqual(
      seen,
      expected(this.kind, new Set(seen), query),
      `in order, each once: ${told}`,
    );
    const lasting = new Set(this.lasting);
    assert.deepEqual(
      seen.filter((name) => lasting.has(name)),
      expected(this.kind, this.lasting, query),
      `all that were there throughout: ${told}`,
    );
  }
}

describe('while others insert and remove', () => {
  const COUNT = 240;

  // Of names that last, of names that go, and of some that never were.
  const queries = (starts) => [
    { PageSize: 11 },
    { PageSize: 11, Order: 'desc' },
    ...starts.flatMap((From) =>
      ORDERS.flatMap((Order) => BOUNDS.map((Bounds) => ({ Order, From, Bounds, PageSize: 16 }))),
    ),
  ];

  for (const [what, make, starts] of [
    ['list', Changing.list, [120, 121, 5000]],
    ['map', Changing.map, ['0120 old', '0121 old', '0120 never']],
  ])
    test(`each item of a ${what} that was there throughout comes exactly once`, async (t) => {
      t.diagnostic(`seed ${seed}`);
      const changing = await make(COUNT);
      await Promise.all(queries(starts).map((query) => changing.assertWalks(query)));
    });
});
