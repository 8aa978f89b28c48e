'use strict';
// What the console's pages ask of the server, and whom it refuses (docs/console.md).

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const zlib = require('node:zlib');
const { eventually } = require('./support/eventually.js');
const { Connection } = require('./support/packets.js');
const { BINARY, Server, run, temporaryFolder, removeFolder, ACCOUNT, TOKEN } = require('./support/server.js');
const { assertProblem } = require('./support/shapes.js');

const ROOT = path.join(__dirname, '../..');
const PAGE = 'console/index.html';
const THREADS = 4;
const NOBODY = 65534;
const ANYBODY = { auth: null };

// What the server serves, by its path: the rule that src/console/embed.py has.
function servedPath(file) {
  if (file === PAGE) return '/';
  if (/^console\/demo\/.*\.html$/.test(file)) return `/${file.slice('console/'.length, -'.html'.length)}`;
  return file.startsWith('console/') ? `/${file}` : file.replace('sdk/js/src/', '/sdk/');
}

function filesBelow(folder) {
  if (!fs.existsSync(path.join(ROOT, folder))) return [];
  return fs
    .readdirSync(path.join(ROOT, folder), { withFileTypes: true })
    .filter(({ name }) => !/^(\.|node_modules$|tests?$)/.test(name))
    .flatMap((entry) => {
      const name = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return filesBelow(name);
      return /\.(html|css|m?js|svg|png|ico|woff2)$/.test(name) ? [name] : [];
    });
}

const FILES = [...filesBelow('console'), ...filesBelow('sdk/js/src')];

const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

async function mint(server, fields, options) {
  const { status, json, text } = await server.post('/console/tokens', fields, options);
  assert.equal(status, 201, text);
  return json;
}

let server;
before(async () => (server = await Server.start({ args: ['--threads', `${THREADS}`] })));
after(() => server.destroy());

describe('files', () => {
  test('are those of the repository, each of them', async () => {
    for (const file of FILES) {
      const response = await server.get(servedPath(file), ANYBODY);
      assert.equal(response.status, 200, file);
      assert.deepEqual(response.bytes, fs.readFileSync(path.join(ROOT, file)), file);
      assert.equal(response.headers['content-encoding'], undefined);
    }
  });

  test('say what they are', async () => {
    const types = {
      html: 'text/html; charset=utf-8',
      css: 'text/css; charset=utf-8',
      js: 'text/javascript; charset=utf-8',
      svg: 'image/svg+xml',
    };
    for (const file of FILES) {
      const { headers } = await server.get(servedPath(file), ANYBODY);
      const expected = types[path.extname(file).slice(1)];
      if (expected) assert.equal(headers['content-type'], expected, file);
    }
  });

  test('come compressed to those who take that, and are the same', async () => {
    const headers = { 'Accept-Encoding': 'gzip, br' };
    for (const file of FILES) {
      const response = await server.get(servedPath(file), { ...ANYBODY, headers });
      const content = fs.readFileSync(path.join(ROOT, file));
      assert.equal(response.headers.vary, 'Accept-Encoding');
      if (response.headers['content-encoding'] === undefined) continue; // too small for it
      assert.equal(response.headers['content-encoding'], 'gzip');
      assert.ok(response.bytes.length < content.length);
      assert.deepEqual(zlib.gunzipSync(response.bytes), content, file);
      assert.equal(response.bytes.readUInt32LE(4), 0, 'no date: builds are the same');
    }
    const page = await server.get('/', { ...ANYBODY, headers });
    assert.equal(page.headers['content-encoding'], 'gzip');
  });

  test('come plain to those who refuse gzip', async () => {
    for (const value of ['identity', 'gzip;q=0', 'br, *;q=0']) {
      const response = await server.get('/', { ...ANYBODY, headers: { 'Accept-Encoding': value } });
      assert.equal(response.headers['content-encoding'], undefined, value);
    }
  });

  test('have a tag that is a hash, and 304 for those who have it', async () => {
    const hash = createHash('sha256').update(fs.readFileSync(path.join(ROOT, PAGE))).digest('hex');
    const plain = await server.get('/', ANYBODY);
    const packed = await server.get('/', { ...ANYBODY, headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(plain.headers.etag, `"${hash.slice(0, 16)}"`);
    assert.notEqual(packed.headers.etag, plain.headers.etag);
    const { etag } = plain.headers;
    for (const value of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const headers = { 'If-None-Match': value };
      const again = await server.get('/', { ...ANYBODY, headers });
      assert.equal(again.status, 304, value);
      assert.equal(again.text, '');
      assert.equal(again.headers.etag, etag);
      assert.equal(again.headers['cache-control'], 'no-cache');
      assert.equal(again.headers.vary, 'Accept-Encoding');
    }
    const headers = { 'If-None-Match': etag, 'Accept-Encoding': 'gzip' };
    assert.equal((await server.get('/', { ...ANYBODY, headers })).status, 200, 'another form');
  });

  test('tell browsers what they may not do', async () => {
    const { headers } = await server.get('/', ANYBODY);
    const host = `127.0.0.1:${server.port}`;
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['cache-control'], 'no-cache');
    assert.equal(
      headers['content-security-policy'],
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
        `connect-src 'self' ws://${host} wss://${host}; base-uri 'none'; form-action 'none'; ` +
        "frame-ancestors 'none'",
    );
    assert.equal(headers['access-control-allow-origin'], undefined);
  });

  test('take no policy from a Host header', async () => {
    const headers = { Host: "x; script-src 'unsafe-inline'" };
    const response = await server.get('/', { ...ANYBODY, headers });
    assert.doesNotMatch(response.headers['content-security-policy'] ?? '', /unsafe/);
  });

  test('answer HEAD as GET, without the body', async () => {
    const get = await server.get('/', ANYBODY);
    const head = await server.request('HEAD', '/', ANYBODY);
    assert.equal(head.status, 200);
    assert.equal(head.text, '');
    for (const name of ['etag', 'content-length', 'content-type', 'content-security-policy'])
      assert.equal(head.headers[name], get.headers[name], name);
  });

  test('take no other method', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const response = await server.request(method, '/', ANYBODY);
      assertProblem(response, 405, 20004);
      assert.equal(response.headers.allow, 'GET, HEAD');
    }
  });

  test('that are not there are not found, whatever is tried', async () => {
    for (const target of [
      '/console/none.js',
      '/console/',
      '/console/index.html',
      '/console/../main.c',
      '/console/%2e%2e/credentials',
      '/console//etc/passwd',
      '/sdk/',
      '/sdk/%00',
      '/demo/',
      '/demo/counter/',
      '/demo/counter.html',
    ])
      assertProblem(await server.get(target), 404, 20404);
  });
});

describe('the build', () => {
  const embed = (folder, ...from) =>
    execFileSync('python3', [
      path.join(ROOT, 'src/console/embed.py'),
      path.join(folder, 'out.c'),
      path.join(folder, 'out.d'),
      ...from.map((name) => path.join(folder, name)),
    ]);

  test('gives the same bytes for the same files, and finds new ones', (t) => {
    const folder = temporaryFolder();
    t.after(() => removeFolder(folder));
    const output = () => fs.readFileSync(path.join(folder, 'out.c'), 'utf8');
    fs.mkdirSync(path.join(folder, 'console/test'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'console/index.html'), '');
    fs.writeFileSync(path.join(folder, 'console/test/x.js'), 'not for users');
    fs.writeFileSync(path.join(folder, 'console/.x.js.swp'), 'nor this');
    embed(folder, 'console', 'none');
    const first = output();
    assert.match(first, /files_count = 1;/);
    embed(folder, 'console', 'none');
    assert.equal(output(), first);
    fs.writeFileSync(path.join(folder, 'console/a.js'), 'a');
    embed(folder, 'console', 'none');
    assert.match(output(), /files_count = 2;/);
    const depends = fs.readFileSync(path.join(folder, 'out.d'), 'utf8');
    assert.match(depends, /console\/a\.js/);
    assert.ok(depends.split(' ').includes(path.join(folder, 'console')), 'the folder, too');
  });
});

describe('about', () => {
  test('is open to all', async () => {
    const { status, json, headers } = await server.get('/console/about', ANYBODY);
    assert.equal(status, 200);
    assert.deepEqual(json, { version: '0.1.0', development: false, read_only: false });
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.match(headers['content-type'], /^application\/json/);
  });

  test('takes no other method', async () => {
    const response = await server.post('/console/about', {});
    assertProblem(response, 405, 20004);
    assert.equal(response.headers.allow, 'GET, HEAD');
  });
});

describe('tokens', () => {
  test('are made for whoever is asked for', async () => {
    const before = Math.floor(Date.now() / 1000);
    const json = await mint(server, { identity: 'zoë', ttl: 60 });
    assert.equal(json.identity, 'zoë');
    assert.match(json.service_sid, /^IS[0-9a-f]{32}$/);
    const { exp, grants, sub } = claims(json.token);
    assert.ok(exp >= before + 60 && exp <= before + 70);
    assert.equal(Date.parse(json.expires), exp * 1000);
    assert.equal(grants.identity, 'zoë');
    assert.equal(sub, ACCOUNT);
    const connection = await Connection.start(server, json.token);
    connection.socket.close();
  });

  test('are asked for as JSON as well', async () => {
    const { status, json } = await server.request('POST', '/console/tokens', {
      json: { identity: 'bob', ttl: 120, service: null },
    });
    assert.equal(status, 201);
    assert.equal(json.identity, 'bob');
  });

  test('are for any service, by name or SID', async () => {
    const made = await server.post('/v1/Services', { FriendlyName: 'console' });
    const json = await mint(server, { identity: 'a', service: made.json.sid });
    assert.equal(json.service_sid, made.json.sid);
    const response = await server.post('/console/tokens', { identity: 'a', service: 'nowhere' });
    assertProblem(response, 404, 54050);
  });

  test('are refused where a field cannot be so', async () => {
    for (const fields of [
      {},
      { identity: '' },
      { identity: 'x'.repeat(257) },
      { identity: 'a', ttl: 0 },
      { identity: 'a', ttl: 86401 },
      { identity: 'a', ttl: 'soon' },
      { identity: 'a', service: '' },
    ])
      assertProblem(await server.post('/console/tokens', fields), 400, 20422);
    for (const body of ['[]', '{', '{"identity":"a"'])
      assertProblem(await server.request('POST', '/console/tokens', { json: body }), 400, 20422);
    const headers = { 'Content-Type': 'text/plain' };
    const response = await server.request('POST', '/console/tokens', { body: 'identity=a', headers });
    assertProblem(response, 415, 20415);
  });

  test('need credentials', async () => {
    for (const auth of [null, [ACCOUNT, `${TOKEN}x`], ['nobody', TOKEN], [ACCOUNT, '']]) {
      const response = await server.post('/console/tokens', { identity: 'a' }, { auth });
      assertProblem(response, 401, 20003);
      assert.match(response.headers['www-authenticate'], /^Basic /);
    }
  });

  test('made with a key end with that key', async () => {
    const keys = `/2010-04-01/Accounts/${ACCOUNT}/Keys.json`;
    const { json: key } = await server.post(keys, { FriendlyName: 'console' });
    const auth = [key.sid, key.secret];
    const { token } = await mint(server, { identity: 'a' }, { auth });
    assert.equal(claims(token).iss, key.sid);
    await server.delete(keys.replace('.json', `/${key.sid}.json`));
    assertProblem(await server.post('/console/tokens', { identity: 'a' }, { auth }), 401, 20003);
    assertProblem(await server.get('/console/connections', { auth }), 401, 20003);
  });

  test('are made by POST only', async () => {
    const response = await server.get('/console/tokens');
    assertProblem(response, 405, 20004);
    assert.equal(response.headers.allow, 'POST');
  });
});

describe('connections', () => {
  test('need credentials', async () => {
    assertProblem(await server.get('/console/connections', ANYBODY), 401, 20003);
    assertProblem(await server.get('/console/connections', { auth: [ACCOUNT, 'x'] }), 401, 20003);
  });

  test('show every client, whichever thread has it, until it has gone', async (t) => {
    const identities = Array.from({ length: 4 * THREADS }, (_, at) => `client "${at}" é`);
    const clients = [];
    t.after(() => clients.forEach(({ socket }) => socket.terminate()));
    for (const identity of identities) {
      const { token, service_sid } = await mint(server, { identity });
      const client = await Connection.open(server);
      const metadata = { sdk: 'JS', sdkv: '9.8.7', ver: 1 };
      await client.request({ method: 'init', token, metadata });
      clients.push(Object.assign(client, { service_sid }));
    }
    const { status, json } = await server.get('/console/connections');
    assert.equal(status, 200);
    assert.equal(json.truncated, false);
    const shown = json.connections.filter(({ identity }) => identities.includes(identity));
    assert.deepEqual(shown.map(({ identity }) => identity).sort(), [...identities].sort());
    for (const row of shown) {
      const { identity, since, ...rest } = row;
      assert.ok(Math.abs(Date.parse(since) - Date.now()) < 60_000, since);
      assert.match(identity, /^client/);
      assert.deepEqual(rest, {
        service_sid: clients[0].service_sid,
        sdk: 'JS',
        sdk_version: '9.8.7',
        address: '127.0.0.1',
        subscriptions: 0,
        queued_bytes: 0,
      });
    }
    clients.forEach(({ socket }) => socket.close());
    const gone = await eventually(async () => {
      const { json } = await server.get('/console/connections');
      return !json.connections.some(({ identity }) => identities.includes(identity));
    });
    assert.ok(gone);
  });

  test('say nothing of a client that showed no token, and cut what it says of itself', async (t) => {
    const silent = await Connection.open(server);
    const { token } = await mint(server, { identity: 'wordy' });
    const wordy = await Connection.open(server);
    t.after(() => [silent, wordy].forEach(({ socket }) => socket.terminate()));
    await wordy.request({ method: 'init', token, metadata: { sdk: 'é'.repeat(1000), sdkv: 7 } });
    const { json } = await server.get('/console/connections');
    const [row] = json.connections.filter(({ identity }) => identity === 'wordy');
    assert.equal(row.sdk, 'é'.repeat(23));
    assert.equal(row.sdk_version, null);
    assert.ok(json.connections.every(({ identity }) => identity));
  });

  test('are counted for many who ask at once', async () => {
    const asks = Array.from({ length: 200 }, () => server.get('/console/connections'));
    for (const { status, json, headers } of await Promise.all(asks)) {
      assert.ok(status === 200 || status === 503, `${status}`);
      if (status === 200) assert.ok(Array.isArray(json.connections));
      else assert.equal(headers['retry-after'], '1');
    }
  });

  test('do not keep the server from stopping', async (t) => {
    const other = await Server.startFor(t, { args: ['--threads', `${THREADS}`] });
    const asks = Array.from({ length: 100 }, () => other.get('/console/connections').catch(() => {}));
    await other.get('/console/about');
    assert.deepEqual(await other.stop(), { code: 0, signal: null });
    await Promise.all(asks);
  });
});

describe('without development mode', () => {
  test('there is no session, and no visitor', async () => {
    assertProblem(await server.get('/console/session'), 404, 20404);
    assertProblem(await server.post('/demo/tokens', {}), 404, 20404);
  });
});

describe('development mode', () => {
  let local;
  before(async () => (local = await Server.start({ args: ['--development'] })));
  after(() => local.destroy());

  // Each of these is one reason to refuse.
  const foreign = () => [
    { Host: 'evil.example' },
    { Host: `evil.example:${local.port}` },
    { Host: `rebound.example:${local.port}`, Origin: `http://rebound.example:${local.port}` },
    { Host: '127.0.0.1.nip.io' },
    { Host: '0.0.0.0' },
    { Origin: 'http://evil.example' },
    { Origin: 'null' },
    { Origin: 'http://localhost:5173' },
    { Origin: `https://127.0.0.1:${local.port}` },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { 'X-Forwarded-For': '10.0.0.1' },
    { Forwarded: 'for=10.0.0.1' },
    { Via: '1.1 proxy' },
    { 'X-Forwarded-Host': 'sync.example' },
    { 'X-Forwarded-Proto': 'https' },
    { 'X-Real-IP': '10.0.0.1' },
  ];
  const own = () => [
    {},
    { Origin: `http://127.0.0.1:${local.port}`, 'Sec-Fetch-Site': 'same-origin' },
    { Host: 'localhost', Origin: 'http://localhost' },
    { Host: '[::1]:8080', 'Sec-Fetch-Site': 'none' },
  ];

  test('says so', async () => {
    const { json } = await local.get('/console/about', ANYBODY);
    assert.deepEqual(json, { version: '0.1.0', development: true, read_only: false });
  });

  test('does not give the credentials to a proxy that is an HTTP/1.0 client, as nginx is by default', async () => {
    const socket = net.connect(local.port, '127.0.0.1');
    socket.end(`GET /console/session HTTP/1.0\r\nHost: 127.0.0.1:${local.port}\r\n\r\n`);
    let answer = '';
    for await (const bytes of socket) answer += bytes;
    assert.match(answer, /^HTTP\/1\.[01] 403 /);
    assert.ok(!answer.includes(TOKEN));
  });

  test('does not give the credentials to another user of the machine, as whom proxies run', async (t) => {
    if (process.getuid() !== 0) return t.skip('only root can be two users');
    const folder = temporaryFolder();
    fs.chownSync(folder, NOBODY, NOBODY);
    const binary = path.join(folder, 'tutti');
    fs.copyFileSync(BINARY, binary);
    fs.chmodSync(binary, 0o755);
    const other = await Server.startFor(t, {
      binary,
      data: path.join(folder, 'data'),
      args: ['--development'],
      uid: NOBODY,
      gid: NOBODY,
    });
    assertProblem(await other.get('/console/session', { auth: null }), 403, 20403);
    assertProblem(await other.post('/demo/tokens', {}, { auth: null }), 403, 20403);
  });

  test('gives the credentials to its own pages', async () => {
    for (const headers of own()) {
      const response = await local.get('/console/session', { auth: null, headers });
      assert.equal(response.status, 200, JSON.stringify(headers));
      assert.deepEqual(response.json, { account_sid: ACCOUNT, auth_token: TOKEN });
      assert.equal(response.headers['cache-control'], 'no-store');
      assert.equal(response.headers['access-control-allow-origin'], undefined);
    }
  });

  test('gives visitors a token that works', async () => {
    const first = await local.post('/demo/tokens', {}, ANYBODY);
    assert.equal(first.status, 201);
    assert.match(first.json.identity, /^visitor-[0-9a-f]{4}$/);
    assert.equal(claims(first.json.token).grants.identity, first.json.identity);
    const connection = await Connection.start(local, first.json.token);
    connection.socket.close();
  });

  test('asks its own pages for no credentials', async () => {
    assert.equal((await local.post('/console/tokens', { identity: 'a' }, ANYBODY)).status, 201);
    assert.equal((await local.get('/console/connections', ANYBODY)).status, 200);
  });

  test('still looks at those that are sent', async () => {
    const auth = [ACCOUNT, 'wrong'];
    assertProblem(await local.get('/console/connections', { auth }), 401, 20003);
  });

  test('gives nothing to other pages, rebound names and proxies', async () => {
    for (const headers of foreign()) {
      const options = { auth: null, headers };
      assertProblem(await local.get('/console/session', options), 403, 20403);
      assertProblem(await local.post('/demo/tokens', {}, options), 403, 20403);
      assertProblem(await local.post('/console/tokens', { identity: 'a' }, options), 401, 20003);
      assertProblem(await local.get('/console/connections', options), 401, 20003);
    }
  });

  test('does not open the REST API', async () => {
    assertProblem(await local.get('/v1/Services', ANYBODY), 401, 20003);
  });

  test('is not to be had where others can come', async () => {
    const data = temporaryFolder();
    const args = ['serve', '--development', '--data', data, '--listen', '0.0.0.0:0'];
    const { code, stdout, stderr } = await run(args);
    removeFolder(data);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /^tutti: development .* listen/m);
  });
});

describe('a console that only looks', () => {
  let calm;
  before(async () => (calm = await Server.start({ args: ['--console-read-only', '--development'] })));
  after(() => calm.destroy());

  const DOCUMENTS = '/v1/Services/default/Documents';
  const FROM_CONSOLE = { headers: { 'Tutti-Console': '1' } };

  test('says so', async () => {
    assert.equal((await calm.get('/console/about')).json.read_only, true);
  });

  test('writes nothing, and reads all', async () => {
    const { json } = await calm.post(DOCUMENTS, { UniqueName: 'd', Data: '{}' });
    const one = `${DOCUMENTS}/${json.sid}`;
    assert.equal((await calm.get(one, FROM_CONSOLE)).status, 200);
    assert.equal((await calm.request('HEAD', one, FROM_CONSOLE)).status, 200);
    for (const [method, target] of [
      ['POST', DOCUMENTS],
      ['POST', one],
      ['DELETE', one],
      ['POST', `/2010-04-01/Accounts/${ACCOUNT}/Keys.json`],
    ])
      assertProblem(await calm.request(method, target, FROM_CONSOLE), 403, 20403);
    assertProblem(await calm.post(DOCUMENTS, {}, { ...FROM_CONSOLE, auth: null }), 401, 20003);
    assert.equal((await calm.delete(one)).status, 204, 'REST stays what it is');
  });

  test('has tokens for itself alone, and not for long', async () => {
    assert.equal((await mint(calm, { identity: 'console' })).identity, 'console');
    for (const fields of [{ identity: 'alice' }, { identity: 'console', ttl: 3601 }])
      assertProblem(await calm.post('/console/tokens', fields), 403, 20403);
    assertProblem(await calm.post('/demo/tokens', {}), 403, 20403);
  });
});

describe('without a console', () => {
  test('none of its paths is there', async (t) => {
    const bare = await Server.startFor(t, { args: ['--console', 'off', '--development'] });
    for (const target of ['/', '/demo/counter', '/console/about', '/console/session'])
      assertProblem(await bare.get(target), 404, 20404);
    assertProblem(await bare.post('/console/tokens', { identity: 'a' }), 404, 20404);
    assert.equal((await bare.get('/v1/Services')).status, 200);
  });

  test('the switch for it needs on or off', async () => {
    const { code, stderr } = await run(['serve', '--console', 'maybe']);
    assert.equal(code, 2);
    assert.match(stderr, /console must be on or off/);
  });
});

test('the access log has the requests of the console', async (t) => {
  const talkative = await Server.startFor(t, { args: ['--access-log', 'on'] });
  await talkative.get('/', ANYBODY);
  const logged = () => /msg=request method=GET path=\/ status=200/.test(talkative.errors);
  assert.ok(await eventually(logged), talkative.errors);
});
