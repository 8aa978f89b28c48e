'use strict';
// What the REST API does with any request, whatever it is about: who may ask, how a body is read,
// what a browser is told, and where a refusal is explained.

const assert = require('node:assert/strict');
const { describe, test, before, after } = require('node:test');
const { Server, ACCOUNT, TOKEN } = require('./support/server.js');
const { assertProblem } = require('./support/shapes.js');

const DOCUMENTS = '/v1/Services/default/Documents';
const KEYS = `/2010-04-01/Accounts/${ACCOUNT}/Keys`;

let server;
before(async () => (server = await Server.start()));
after(() => server.destroy());

// The path of a new document.
async function createDocument() {
  const { status, json, text } = await server.post(DOCUMENTS, { Data: '{}' });
  assert.equal(status, 201, text);
  return new URL(json.url).pathname;
}

describe('authentication', () => {
  const basic = (text) => `Basic ${Buffer.from(text).toString('base64')}`;

  test('is asked for where it is missing or wrong', async () => {
    const wrong = [
      undefined,
      'Basic',
      'Basic !!!',
      basic(''),
      basic(ACCOUNT),
      basic(`${ACCOUNT}:`),
      basic(`${ACCOUNT}:${TOKEN} `),
      basic(`${ACCOUNT}:${TOKEN.slice(1)}`),
      basic(`${ACCOUNT.toLowerCase()}:${TOKEN}`),
      basic(`:${TOKEN}`),
      `Bearer ${TOKEN}`,
      `Digest ${TOKEN}`,
    ];
    for (const value of wrong) {
      const headers = value === undefined ? {} : { Authorization: value };
      for (const [method, target] of [
        ['GET', DOCUMENTS],
        ['POST', DOCUMENTS],
        ['GET', KEYS],
      ]) {
        const response = await server.request(method, target, { auth: null, headers });
        assertProblem(response, 401, 20003);
        assert.match(response.headers['www-authenticate'], /^Basic realm="/);
      }
    }
  });

  test('takes the scheme in any case', async () => {
    const headers = { Authorization: basic(`${ACCOUNT}:${TOKEN}`).replace('Basic', 'bASIC') };
    assert.equal((await server.get(DOCUMENTS, { auth: null, headers })).status, 200);
  });

  test('is not asked for where nothing is at stake', async () => {
    for (const path of ['/healthz', '/readyz', '/docs/errors/54103'])
      assert.equal((await server.get(path, { auth: null })).status, 200, path);
  });
});

describe('queries', () => {
  test('with a name that is nearly one of ours are refused, others are read', async () => {
    const { sid } = (await server.post('/v1/Services/default/Maps', {})).json;
    const items = `/v1/Services/default/Maps/${sid}/Items`;
    for (const [path, name, meant] of [
      [DOCUMENTS, 'pageSize', 'PageSize'],
      [DOCUMENTS, 'PageTokn', 'PageToken'],
      [items, 'order', 'Order'],
      [items, 'Form', 'From'],
      [items, 'keys', 'Keys'],
      [KEYS, 'page_size', 'PageSize'],
    ]) {
      const response = await server.get(`${path}?${name}=5`);
      assertProblem(response, 400, 20422);
      assert.ok(response.json.message.includes(`did you mean ${meant}?`), response.text);
    }
    for (const query of ['_=17', 'x', 'HideExpired=true', 'PageSize=5&Page=0&PageSizeMax=9'])
      assert.equal((await server.get(`${DOCUMENTS}?${query}`)).status, 200, query);
    for (const query of ['Order=asc&From=a&Bounds=exclusive&PageSize=3&Page=0', 'Keys=%5B%5D'])
      assert.equal((await server.get(`${items}?${query}`)).status, 200, query);
  });
});

describe('request bodies', () => {
  const post = (body, type, path = DOCUMENTS) =>
    server.request('POST', path, { body, headers: type ? { 'Content-Type': type } : {} });

  test('are forms or JSON, and nothing else', async () => {
    for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/xml', 'x'])
      assertProblem(await post('Data={}', type), 415);
    const form = 'application/x-www-form-urlencoded';
    for (const type of [form, `${form}; charset=UTF-8`, form.toUpperCase()])
      assert.equal((await post('Data={}', type)).status, 201, type);
    for (const type of ['application/json', 'application/json; charset=utf-8'])
      assert.equal((await post('{}', type)).status, 201, type);
  });

  test('may be JSON with the names of the form', async () => {
    const json = { UniqueName: 'from json', Data: { b: 1, a: ['x', null] }, Ttl: 60, Unknown: [] };
    const created = await server.request('POST', DOCUMENTS, { json });
    assert.equal(created.status, 201, created.text);
    assert.deepEqual(created.json.data, json.Data);
    assert.notEqual(created.json.date_expires, null);
    assert.equal((await server.get(`${DOCUMENTS}/from%20json`)).status, 200);

    const text = { Data: '{"as": "text"}' };
    const asText = await server.request('POST', `${DOCUMENTS}/from%20json`, { json: text });
    assert.deepEqual(asText.json.data, { as: 'text' });

    const service = await server.request('POST', '/v1/Services', {
      json: { FriendlyName: 'from json', AclEnabled: true, ReachabilityDebouncingWindow: 2000 },
    });
    assert.equal(service.status, 201, service.text);
    assert.equal(service.json.acl_enabled, true);
    assert.equal(service.json.reachability_debouncing_window, 2000);
  });

  test('that are broken JSON are refused', async () => {
    for (const json of ['{', '[]', '"Data"', 'null', '{"Data":}', '{"Data":{}} x', '{Data:{}}'])
      assertProblem(await server.request('POST', DOCUMENTS, { json }), 400);
    assertProblem(await server.request('POST', DOCUMENTS, { json: { Data: null } }), 400, 54101);
    assertProblem(await server.request('POST', DOCUMENTS, { json: { Data: [] } }), 400, 54101);
    assertProblem(await server.request('POST', DOCUMENTS, { json: { Ttl: -1 } }), 400, 54011);
  });

  test('decode + and percent escapes as forms do', async () => {
    const named = async (encoded) => {
      const response = await server.post(DOCUMENTS, `UniqueName=${encoded}`);
      assert.equal(response.status, 201, `${encoded}: ${response.text}`);
      return response.json.unique_name;
    };
    assert.equal(await named('one+two%2Bthree%20four'), 'one two+three four');
    assert.equal(await named('%C3%A4%e2%82%ac'), 'ä€');
    assert.equal(await named('ä raw'), 'ä raw');
    assert.equal(await named('51%'), '51%');
    assert.equal(await named('%zz%4'), '%zz%4');
    assert.equal(await named('a=b=c'), 'a=b=c');
    assert.equal(await named('a;b'), 'a;b');
    assertProblem(await server.post(DOCUMENTS, 'UniqueName=%ff%fe'), 400);
  });

  test('count with the last of repeated fields', async () => {
    const form = 'UniqueName=first&Data=%7B%22n%22:1%7D&UniqueName=last&Data=%7B%22n%22:2%7D';
    const { json } = await server.post(DOCUMENTS, form);
    assert.deepEqual([json.unique_name, json.data], ['last', { n: 2 }]);
  });

  test('may hold odd separators and unknown fields', async () => {
    const form = '&&=&x&Unknown=y&UniqueName=odd&';
    const { status, json } = await server.post(DOCUMENTS, form);
    assert.deepEqual([status, json.unique_name, json.data], [201, 'odd', {}]);
    assertProblem(await server.post(`${DOCUMENTS}/odd`, 'Unknown=y&Datum={}'), 400, 54010);
    assertProblem(await server.post(`${DOCUMENTS}/odd`, ''), 400, 54010);
    assertProblem(await server.post(`${DOCUMENTS}/odd`, { UniqueName: 'renamed' }), 400, 54010);
  });

  test('with a name that is nearly one of ours are refused, and say which was meant', async () => {
    const refuse = async (path, body, name, meant) => {
      for (const options of [{ form: body }, { json: body }]) {
        const response = await server.request('POST', path, options);
        assertProblem(response, 400, 20422);
        assert.ok(
          response.json.message.includes(`there is no field ${name}; did you mean ${meant}?`),
          response.text,
        );
      }
    };
    const list = (await server.post('/v1/Services/default/Lists', {})).json.sid;
    const map = (await server.post('/v1/Services/default/Maps', {})).json.sid;
    const document = await createDocument();
    await refuse(DOCUMENTS, { uniqueName: 'x' }, 'uniqueName', 'UniqueName');
    await refuse(DOCUMENTS, { unique_name: 'x', Data: '{}' }, 'unique_name', 'UniqueName');
    await refuse(DOCUMENTS, { data: '{"a":1}' }, 'data', 'Data');
    await refuse(document, { Datta: '{}', Ttl: 5 }, 'Datta', 'Data');
    await refuse(document, { Tll: '60' }, 'Tll', 'Ttl');
    await refuse(`/v1/Services/default/Lists/${list}/Items`, { date: '{}' }, 'date', 'Data');
    await refuse(`/v1/Services/default/Lists/${list}`, { Collection_ttl: 1 }, 'Collection_ttl', 'CollectionTtl');
    await refuse(`/v1/Services/default/Maps/${map}/Items`, { key: 'a', Data: '{}' }, 'key', 'Key');
    await refuse('/v1/Services', { AclEnable: true }, 'AclEnable', 'AclEnabled');
    await refuse(`${document}/Permissions/alice`, { read: true }, 'read', 'Read');
    await refuse(KEYS, { Friendlyname: 'x' }, 'Friendlyname', 'FriendlyName');
  });

  test('may hold what the public API ignores', async () => {
    const { status, text } = await server.post(DOCUMENTS, { Foo: 1, Name: 'x', Url: 'y', ItemTtl: 9 });
    assert.equal(status, 201, text);
  });

  test('with very many fields do no harm', async () => {
    const { status } = await server.post(DOCUMENTS, 'a=b&'.repeat(10_000));
    assert.ok([201, 400, 413].includes(status), String(status));
  });

  test('are unlimited in nothing: too large a body is refused', async () => {
    const { status } = await server.post(DOCUMENTS, { Data: 'x'.repeat(300_000) });
    assert.equal(status, 413);
  });
});

describe('browsers', () => {
  const origin = { Origin: 'https://app.example.com' };

  test('may read every answer, refusals too', async () => {
    const path = await createDocument();
    const answers = [
      await server.get(path, { headers: origin }),
      await server.get(`${DOCUMENTS}/nobody`, { headers: origin }),
      await server.get(DOCUMENTS, { headers: origin, auth: null }),
      await server.post(path, { Data: '{}' }, { headers: origin }),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 404, 401, 403],
    );
    for (const { headers } of answers) {
      assert.ok(['*', origin.Origin].includes(headers['access-control-allow-origin']));
      assert.match(headers['access-control-expose-headers'], /\betag\b/i);
    }
  });

  test('may write from pages of the server and of sites that are named, and from no others', async (t) => {
    const friendly = await Server.startFor(t, { args: ['--write-origins', `${origin.Origin}, https://b.example`] });
    const write = (at, headers) => at.post(DOCUMENTS, { Data: '{}' }, { headers });
    const own = { Origin: server.base, 'Sec-Fetch-Site': 'same-origin' };
    for (const headers of [{}, own, { Origin: server.base }, { 'Sec-Fetch-Site': 'none' }])
      assert.equal((await write(server, headers)).status, 201, JSON.stringify(headers));
    for (const headers of [
      origin,
      { Origin: 'null' },
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site', Origin: server.base },
    ])
      assertProblem(await write(server, headers), 403, 20403);
    const path = await createDocument();
    assertProblem(await server.request('DELETE', path, { headers: origin }), 403, 20403);
    for (const Origin of [origin.Origin, 'https://b.example'])
      assert.equal((await write(friendly, { Origin, 'Sec-Fetch-Site': 'cross-site' })).status, 201);
    assertProblem(await write(friendly, { Origin: 'https://c.example' }), 403, 20403);
  });

  test('learn nothing of health and metrics', async () => {
    for (const open of ['/metrics', '/healthz', '/readyz']) {
      const { headers } = await server.get(open, { auth: null, headers: origin });
      assert.equal(headers['access-control-allow-origin'], undefined, open);
    }
  });

  test('are told by a preflight what they may send', async () => {
    const path = await createDocument();
    const response = await server.request('OPTIONS', path, {
      auth: null,
      headers: {
        ...origin,
        'Access-Control-Request-Method': 'DELETE',
        'Access-Control-Request-Headers': 'authorization, content-type, if-match',
      },
    });
    assert.ok([200, 204].includes(response.status), String(response.status));
    assert.equal(response.text, '');
    const listed = (name) => response.headers[name].toLowerCase().split(/\s*,\s*/);
    for (const method of ['get', 'post', 'delete'])
      assert.ok(listed('access-control-allow-methods').includes(method), method);
    for (const name of ['authorization', 'content-type', 'if-match', 'if-none-match', 'accept'])
      assert.ok(listed('access-control-allow-headers').includes(name), name);
    assert.ok(['*', origin.Origin].includes(response.headers['access-control-allow-origin']));
  });
});

describe('the pages about errors', () => {
  const CODES = [
    ...[20003, 20004, 20404, 20412, 20413, 20415, 20422],
    ...[54003, 54006, 54008, 54010, 54011, 54050, 54051, 54053, 54100, 54101, 54103],
    ...[54150, 54151, 54155, 54156, 54200, 54201, 54205, 54206, 54208, 54209, 54250, 54251],
    ...[54300, 54301, 54302, 54351, 54354, 54451, 54452, 54453, 54454, 54458],
  ];

  for (const code of CODES)
    test(`${code} is explained`, async () => {
      const response = await server.get(`/docs/errors/${code}`, { auth: null });
      assert.equal(response.status, 200);
      assert.match(response.headers['content-type'], /^text\/(html|plain)/);
      assert.ok(response.text.includes(String(code)));
      assert.ok(response.text.length > 60, response.text);
    });

  test('say what the answer says to do', async () => {
    for (const [response, code, word] of [
      [await server.get(DOCUMENTS, { auth: null }), 20003, /Send HTTP Basic credentials/],
      [await server.request('PUT', DOCUMENTS), 20004, /Allow header/],
      [await server.post(DOCUMENTS, { Ttl: 'soon' }), 54011, /whole number of seconds/],
      [await server.get(`${DOCUMENTS}/nobody`), 54300, /To create it, POST/],
      [await server.post(DOCUMENTS, { uniqueName: 'x' }), 20422, /the message says/],
    ]) {
      assert.equal(response.json.code, code, response.text);
      assert.deepEqual(Object.keys(response.json.details), ['advice']);
      assert.match(response.json.details.advice, word);
      const page = await server.get(`/docs/errors/${code}`, { auth: null });
      assert.ok(page.text.includes(response.json.details.advice), page.text);
    }
  });

  test('are where more_info points', async () => {
    const refusals = [
      await server.get(DOCUMENTS, { auth: null }),
      await server.get('/nowhere'),
      await server.request('PUT', DOCUMENTS),
      await server.request('POST', DOCUMENTS, { body: 'x', headers: { 'Content-Type': 'x' } }),
      await server.post(DOCUMENTS, { Data: 'x'.repeat(300_000) }),
      await server.post('/v1/Services', { AclEnabled: 'perhaps' }),
      await server.post('/v1/Services', { ReachabilityDebouncingWindow: '7' }),
    ];
    for (const { json } of refusals) {
      assert.equal(json.more_info, `${server.base}/docs/errors/${json.code}`);
      assert.equal((await server.get(json.more_info, { auth: null })).status, 200, json.more_info);
    }
  });

  test('do not exist for codes that do not', async () => {
    assert.equal((await server.get('/docs/errors/12345')).status, 404);
    assert.equal((await server.get('/docs/errors/x')).status, 404);
  });
});
