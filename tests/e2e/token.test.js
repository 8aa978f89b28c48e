'use strict';
// `tutti token`: access tokens for clients, made beside a server that runs.

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { describe, test, before, after } = require('node:test');
const fs = require('node:fs');
const path = require('node:path');
const { Server, run, temporaryFolder, removeFolder, ACCOUNT } = require('./support/server.js');

const DAY_S = 24 * 60 * 60;
const HASHES = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };

const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());

function credentialsIn(folder) {
  const text = fs.readFileSync(path.join(folder, 'credentials'), 'utf8');
  return Object.fromEntries([...text.matchAll(/^(\w+) = (.*)$/gm)].map((match) => match.slice(1)));
}

// As docs/decisions/0003 says.
function secretOf(folder, key) {
  const secret = Buffer.from(credentialsIn(folder).secret, 'hex');
  return crypto.createHmac('sha256', secret).update(`tutti api key ${key}`).digest('hex')
    .slice(0, 32);
}

function read(token) {
  const [header, claims, signature] = token.split('.');
  return { header: decode(header), claims: decode(claims), signature };
}

function signatureOf(token, folder) {
  const { header, claims } = read(token);
  const signed = token.slice(0, token.lastIndexOf('.'));
  return crypto.createHmac(HASHES[header.alg], secretOf(folder, claims.iss)).update(signed)
    .digest('base64url');
}

describe('tutti token', () => {
  let server;

  before(async () => {
    server = await Server.start();
  });
  after(() => server.destroy());

  function call(args, env) {
    const usual = { TUTTI_DATA: server.data, TUTTI_ACCOUNT_SID: ACCOUNT };
    return run(['token', ...args], { env: { ...usual, ...env } });
  }

  async function mint(args, env) {
    const { code, stdout, stderr } = await call(args, env);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, '');
    assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    return stdout.trim();
  }

  async function assertRefused(args, word, expected = 2, env = {}) {
    const { code, stdout, stderr } = await call(args, env);
    assert.equal(code, expected, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, /^tutti: .+\n$/);
    assert.ok(stderr.includes(word), stderr);
    assert.ok(stderr.split(' ').length >= 4, `a sentence: ${stderr}`);
  }

  test('prints a token while the server runs', async () => {
    const from = Math.floor(Date.now() / 1000);
    const token = await mint(['--identity', 'alice']);
    const { header, claims, signature } = read(token);
    assert.deepEqual(header, { typ: 'JWT', alg: 'HS256', cty: 'twilio-fpa;v=1' });
    assert.ok(claims.iat >= from && claims.iat <= Date.now() / 1000);
    assert.match(claims.iss, /^SK[0-9a-f]{32}$/);
    assert.deepEqual(claims, {
      jti: `${claims.iss}-${claims.iat}`,
      iss: claims.iss,
      sub: ACCOUNT,
      iat: claims.iat,
      exp: claims.iat + 3600,
      grants: { identity: 'alice', data_sync: { service_sid: 'default' } },
    });
    assert.equal(signature, signatureOf(token, server.data));
  });

  test('takes identity, service, time to live, key and algorithm', async () => {
    const key = 'SK0123456789abcdef0123456789abcdef';
    const identity = 'Zoë "the" \\ 😀';
    const service = (await server.post('/v1/Services', { FriendlyName: 'chess' })).json.sid;
    for (const algorithm of Object.keys(HASHES)) {
      const token = await mint(['--identity', identity, `--service=${service}`, `--ttl=${DAY_S}`,
        '--key', key, '--algorithm', algorithm]);
      const { header, claims, signature } = read(token);
      assert.equal(header.alg, algorithm);
      assert.equal(claims.iss, key);
      assert.equal(claims.exp - claims.iat, DAY_S);
      assert.deepEqual(claims.grants, { identity, data_sync: { service_sid: service } });
      assert.equal(signature, signatureOf(token, server.data));
    }
  });

  test('warns when there is no such service', async () => {
    const mintFor = (service) => call(['--identity', 'a', '--service', service]);
    const { sid } = (await server.post('/v1/Services', {})).json;
    for (const service of ['default', sid]) assert.equal((await mintFor(service)).stderr, '');
    for (const service of ['nosuch', `IS${'0'.repeat(32)}`]) {
      const { code, stdout, stderr } = await mintFor(service);
      assert.equal(code, 0);
      assert.equal(read(stdout.trim()).claims.grants.data_sync.service_sid, service);
      assert.match(stderr, new RegExp(`^tutti: warning: there is no service ${service} in .+\\n$`));
    }
  });

  test('is signed by the API key whose secret the REST API told', async () => {
    const keys = `/2010-04-01/Accounts/${ACCOUNT}/Keys.json`;
    const { json: key } = await server.post(keys, {});
    const token = await mint(['--identity', 'alice', '--key', key.sid]);
    const signed = token.slice(0, token.lastIndexOf('.'));
    const right = crypto.createHmac('sha256', key.secret).update(signed).digest('base64url');
    assert.equal(read(token).signature, right);
  });

  test("is signed by the server's own key, always the same, which opens nothing else", async () => {
    const [one, other] = [await mint(['--identity', 'a']), await mint(['--identity', 'b'])];
    const key = read(one).claims.iss;
    assert.equal(read(other).claims.iss, key);
    const auth = [key, secretOf(server.data, key)];
    assert.equal((await server.get('/v1/Services', { auth })).status, 401);
  });

  test('finds the data as the server does', async () => {
    const file = path.join(temporaryFolder(), 'tutti.conf');
    const other = 'AC' + 'f'.repeat(32);
    fs.writeFileSync(file, `data = ${server.data}\naccount-sid = ${other}\nthreads = 2\n`);
    for (const [args, env] of [
      [['--config', file], {}],
      [[], { TUTTI_CONFIG: file }],
      [['--data', server.data, '--account-sid', other], {}],
    ]) {
      const { code, stdout, stderr } = await run(['token', '--identity', 'a', ...args], { env });
      assert.equal(code, 0, stderr);
      assert.equal(read(stdout.trim()).claims.sub, other);
    }
    const { stdout } = await run(['token', '--identity', 'a', '--data', server.data]);
    assert.equal(read(stdout.trim()).claims.sub, credentialsIn(server.data).account_sid);
  });

  test('makes no folder and no credentials', async () => {
    const folder = temporaryFolder();
    const missing = path.join(folder, 'data');
    await assertRefused(['--identity', 'a', '--data', missing], missing, 1);
    await assertRefused(['--identity', 'a', '--data', folder], folder, 1);
    assert.deepEqual(fs.readdirSync(folder), []);
    removeFolder(folder);
  });

  test('refuses with a sentence what it cannot do', async () => {
    const identity = ['--identity', 'a'];
    await assertRefused([], 'identity');
    await assertRefused(['--identity'], 'identity');
    await assertRefused(['--identity', ''], 'identity');
    await assertRefused(['--identity', 'a'.repeat(257)], 'identity');
    for (const ttl of ['0', '-1', '1.5', 'x', '', `${DAY_S + 1}`, '99999999999999999999'])
      await assertRefused([...identity, '--ttl', ttl], 'ttl');
    for (const key of ['', 'x', `SK${'A'.repeat(32)}`, `SK${'0'.repeat(31)}`, ACCOUNT])
      await assertRefused([...identity, '--key', key], 'key');
    for (const algorithm of ['', 'none', 'RS256', 'hs256'])
      await assertRefused([...identity, '--algorithm', algorithm], 'algorithm');
    await assertRefused([...identity, '--service', ''], 'service');
    await assertRefused([...identity, '--nonsense', '1'], '--nonsense');
    await assertRefused([...identity, 'nonsense'], 'nonsense');
    await assertRefused(identity, 'account SID', 1, { TUTTI_ACCOUNT_SID: 'x' });
  });

  test('--help names its options and is named by that of the program', async () => {
    const { code, stdout } = await call(['--help']);
    assert.equal(code, 0);
    for (const name of ['identity', 'service', 'ttl', 'key', 'algorithm', 'data', 'config'])
      assert.ok(stdout.includes(`--${name}`), name);
    assert.ok((await run(['--help'])).stdout.includes('tutti token'));
  });
});
