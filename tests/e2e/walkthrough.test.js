'use strict';
// The walkthrough of "Mutation and Conflict Resolution", as its readers type it: with curl.

const assert = require('node:assert/strict');
const { describe, test, before, after } = require('node:test');
const { execFile } = require('node:child_process');
const { Server, ACCOUNT, TOKEN } = require('./support/server.js');

let server;
let service;
before(async () => {
  server = await Server.start();
  service = JSON.parse((await curl(`${server.base}/v1/Services/default`)).body).sid;
});
after(() => server.destroy());

// curl with the walkthrough's credentials: {status, headers, body}.
function curl(...args) {
  const all = ['--silent', '--show-error', '--include', '-u', `${ACCOUNT}:${TOKEN}`, ...args];
  return new Promise((resolve, reject) => {
    execFile('curl', all, (error, stdout) => (error ? reject(error) : resolve(understand(stdout))));
  });
}

function understand(text) {
  const end = text.lastIndexOf('\r\n\r\n');
  const [statusLine, ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(statusLine.split(' ')[1]), headers, body: text.slice(end + 4) };
}

const seen = ({ status, headers, body }) => {
  const { revision, data } = JSON.parse(body);
  return { status, etag: headers.etag, revision, data };
};

for (const prefix of ['/v1/Sync/Services', '/v1/Services'])
  describe(`the walkthrough under ${prefix}`, () => {
    const documents = () => `${server.base}${prefix}/${service}/Documents`;
    const name = `MyFirstDocument${prefix.length}`;
    const document = () => `${documents()}/${name}`;

    test('a document is created', async () => {
      const response = await curl(
        ...['-X', 'POST', documents()],
        ...['-d', `UniqueName=${name}`],
        ...['-d', 'Data={firstName:Alice,lastName:Xavier}'],
      );
      assert.equal(response.status, 201);
      const body = JSON.parse(response.body);
      const { sid, date_created: date } = body;
      assert.match(sid, /^ET[0-9a-f]{32}$/);
      assert.match(date, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.deepEqual(body, {
        account_sid: ACCOUNT,
        service_sid: service,
        sid,
        unique_name: name,
        revision: '0',
        date_created: date,
        date_updated: date,
        date_expires: null,
        created_by: 'system',
        url: `${server.base}/v1/Services/${service}/Documents/${sid}`,
        data: { firstName: 'Alice', lastName: 'Xavier' },
        links: {
          permissions: `${server.base}/v1/Services/${service}/Documents/${sid}/Permissions`,
        },
      });
    });

    test('it is read, with its revision as ETag', async () => {
      assert.deepEqual(seen(await curl(document())), {
        status: 200,
        etag: '"0"',
        revision: '0',
        data: { firstName: 'Alice', lastName: 'Xavier' },
      });
    });

    test('it is changed at the revision that was read', async () => {
      const response = await curl(
        ...['-X', 'POST', document()],
        ...['-H', 'If-Match: 0'],
        ...['-d', 'Data={firstName:Alice,lastName:Yan}'],
      );
      assert.deepEqual(seen(response), {
        status: 200,
        etag: '"1"',
        revision: '1',
        data: { firstName: 'Alice', lastName: 'Yan' },
      });
    });

    test('whoever changes it at an older revision is refused', async () => {
      for (const revision of ['0', '"0"']) {
        const response = await curl(
          ...['-X', 'POST', document()],
          ...['-H', `If-Match: ${revision}`],
          ...['-d', 'Data={firstName:Alice,lastName:Zhou}'],
        );
        assert.equal(response.status, 412);
        assert.match(response.headers['content-type'], /^application\/json/);
        assert.deepEqual(JSON.parse(response.body), {
          code: 54103,
          message: 'The revision of the Document does not match the expected revision',
          more_info: `${server.base}/docs/errors/54103`,
          status: 412,
        });
      }
      assert.deepEqual(seen(await curl(document())).data, { firstName: 'Alice', lastName: 'Yan' });
    });

    test('reads it again, and succeeds with the new ETag', async () => {
      const { etag } = seen(await curl(document()));
      const response = await curl(
        ...['-X', 'POST', document()],
        ...['-H', `If-Match: ${etag}`],
        ...['--data-urlencode', 'Data={"firstName": "Alice", "lastName": "Zhou"}'],
      );
      const { status, revision, data } = seen(response);
      assert.deepEqual([status, revision], [200, '2']);
      assert.deepEqual(data, { firstName: 'Alice', lastName: 'Zhou' });
    });

    test('without If-Match the last one to write wins', async () => {
      await curl('-X', 'POST', document(), '-d', 'Data={firstName:Bob}');
      await curl('-X', 'POST', document(), '-d', 'Data={firstName:Carol}');
      const { revision, data } = seen(await curl(document()));
      assert.deepEqual([revision, data], ['4', { firstName: 'Carol' }]);
    });

    test('an unguarded write defeats a guarded one built on the revision before', async () => {
      const { etag } = seen(await curl(document()));
      await curl('-X', 'POST', document(), '-d', 'Data={firstName:Dave}');
      const guarded = ['-X', 'POST', document(), '-H', `If-Match: ${etag}`, '-d', 'Data={}'];
      assert.equal((await curl(...guarded)).status, 412);
      assert.deepEqual(seen(await curl(document())).data, { firstName: 'Dave' });
    });

    test('it is removed, and gone', async () => {
      const removed = await curl('-X', 'DELETE', document());
      assert.deepEqual([removed.status, removed.body], [204, '']);
      const missing = await curl(document());
      assert.equal(missing.status, 404);
      assert.equal(JSON.parse(missing.body).code, 54300);
    });
  });

test('without credentials there is nothing to see', async () => {
  const { status, headers, body } = await curl(
    '-u',
    'nobody:nothing',
    `${server.base}/v1/Services`,
  );
  assert.equal(status, 401);
  assert.equal(JSON.parse(body).code, 20003);
  assert.match(headers['www-authenticate'], /^Basic/);
});

test('large data sent by curl, which asks with Expect first, arrives whole', async () => {
  const data = JSON.stringify({ x: 'x'.repeat(16_000) });
  const response = await curl(
    ...['-H', 'Expect: 100-continue', '--http1.1'],
    ...['--data-urlencode', `Data=${data}`],
    `${server.base}/v1/Services/default/Documents`,
  );
  assert.equal(JSON.parse(response.body).data.x.length, 16_000);
});
