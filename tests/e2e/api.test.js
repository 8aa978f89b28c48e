'use strict';
// The REST API as HTTP, by the example of services and documents: statuses, headers and bodies,
// to the letter. What lists, maps and streams add is in api.collections.test.js, and what is the
// same for all of them in api.http.test.js.

const assert = require('node:assert/strict');
const { describe, test, before, after } = require('node:test');
const { Server, ACCOUNT } = require('./support/server.js');
const shapes = require('./support/shapes.js');

const { assertProblem, assertDocument } = shapes;
const DOCUMENTS = '/v1/Services/default/Documents';
const KEYS = `/2010-04-01/Accounts/${ACCOUNT}/Keys`;
const NOBODY = '0'.repeat(32);

let server;
before(async () => (server = await Server.start()));
after(() => server.destroy());

const pathOf = (document) => new URL(document.url).pathname;

// A new document; its path is found by its SID.
async function createDocument(fields = { Data: '{"n":0}' }) {
  const response = await server.post(DOCUMENTS, fields);
  assert.equal(response.status, 201, response.text);
  return { ...response.json, path: pathOf(response.json) };
}

describe('bodies', () => {
  const isJson = (response) => assert.match(response.headers['content-type'], /^application\/json/);

  test('of services hold exactly the published fields', async () => {
    const created = await server.post('/v1/Services', { FriendlyName: 'x' });
    assert.equal(created.status, 201);
    const path = `/v1/Services/${created.json.sid}`;
    const fetched = await server.get(path);
    const updated = await server.post(path, { AclEnabled: 'true' });
    const listed = await server.get('/v1/Services');
    for (const response of [fetched, updated, listed]) assert.equal(response.status, 200);
    for (const response of [created, fetched, updated]) shapes.assertService(response.json);
    for (const response of [created, fetched, updated, listed]) isJson(response);
    shapes.assertPage(listed.json, 'services');
    assert.deepEqual(fetched.json, created.json);
    const removed = await server.delete(path);
    assert.deepEqual([removed.status, removed.text], [204, '']);
  });

  test('of documents hold exactly the published fields', async () => {
    const created = await server.post(DOCUMENTS, { UniqueName: 'shape', Ttl: 3600, Data: '{}' });
    assert.equal(created.status, 201);
    const fetched = await server.get(`${DOCUMENTS}/shape`);
    const updated = await server.post(`${DOCUMENTS}/shape`, { Data: '{"a":1}' });
    const listed = await server.get(DOCUMENTS);
    for (const response of [fetched, updated, listed]) assert.equal(response.status, 200);
    for (const response of [created, fetched, updated]) assertDocument(response.json);
    for (const response of [created, fetched, updated, listed]) isJson(response);
    shapes.assertPage(listed.json, 'documents');
    assert.deepEqual(fetched.json, created.json);
    const removed = await server.delete(`${DOCUMENTS}/shape`);
    assert.deepEqual([removed.status, removed.text], [204, '']);
  });

  test('of API keys hold exactly the published fields, with .json and without', async () => {
    for (const suffix of ['', '.json']) {
      const created = await server.post(KEYS + suffix, { FriendlyName: 'shape' });
      assert.equal(created.status, 201, created.text);
      shapes.assertNewKey(created.json);
      const path = `${KEYS}/${created.json.sid}${suffix}`;
      const { secret, ...rest } = created.json;
      const fetched = await server.get(path);
      shapes.assertKey(fetched.json);
      assert.deepEqual(fetched.json, rest);
      const listed = await server.get(KEYS + suffix);
      listed.json.keys.forEach(shapes.assertKey);
      assert.ok(!listed.text.includes(secret));
      assert.equal((await server.delete(path)).status, 204);
      assertProblem(await server.get(path), 404, 20404);
    }
  });

  test('give absolute URLs that lead back to the object', async () => {
    const document = await createDocument();
    assert.equal(document.url, `${server.base}${document.path}`);
    assert.deepEqual((await server.get(document.url)).json.sid, document.sid);
    const service = (await server.get('/v1/Services/default')).json;
    const { json } = await server.get(service.links.documents);
    assert.ok(json.documents.some(({ sid }) => sid === document.sid));
  });

  test('are the same under /v1/Sync', async () => {
    const service = (await server.get('/v1/Sync/Services/default')).json;
    shapes.assertService(service);
    const created = await server.post('/v1/Sync/Services/default/Documents', { Data: '{"a":1}' });
    assert.equal(created.status, 201);
    const tail = `Services/${service.sid}/Documents/${created.json.sid}`;
    const [one, other] = [await server.get(`/v1/${tail}`), await server.get(`/v1/Sync/${tail}`)];
    assert.deepEqual(one.json, created.json);
    assert.deepEqual(other.json, created.json);
    assertProblem(await server.get('/v1/Sync/Nowhere'), 404, 20404);
  });
});

describe('If-Match', () => {
  const update = (path, match) =>
    server.post(path, { Data: '{"n":1}' }, { headers: { 'If-Match': match } });

  test('lets a write through at the current revision, in every form', async () => {
    for (const match of ['"0"', '0', '*', '"7", "0"', '"0","7"', '7, 0', '  "0"  ']) {
      const { path } = await createDocument();
      const response = await update(path, match);
      assert.equal(response.status, 200, `${match}: ${response.text}`);
      assert.equal(response.json.revision, '1');
      assert.equal(response.headers.etag, '"1"');
    }
  });

  test('refuses at any other, and changes nothing', async () => {
    const { path } = await createDocument();
    for (const match of ['"1"', '1', '"7", "8"', 'ff', '"ffffffffffffffff"']) {
      const response = await update(path, match);
      assertProblem(response, 412, 54103);
      assert.equal(
        response.json.message,
        'The revision of the Document does not match the expected revision',
      );
    }
    const { json } = await server.get(path);
    assert.deepEqual([json.revision, json.data], ['0', { n: 0 }]);
  });

  test('that is no revision is refused as such', async () => {
    const { path } = await createDocument();
    for (const match of ['"0', 'revision', '"xyz"', '"0" "1"', '-1', '0x1'])
      assertProblem(await update(path, match), 400, 54003);
    assert.equal((await server.get(path)).json.revision, '0');
  });

  test('guards a change of the time to live as well', async () => {
    const { path } = await createDocument();
    const headers = { 'If-Match': '"5"' };
    assertProblem(await server.post(path, { Ttl: 60 }, { headers }), 412, 54103);
    assert.equal((await server.get(path)).json.date_expires, null);
  });

  test('guards a removal', async () => {
    const { path } = await createDocument();
    const guarded = (match) => server.delete(path, { headers: { 'If-Match': match } });
    assertProblem(await guarded('"1"'), 412, 54103);
    assertProblem(await guarded('never'), 400, 54003);
    assert.equal((await server.get(path)).status, 200);
    assert.equal((await guarded('"0"')).status, 204);
    assertProblem(await server.get(path), 404, 54100);
  });
});

describe('ETag and If-None-Match', () => {
  test('the ETag is the revision, on every response with a document', async () => {
    const created = await server.post(DOCUMENTS, { Data: '{}' });
    const path = pathOf(created.json);
    assert.equal(created.headers.etag, '"0"');
    for (let n = 1; n <= 17; n++) {
      const updated = await server.post(path, { Data: `{"n":${n}}` });
      assert.equal(updated.headers.etag, `"${n.toString(16)}"`);
      assert.equal(updated.json.revision, n.toString(16));
    }
    for (const method of ['GET', 'HEAD'])
      assert.equal((await server.request(method, path)).headers.etag, '"11"');
  });

  test('a document that is known already is not sent again', async () => {
    const { path } = await createDocument();
    const fetch = (known) => server.get(path, { headers: { 'If-None-Match': known } });
    const { 'content-length': length } = (await server.get(path)).headers;
    for (const known of ['"0"', 'W/"0"', '"7", "0"', '*']) {
      const response = await fetch(known);
      assert.deepEqual([response.status, response.text], [304, ''], known);
      assert.equal(response.headers.etag, '"0"');
      assert.equal(response.headers['content-length'], length);
    }
    assert.equal((await fetch('"1"')).status, 200);
    await server.post(path, { Data: '{"n":1}' });
    const changed = await fetch('"0"');
    assert.deepEqual([changed.status, changed.json.data], [200, { n: 1 }]);
  });

  test('a time to live alone makes no new revision', async () => {
    const { path } = await createDocument();
    const updated = await server.post(path, { Ttl: 3600 });
    assert.deepEqual([updated.json.revision, updated.headers.etag], ['0', '"0"']);
    assert.notEqual(updated.json.date_expires, null);
    const both = await server.post(path, { Ttl: 0, Data: '{"n":1}' });
    assert.deepEqual([both.json.revision, both.json.date_expires], ['1', null]);
  });

  test('If-None-Match: * makes a name that is taken a failed precondition', async () => {
    const create = () =>
      server.post(DOCUMENTS, { UniqueName: 'only once' }, { headers: { 'If-None-Match': '*' } });
    assert.equal((await create()).status, 201);
    assertProblem(await create(), 412);
    assertProblem(await server.post(DOCUMENTS, { UniqueName: 'only once' }), 409, 54301);
  });
});

describe('methods and paths', () => {
  test('HEAD tells what GET would, without the body', async () => {
    const { path } = await createDocument();
    for (const target of [path, DOCUMENTS, '/v1/Services/default', '/healthz']) {
      const [get, head] = [await server.get(target), await server.request('HEAD', target)];
      assert.deepEqual([head.status, head.text], [get.status, '']);
      for (const name of ['content-type', 'content-length', 'etag'])
        assert.equal(head.headers[name], get.headers[name], `${name} of ${target}`);
    }
    assert.equal((await server.request('HEAD', `${DOCUMENTS}/nobody`)).status, 404);
  });

  test('a wrong method is refused with the right ones in Allow', async () => {
    const { path } = await createDocument();
    const allowed = {
      '/v1/Services': [
        ['PUT', 'DELETE', 'PATCH'],
        ['GET', 'POST'],
      ],
      '/v1/Services/default': [
        ['PUT', 'PATCH'],
        ['GET', 'POST', 'DELETE'],
      ],
      [DOCUMENTS]: [
        ['PUT', 'DELETE', 'PATCH'],
        ['GET', 'POST'],
      ],
      [path]: [
        ['PUT', 'PATCH'],
        ['GET', 'POST', 'DELETE'],
      ],
      '/healthz': [['POST', 'DELETE'], ['GET']],
      '/metrics': [['POST', 'DELETE'], ['GET']],
    };
    for (const [target, [wrong, right]] of Object.entries(allowed))
      for (const method of wrong) {
        const response = await server.request(method, target);
        assertProblem(response, 405, 20004);
        const listed = response.headers.allow.split(/\s*,\s*/);
        for (const each of right) assert.ok(listed.includes(each), `${target}: ${listed}`);
        assert.ok(!listed.includes(method));
      }
    assert.equal((await server.get(path)).status, 200);
  });

  test('an unknown path is not found', async () => {
    for (const path of ['/nope', '/v1', '/v2/Services', '/v1/Nope', `${DOCUMENTS}/a/b`, '/v1/services'])
      for (const method of ['GET', 'POST', 'PUT'])
        assertProblem(await server.request(method, path), 404, 20404);
    const { json } = await server.get('/v1/Services//Maps//Items');
    assert.equal(json.message, 'The requested resource /Services//Maps//Items was not found');
  });

  test('an id that looks like a SID is taken for one, any other for a name', async () => {
    assertProblem(await server.get(`${DOCUMENTS}/ET${NOBODY}`), 404, 54100);
    assertProblem(await server.get(`${DOCUMENTS}/ET111`), 404, 54300);
    assertProblem(await server.get(`${DOCUMENTS}/nobody`), 404, 54300);
    assertProblem(await server.get(`/v1/Services/IS${NOBODY}`), 404, 54050);
    assertProblem(await server.get('/v1/Services/nobody'), 404);
    assertProblem(await server.get(`/v1/Services/IS${NOBODY}/Documents/x`), 404, 54050);
  });

  test('names in paths are percent-encoded UTF-8', async () => {
    for (const name of ['a b', 'a+b', 'a/b', 'a?b#c', '50%', 'ä€🎈', '%41', '.', '..', '\u0001']) {
      const created = await server.post(DOCUMENTS, { UniqueName: name });
      assert.equal(created.status, 201, name);
      const path = `${DOCUMENTS}/${encodeURIComponent(name).replaceAll('.', '%2E')}`;
      const { status, json } = await server.get(path);
      assert.deepEqual([status, json.sid], [200, created.json.sid], name);
    }
    const { status } = await server.get(`${DOCUMENTS}/%ff`);
    assert.ok(status === 400 || status === 404, 'what is not UTF-8 names nothing');
  });
});
