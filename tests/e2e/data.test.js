'use strict';
// Promise 5 of the design: data comes back as it was given; and what may be given.

const assert = require('node:assert/strict');
const { describe, test, before, after } = require('node:test');
const { Server } = require('./support/server.js');
const { assertProblem } = require('./support/shapes.js');

const DOCUMENTS = '/v1/Services/default/Documents';

// The text of `data` in a response that holds one document, which must begin with `expected`.
function assertDataText(response, expected) {
  const text = /"data":\s*/.exec(response.text) ?? assert.fail(response.text);
  const begin = text.index + text[0].length;
  assert.equal(response.text.slice(begin, begin + expected.length), expected);
  assert.match(response.text[begin + expected.length], /[,}\s]/);
}

async function assertKept(server, given, expected = given) {
  const created = await server.post(DOCUMENTS, { Data: given });
  assert.equal(created.status, 201, `${given}: ${created.text}`);
  assertDataText(created, expected);
  const path = `${DOCUMENTS}/${created.json.sid}`;
  assertDataText(await server.get(path), expected);
  const updated = await server.post(path, { Data: given });
  assertDataText(updated, expected);
  return path;
}

describe('data', () => {
  let server;
  before(async () => (server = await Server.start()));
  after(() => server.destroy());

  const kept = {
    'the order of keys': '{"zebra":1,"apple":2,"10":3,"9":4,"":5}',
    'keys given twice': '{"a":1,"a":2}',
    'every digit of a number': '{"n":[1.0e400,-0,-0.0,0.10,1E+2,123456789012345678901234567890]}',
    'very small and very exact numbers': '{"n":[1e-999,0.1000000000000000055511151231257827]}',
    'words': '{"t":true,"f":false,"n":null}',
    'nesting': '{"a":[[],[[]],{},{"b":{"c":[{}]}}]}',
    'code points of every length': '{"ключ":"aé€🎈","\u{10FFFF}":"\u0080\uFFFD"}',
    'what looks like a form': '{"a":"x=1&y=2+3%41;#"}',
    'what looks like markup': '{"a":"</script><!-- \u2028 -->"}',
  };
  for (const [what, text] of Object.entries(kept))
    test(`keeps ${what}`, () => assertKept(server, text));

  test('keeps the meaning of every escape', async () => {
    const given = String.raw`{"a\u0062":"\"\\\/\b\f\n\r\t\u0000\u001f\u00e9\ud83c\udf88\ud800"}`;
    const { sid } = (await server.post(DOCUMENTS, { Data: given })).json;
    const { json } = await server.get(`${DOCUMENTS}/${sid}`);
    assert.deepEqual(json.data, JSON.parse(given));
  });

  test('loses only the white space between tokens', () =>
    assertKept(
      server,
      ' {\t"a b" :\r\n[ 1 , " x  y " ] , "c":{ } }\n',
      '{"a b":[1," x  y "],"c":{}}',
    ));

  test('keeps its digits through a JSON body too', async () => {
    const json = '{"Data": {"b": 1.0e400, "a": [10000000000000000000001]} }';
    const response = await server.request('POST', DOCUMENTS, { json });
    assert.equal(response.status, 201, response.text);
    assertDataText(response, '{"b":1.0e400,"a":[10000000000000000000001]}');
  });

  test('is kept over a restart, and in lists', async () => {
    const text = '{"z":1.00,"a":"\u00e9🎈"}';
    const path = await assertKept(server, text);
    await server.restart();
    assertDataText(await server.get(path), text);
    const { text: page } = await server.get(`${DOCUMENTS}?PageSize=1000`);
    assert.ok(page.includes(text));
  });

  test('that is missing is an empty object', async () => {
    const response = await server.post(DOCUMENTS, { UniqueName: 'without data' });
    assertDataText(response, '{}');
  });

  test('that is no object is refused', async () => {
    for (const text of ['null', '[]', '[{}]', '"x"', '1', 'true', ' null '])
      assertProblem(await server.post(DOCUMENTS, { Data: text }), 400, 54101);
  });

  test('that is no JSON is refused, and it is said where', async () => {
    const broken = [
      '{',
      '}',
      '{"a":1',
      '{"a":}',
      '{"a":1}x',
      '{"a":1}{"b":2}',
      '{"a":[1,2}',
      '{1:2',
    ];
    for (const text of broken) {
      const response = await server.post(DOCUMENTS, { Data: text });
      assertProblem(response, 400, 54008);
      assert.match(response.json.message, /\d/, `${text}: ${response.json.message}`);
    }
    const { json } = await server.post(DOCUMENTS, { Data: '{"first":1,"second":[1,2}}' });
    assert.match(json.message, /\b2[45]\b/, json.message);
  });

  test('that is no UTF-8 or holds control characters is refused', async () => {
    assertProblem(await server.post(DOCUMENTS, 'Data=%7B%22a%22:%22%ff%22%7D'), 400);
    assertProblem(await server.post(DOCUMENTS, 'Data=%7B%22a%22:%22%ed%a0%80%22%7D'), 400);
    assertProblem(await server.post(DOCUMENTS, 'Data=%7B%22a%22:%22%01%22%7D'), 400, 54008);
    assertProblem(await server.post(DOCUMENTS, 'Data=%7B%22a%22:%22%00%22%7D'), 400, 54008);
  });

  test('nested very deep does no harm', async () => {
    const nested = (depth) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    await assertKept(server, nested(30));
    for (const text of [nested(8000), '{"a":'.repeat(3000), `{"a":${'['.repeat(16_000)}`]) {
      const { status } = await server.post(DOCUMENTS, { Data: text });
      assert.ok([201, 400].includes(status), String(status));
    }
    assert.equal((await server.get('/healthz')).status, 200);
  });
});

describe('the size of data', () => {
  const filled = (size) => `{"a":"${'x'.repeat(size - 8)}"}`;

  async function assertLimit(server, limit) {
    const post = (text) => server.post(DOCUMENTS, { Data: text });
    const largest = await post(filled(limit));
    assert.equal(largest.status, 201, largest.text.slice(0, 200));
    assert.equal(JSON.stringify(largest.json.data).length, limit);
    const path = `${DOCUMENTS}/${largest.json.sid}`;
    assert.equal((await server.get(path)).json.data.a.length, limit - 8);
    assertProblem(await post(filled(limit + 1)), 413, 54006);
    assertProblem(await server.post(path, { Data: filled(limit + 1) }), 413, 54006);
    assert.equal((await server.get(path)).json.revision, '0');
    assert.equal((await post(filled(limit).replace(':', ' : \n '))).status, 201);
    const wide = filled(limit).replace('xx', 'é');
    assert.equal((await post(wide)).status, 201, 'bytes are counted');
    assertProblem(await post(wide.replace('x', 'é')), 413, 54006);
    const json = `{"Data":${filled(limit)}}`;
    assert.equal((await server.request('POST', DOCUMENTS, { json })).status, 201);
  }

  test('is 16,384 bytes of compact UTF-8 at most, to the byte', async (t) => {
    const server = await Server.startFor(t);
    await assertLimit(server, 16_384);
  });

  test('can be set from small', async (t) => {
    const server = await Server.startFor(t, { args: ['--document-size-max', '100'] });
    await assertLimit(server, 100);
  });

  test('can be set to a mebibyte', async (t) => {
    const args = ['--document-size-max', String(1 << 20), '--body-size-max', String(4 << 20)];
    const server = await Server.startFor(t, { args });
    await assertLimit(server, 1 << 20);
  });

  test('that was allowed before stays readable under a smaller limit', async (t) => {
    const server = await Server.startFor(t);
    const { sid } = (await server.post(DOCUMENTS, { Data: filled(10_000) })).json;
    server.options.args = ['--document-size-max', '1000'];
    await server.restart();
    assert.equal((await server.get(`${DOCUMENTS}/${sid}`)).json.data.a.length, 9992);
  });
});

describe('data written leniently', () => {
  const lenient = [
    ['{firstName:Alice,lastName:Xavier}', '{"firstName":"Alice","lastName":"Xavier"}'],
    ['{a:true,b:false,c:null}', '{"a":true,"b":false,"c":null}'],
    ['{a:1.50,b:-3e400,c:0}', '{"a":1.50,"b":-3e400,"c":0}'],
    ['{a:[x,y z]}', '{"a":["x","y z"]}'],
    ['{ a : { b : c } }', '{"a":{"b":"c"}}'],
    ['{name:Zoë}', '{"name":"Zoë"}'],
    ['{text:"welcome!"}', '{"text":"welcome!"}'],
  ];

  describe('by default', () => {
    let server;
    before(async () => (server = await Server.start()));
    after(() => server.destroy());

    for (const [given, expected] of lenient)
      test(`${given} is ${expected}`, () => assertKept(server, given, expected));

    test('is refused where something else was probably meant, and it is said where', async () => {
      for (const [text, at] of [
        ['{"x":tru}', 5],
        ['{"x":NaN}', 5],
        ['{"x":undefined}', 5],
        ['{"a":1,}', 7],
        ['{x:tru}', 3],
        ['{x:True}', 3],
        ['{x:NaN}', 3],
        ['{x:undefined}', 3],
        ['{x:007}', 3],
        [`{'a':'b'}`, 1],
        ['{a:word,b:"text"}', 3],
      ]) {
        const response = await server.post(DOCUMENTS, { Data: text });
        assertProblem(response, 400, 54008);
        assert.ok(response.json.message.includes(` at byte ${at}`), response.text);
      }
    });

    test('is still refused where it cannot be meant', async () => {
      for (const text of ['{a}', '{a:}', '{:b}', '{a:b', '{a:b}}', '{,}', '{a:1,,b:2}', `{'a:1}`])
        assertProblem(await server.post(DOCUMENTS, { Data: text }), 400, 54008);
    });

    test('is measured as it is kept', async () => {
      const text = `{a:${'x'.repeat(16_384 - 8)}}`;
      assert.equal((await server.post(DOCUMENTS, { Data: text })).status, 201);
      assertProblem(await server.post(DOCUMENTS, { Data: text.replace('x', 'xx') }), 413, 54006);
    });
  });

  test('is refused when that is switched off', async (t) => {
    const server = await Server.startFor(t, { args: ['--lenient-json', 'off'] });
    for (const [given] of lenient)
      assertProblem(await server.post(DOCUMENTS, { Data: given }), 400, 54008);
    await assertKept(server, '{"strict":true}');
  });
});
