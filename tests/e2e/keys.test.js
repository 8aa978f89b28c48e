'use strict';
// The keys of map items: any text of 1..320 characters, and each item is reached by its own
// `url`, through clients that tidy paths (Node's fetch) and as the bytes stand.

const assert = require('node:assert/strict');
const { describe, test, before, after } = require('node:test');
const { Server, ACCOUNT, TOKEN } = require('./support/server.js');
const { basic } = require('./support/http.js');
const { Socket } = require('./support/socket.js');
const { assertProblem } = require('./support/shapes.js');
const { seed, randomOf, below } = require('./support/random.js');

const Authorization = basic(ACCOUNT, TOKEN);

let server;
let socket;
before(async () => {
  server = await Server.start();
  socket = await Socket.connect(server.port);
});
after(() => {
  socket.close();
  return server.destroy();
});

async function createMap() {
  const { status, json } = await server.post('/v1/Services/default/Maps', {});
  assert.equal(status, 201);
  return new URL(json.links.items).pathname;
}

const dataOf = (key) => JSON.stringify({ key });

async function create(map, key) {
  const { status, json, text } = await server.post(map, { Key: key, Data: dataOf(key) });
  assert.equal(status, 201, `${JSON.stringify(key)}: ${text}`);
  assertItem(json, key);
  return json;
}

function assertItem(item, key) {
  assert.equal(item.key, key);
  assert.deepEqual(item.data, { key });
}

// By a client that resolves `.` and `..` in the path before it sends it.
async function viaFetch(method, url, form) {
  const body = form && new URLSearchParams(form);
  const response = await fetch(url, { method, body, headers: { Authorization } });
  const text = await response.text();
  return { status: response.status, json: text && JSON.parse(text) };
}

// The path as the bytes that stand in the address.
async function verbatim(method, path, form = {}) {
  const body = new URLSearchParams(form).toString();
  const type = 'Content-Type: application/x-www-form-urlencoded';
  const length = `Content-Length: ${body.length}`;
  const host = `Host: ${new URL(server.base).host}`;
  const lines = [`${method} ${path} HTTP/1.1`, host, `Authorization: ${Authorization}`];
  socket.send([...lines, type, length, '', body].join('\r\n'));
  const response = await socket.response();
  assert.ok(response, `no answer to ${method} ${path}`);
  return { status: response.status, json: response.body && JSON.parse(response.body) };
}

const rawPathOf = (url) => url.slice(server.base.length);

// Fetch, update and replace an item by its own address, however that is sent; it stays itself.
async function assertReachable(item, key) {
  const path = rawPathOf(item.url);
  for (const send of [
    (method, form) => viaFetch(method, item.url, form),
    (method, form) => verbatim(method, path, form),
  ]) {
    const told = `${JSON.stringify(key)} at ${item.url}`;
    const fetched = await send('GET');
    assert.equal(fetched.status, 200, told);
    assertItem(fetched.json, key);
    assert.equal(fetched.json.url, item.url);
    for (const method of ['POST', 'PUT']) {
      const written = await send(method, { Data: dataOf(key) });
      assert.equal(written.status, 200, `${method} of ${told}`);
      assertItem(written.json, key);
    }
  }
}

async function assertRemovable(item, send) {
  assert.equal((await send('DELETE')).status, 204, item.url);
  const missing = await send('GET');
  assert.deepEqual([missing.status, missing.json.code], [404, 54201]);
}

// The keys of the whole map, as it lists them.
async function keysOf(map) {
  const keys = [];
  for (let url = `${map}?PageSize=100`; url;) {
    const { items, meta } = (await server.get(url)).json;
    for (const item of items) assertItem(item, item.key);
    keys.push(...items.map(({ key }) => key));
    url = meta.next_page_url;
  }
  return keys;
}

const unique = (list) => [...new Set(list)];
const CONTROLS = Array.from({ length: 33 }, (_, i) => String.fromCharCode(i)).concat(
  '\u007f',
  '\u0085',
);
const KEYS = unique([
  ...CONTROLS,
  ...'/?%#;,+&=:@!$\'()*"<>[]{}|\\^`~-_',
  ...[
    '.',
    '..',
    '...',
    '.;',
    '..;',
    ';',
    '.;a',
    './',
    '../',
    '/..',
    '/../..',
    'a/../b',
    './.',
    '%2E',
    '%2e%2e',
  ],
  ...['%', '%%', '%2', '%2F', '%2f', '%252F', '%00', '%zz', '100%', '%C3%28'],
  ...[
    'a/b',
    'a//b',
    '/a',
    'a/',
    '//',
    '?a=b',
    'a?b#c',
    'a b',
    ' a',
    'a ',
    'a+b',
    '&Data={}',
    'Key=x',
  ],
  ...['\\', '\\..', '"quoted"', "it's", '\r\n', 'a\r\nX: y', '\u0000', 'a\u0000b', '\u0000\u0000'],
  ...[
    'é',
    'e\u0301',
    '\u0301',
    'İ',
    'ß',
    'ﬀ',
    '\u200D',
    '\u202E',
    '\uFEFF',
    '\u2028',
    '\uFFFE',
    '\uFFFF',
  ],
  ...[
    '\uD7FF',
    '\uE000',
    '\u{10000}',
    '\u{1F600}',
    '\u{10FFFF}',
    '👨‍👩‍👧',
    'null',
    'undefined',
    '{index}',
    '0',
    '-1',
  ],
  ...['Items', 'Permissions', 'constructor', '__proto__', 'k'.repeat(320), '\u{1F600}'.repeat(320)],
]);

describe('a key', () => {
  let map;
  const items = new Map();
  before(async () => {
    map = await createMap();
    for (const key of KEYS) items.set(key, await create(map, key));
  });

  test('may be any of these, and leads to its own item', async () => {
    for (const [key, item] of items) await assertReachable(item, key);
  });

  test('has an address of its own, with nothing in it that means something', () => {
    const urls = [...items.values()].map(({ url }) => url);
    assert.equal(new Set(urls).size, urls.length);
    const address = /\/Items\/(\.\.?;|([A-Za-z0-9._~-]|%[0-9A-F]{2})+)$/;
    for (const url of urls) assert.match(url, address);
    assert.ok(items.get('.').url.endsWith('/Items/.;'));
    assert.ok(items.get('..').url.endsWith('/Items/..;'));
    assert.ok(items.get('.;').url.endsWith('/Items/.%3B'));
  });

  test('of dots is reached by a path that nobody tidied', async () => {
    for (const [key, segments] of [
      ['.', ['.', '%2E', '%2e', '.;']],
      ['..', ['..', '%2E%2E', '%2e.', '.%2E', '..;']],
      ['.;', ['.%3B', '%2E%3B', '%2E;']],
    ])
      for (const segment of segments) {
        const { status, json } = await verbatim('GET', `${map}/${segment}`);
        assert.equal(status, 200, segment);
        assertItem(json, key);
      }
  });

  test('is listed in the order in which JavaScript compares strings', async () => {
    assert.deepEqual(await keysOf(map), [...KEYS].sort());
  });

  test('is the same after a restart', async (t) => {
    const own = await Server.startFor(t);
    const { json } = await own.post('/v1/Services/default/Maps', {});
    const { pathname } = new URL(json.links.items);
    for (const key of KEYS.slice(0, 80)) await own.post(pathname, { Key: key, Data: dataOf(key) });
    await own.restart();
    const page = await own.get(`${pathname}?PageSize=100`);
    assert.deepEqual(
      page.json.items.map(({ key }) => key),
      KEYS.slice(0, 80).sort(),
    );
  });

  test('that is taken is taken for itself alone', async () => {
    for (const key of ['.', '/', '%2F', '\u0000', 'é', '\u{1F600}'.repeat(320)])
      assertProblem(await server.post(map, { Key: key, Data: '{}' }), 409, 54208);
  });
});

describe('an item whose key is hard to write', () => {
  for (const [how, sender] of [
    [
      'a client that tidies paths',
      ({ url }) =>
        (method) =>
          viaFetch(method, url),
    ],
    [
      'the bytes of its address',
      ({ url }) =>
        (method) =>
          verbatim(method, rawPathOf(url)),
    ],
  ])
    test(`is removed by ${how}, and no other with it`, async () => {
      const map = await createMap();
      const left = new Set(KEYS);
      for (const key of KEYS) await create(map, key);
      for (const { key, url } of (await server.get(`${map}?PageSize=100`)).json.items) {
        await assertRemovable({ url }, sender({ url }));
        left.delete(key);
      }
      assert.deepEqual(await keysOf(map), [...left].sort());
    });
});

describe('random keys over all of Unicode', () => {
  const random = randomOf(seed);
  const COUNT = 120;

  // Any code point but a surrogate; half of them such as have a meaning in addresses.
  function point() {
    if (random() < 0.5) return [...'/?%.;#&=+\\ a\u0000'][below(random, 13)];
    for (;;) {
      const code = below(random, 0x110000);
      if (code < 0xd800 || code > 0xdfff) return String.fromCodePoint(code);
    }
  }

  const randomKey = () =>
    Array.from({ length: 1 + below(random, random() < 0.1 ? 320 : 6) }, point).join('');

  test('lead to their own items', async (t) => {
    t.diagnostic(`seed ${seed}`);
    const map = await createMap();
    const keys = unique(Array.from({ length: COUNT }, randomKey));
    for (const key of keys) await assertReachable(await create(map, key), key);
    assert.deepEqual(await keysOf(map), [...keys].sort());
  });
});

describe('what is no key', () => {
  const LONG = ['k'.repeat(321), 'é'.repeat(321), '\u{1F600}'.repeat(321)];
  let map;
  before(async () => (map = await createMap()));

  test('is an empty text or none', async () => {
    assertProblem(await server.post(map, { Key: '', Data: '{}' }), 400, 54209);
    assertProblem(await server.post(map, { Data: '{}' }), 400, 54209);
  });

  test('is a text of more than 320 characters', async () => {
    for (const key of LONG) {
      assertProblem(await server.post(map, { Key: key, Data: '{}' }), 400, 54209);
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
        const target = `${map}/${encodeURIComponent(key)}`;
        const form = method === 'POST' || method === 'PUT' ? { Data: '{}' } : undefined;
        assertProblem(await server.request(method, target, { form }), 400, 54209);
      }
    }
    assert.deepEqual(await keysOf(map), []);
  });

  test('is what is no UTF-8', async () => {
    assertProblem(await server.post(map, 'Key=%ff&Data={}'), 400);
    assertProblem(await server.post(map, 'Key=%ed%a0%80&Data={}'), 400);
    const { status } = await server.get(`${map}/%ff`);
    assert.ok(status === 400 || status === 404, String(status));
    assert.deepEqual(await keysOf(map), []);
  });
});
