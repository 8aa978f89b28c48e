// Tokens that back ends make: by tutti-sync/server, and by the programs of docs/tokens.md. That in Node
// needs the package installed: test/install.test.js runs it.

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ValidationError } from '../src/index.js';
import { accessToken } from '../src/server.js';
import { backEnd, environment, programs } from './backends.js';
import { World } from './support.js';

const run = promisify(execFile);
const isThere = (command, ...args) => spawnSync(command, args).status === 0;

function folderFor(t) {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-backend-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function assertLetsIn(world, token, identity) {
  const doc = await world.client('nobody', { token }).document('of-a-back-end');
  await doc.set({ n: 1 });
  assert.equal((await world.rest.documents(doc.sid).fetch()).createdBy, identity);
}

const keyOf = ({ office: { account, key } }) => ({
  accountSid: account,
  keySid: key.sid,
  keySecret: key.secret,
});

test('accessToken() makes tokens that the server takes, of any identity and service', async (t) => {
  const world = await World.open(t);
  const key = keyOf(world);
  const identity = 'Zoë "quoted" 😀';
  await assertLetsIn(world, () => accessToken({ ...key, identity }), identity);
  const other = await world.office.rest.sync.v1.services.create({});
  const client = world.client('x', {
    token: accessToken({ ...key, identity, service: other.sid, ttl: 86_400 }),
  });
  const { sid } = await client.document('theirs');
  const there = world.office.rest.sync.v1.services(other.sid).documents(sid);
  assert.equal((await there.fetch()).uniqueName, 'theirs');
});

test('a token of accessToken() ends when it says, and another key signs none', async (t) => {
  const world = await World.open(t);
  const key = keyOf(world);
  const { exp, iat } = JSON.parse(
    Buffer.from(accessToken({ ...key, identity: 'a', ttl: 60 }).split('.')[1], 'base64url'),
  );
  assert.equal(exp - iat, 60);
  const token = accessToken({ ...key, keySecret: 'x'.repeat(32), identity: 'a' });
  await assert.rejects(world.client('a', { token }).document('d'), { status: 401, code: 20107 });
});

test('accessToken() refuses what would make a token that nobody takes', () => {
  const good = { accountSid: 'AC', keySid: 'SK', keySecret: 's', identity: 'a' };
  for (const [options, says] of [
    [undefined, /needs accountSid/],
    [{ ...good, identity: '' }, /needs identity/],
    [{ ...good, keySecret: undefined }, /needs keySecret/],
    [{ ...good, ttl: 86_401 }, /1 to 86400/],
    [{ ...good, ttl: '60' }, /1 to 86400/],
    [{ ...good, keySecrets: 's' }, /did you mean "keySecret"\?/],
  ])
    assert.throws(
      () => accessToken(options),
      (error) => {
        assert.ok(error instanceof ValidationError, error.stack);
        assert.match(error.message, says);
        return true;
      },
    );
});

for (const [language, file, probe, command] of [
  ['python', 'backend.py', ['python3', '--version'], ['python3', 'backend.py']],
  ['go', 'backend.go', ['go', 'version'], ['go', 'run', 'backend.go']],
])
  test(`the back end in ${language} makes tokens`, async (t) => {
    if (!isThere(...probe)) return t.skip(`there is no ${probe[0]} here`);
    const world = await World.open(t);
    const folder = folderFor(t);
    writeFileSync(join(folder, file), programs[language]);
    await assertLetsIn(world, await backEnd(t, world, folder, command), 'alice');
  });

test('the shell makes a token', async (t) => {
  if (!isThere('openssl', 'version')) return t.skip('there is no openssl here');
  const world = await World.open(t);
  const folder = folderFor(t);
  writeFileSync(join(folder, 'token.sh'), programs.sh);
  const { stdout } = await run('sh', ['token.sh', 'alice'], {
    cwd: folder,
    env: environment(world),
  });
  await assertLetsIn(world, stdout.trim(), 'alice');
});
