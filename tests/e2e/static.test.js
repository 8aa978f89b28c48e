'use strict';
// A developer's own folder, served beside the console in development mode (option static), and
// the SDK for pages of other origins.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { Server, run, temporaryFolder, removeFolder } = require('./support/server.js');
const { assertProblem } = require('./support/shapes.js');

const ANYBODY = { auth: null };

let server, folder;

before(async () => {
  folder = temporaryFolder();
  const write = (name, content) => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), content);
  };
  write('site/index.html', '<!DOCTYPE html><title>mine</title>');
  write('site/app.js', 'export const one = 1;\n');
  write('site/a page.html', 'spaces');
  write('site/empty.txt', '');
  write('site/deep/er/index.html', 'deep');
  write('site/deep/er/data.json', '{}');
  write('site/.env', 'SECRET');
  write('site/.git/config', 'SECRET');
  write('site/large.bin', Buffer.alloc((16 << 20) + 1));
  write('secret.txt', 'SECRET');
  fs.symlinkSync(path.join(folder, 'secret.txt'), path.join(folder, 'site/link.txt'));
  fs.symlinkSync(folder, path.join(folder, 'site/up'));
  server = await Server.start({ args: ['--development', '--static', path.join(folder, 'site')] });
});
after(async () => {
  await server.destroy();
  removeFolder(folder);
});

const get = (target, options) => server.get(target, { ...ANYBODY, ...options });

// The answer to a request line as it stands: clients would tidy the path.
function raw(target) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(server.port, '127.0.0.1', () =>
      socket.write(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`),
    );
    let text = '';
    socket.on('data', (bytes) => (text += bytes)).on('end', () => resolve(text)).on('error', reject);
  });
}

describe('a folder of files', () => {
  test('is served with types that browsers take', async () => {
    for (const [name, type, content] of [
      ['', 'text/html; charset=utf-8', '<!DOCTYPE html><title>mine</title>'],
      ['index.html', 'text/html; charset=utf-8', '<!DOCTYPE html><title>mine</title>'],
      ['app.js', 'text/javascript; charset=utf-8', 'export const one = 1;\n'],
      ['a%20page.html', 'text/html; charset=utf-8', 'spaces'],
      ['deep/er/', 'text/html; charset=utf-8', 'deep'],
      ['deep/er/data.json?x=1', 'application/json; charset=utf-8', '{}'],
    ]) {
      const { status, headers, text } = await get(`/static/${name}`);
      assert.deepEqual([status, headers['content-type'], text], [200, type, content], name);
      assert.equal(headers['x-content-type-options'], 'nosniff');
    }
    assert.deepEqual([(await get('/static/empty.txt')).status], [200]);
  });

  test('has tags, and 304 for those who have it, until it changes', async () => {
    const { headers } = await get('/static/app.js');
    const same = { headers: { 'If-None-Match': headers.etag } };
    const again = await get('/static/app.js', same);
    assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', headers.etag]);
    fs.writeFileSync(path.join(folder, 'site/app.js'), 'export const one = 11;\n');
    const changed = await get('/static/app.js', same);
    assert.deepEqual([changed.status, changed.text], [200, 'export const one = 11;\n']);
  });

  test('sends those who name a folder to its page', async () => {
    for (const [name, place] of [['/static', '/static/'], ['/static/deep/er', '/static/deep/er/']]) {
      const { status, headers } = await get(name);
      assert.deepEqual([status, headers.location], [302, place]);
    }
  });

  test('has no way out, nothing hidden and nothing too large', async () => {
    for (const name of [
      'nothing', 'deep/', 'app.js/', 'app.js/x', '.env', '.git/config', '%2egit/config', 'link.txt',
      'up/secret.txt', 'up/', '../secret.txt', '%2e%2e/secret.txt', '..%2fsecret.txt', '..%2Fsecret.txt',
      'deep/../../secret.txt', 'deep/%2e%2e/%2e%2e/secret.txt', './index.html', '/index.html',
      '/etc/passwd', '%2fetc/passwd', 'index.html%00', 'index.html%00.js', 'large.bin', '%ff',
    ]) {
      const text = await raw(`/static/${name}`);
      assert.match(text, /^HTTP\/1\.1 404 /, name);
      assert.ok(!text.includes('SECRET'), name);
    }
  });

  test('is for this machine alone, and for reading', async () => {
    assertProblem(await server.post('/static/app.js', {}), 405, 20004);
    for (const headers of [{ Host: 'evil.example' }, { 'X-Forwarded-For': '1.2.3.4' }])
      assertProblem(await get('/static/app.js', { headers }), 403, 20403);
  });

  test('is served in development mode only, and must be one', async (t) => {
    const other = await Server.startFor(t);
    assertProblem(await other.get('/static/app.js'), 404);
    const data = path.join(temporaryFolder(), 'data');
    for (const [args, word] of [
      [['--static', folder], '--development'],
      [['--development', '--static', path.join(folder, 'none')], 'none'],
      [['--development', '--static', path.join(folder, 'secret.txt')], 'secret.txt'],
    ])
      for (const more of [[], ['--check-config']]) {
        const { code, stderr } = await run(['serve', '--listen', '127.0.0.1:0', '--data', data, ...args, ...more]);
        assert.notEqual(code, 0);
        assert.match(stderr, /^tutti: .+\n$/);
        assert.ok(stderr.includes(word), stderr);
      }
    assert.ok(!fs.existsSync(data));
  });
});

test('the SDK may be loaded by pages of other origins, and nothing else of the console', async () => {
  const headers = { Origin: 'http://localhost:3000' };
  const module = await get('/sdk/index.js', { headers });
  assert.equal(module.status, 200);
  assert.equal(module.headers['access-control-allow-origin'], '*');
  for (const name of ['/', '/console/js/main.js', '/demo/counter', '/console/about'])
    assert.equal((await get(name, { headers })).headers['access-control-allow-origin'], undefined, name);
});
