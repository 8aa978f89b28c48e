// The package as a stranger gets it: packed, or from the folder as git has it, in a new project.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { backEnd, programs } from './backends.js';
import { World } from './support.js';

const run = promisify(execFile);
const sdk = fileURLToPath(new URL('..', import.meta.url));
const NOT_IN_GIT = ['dist', 'node_modules'];

const MODULE = `
import { SyncClient } from 'tutti-sync';
const client = new SyncClient(process.env.TOKEN, { url: process.env.URL });
const doc = await client.document('installed');
await doc.mutate(({ n = 0 }) => ({ n: n + 1 }));
console.log(doc.data.n);
await client.shutdown();
`;
const SCRIPT = `
const { SyncClient } = require('tutti-sync');
const client = new SyncClient(process.env.TOKEN, { url: process.env.URL });
client.document('installed').then(async (doc) => {
  await doc.mutate(({ n = 0 }) => ({ n: n + 1 }));
  console.log(doc.data.n);
  await client.shutdown();
});
`;

let registry;
before(async () => {
  registry = await run('npm', ['ping', '--fetch-retries=0', '--fetch-timeout=10000']).then(
    () => true,
    () => false,
  );
});

function folderFor(t) {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-install-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// The SDK's folder as a clone has it.
function cloneFor(t) {
  const clone = join(folderFor(t), 'sdk');
  mkdirSync(clone);
  for (const name of readdirSync(sdk))
    if (!NOT_IN_GIT.includes(name)) cpSync(join(sdk, name), join(clone, name), { recursive: true });
  return clone;
}

/** A new project with nothing but what `npm install` is told to bring. */
async function projectWith(t, what) {
  const app = folderFor(t);
  writeFileSync(join(app, 'package.json'), '{"name": "app", "version": "1.0.0"}');
  writeFileSync(join(app, 'module.mjs'), MODULE);
  writeFileSync(join(app, 'script.cjs'), SCRIPT);
  await run('npm', ['install', what], { cwd: app });
  return app;
}

async function assertRuns(t, app) {
  const world = await World.open(t);
  const env = { ...process.env, URL: world.server.base, TOKEN: world.office.token('alice') };
  for (const [file, printed] of [
    ['module.mjs', '1\n'],
    ['script.cjs', '2\n'],
  ])
    assert.equal((await run('node', [file], { cwd: app, env })).stdout, printed, file);
}

// The guide's back end, with the package installed beside it.
async function assertMakesTokens(t, app) {
  const world = await World.open(t);
  writeFileSync(join(app, 'backend.mjs'), programs.js);
  const client = world.client('nobody', {
    token: await backEnd(t, world, app, ['node', 'backend.mjs']),
  });
  const doc = await client.document('of-a-back-end');
  await doc.set({ n: 1 });
  assert.equal((await world.rest.documents(doc.sid).fetch()).createdBy, 'alice');
}

test('a packed package is installed and runs', async (t) => {
  const clone = cloneFor(t);
  symlinkSync(join(sdk, 'node_modules'), join(clone, 'node_modules'));
  await run('npm', ['pack'], { cwd: clone });
  const tarball = readdirSync(clone).find((name) => name.endsWith('.tgz'));
  const app = await projectWith(t, join(clone, tarball));
  await assertRuns(t, app);
  await assertMakesTokens(t, app);
});

test('the folder of a clone is installed and runs', async (t) => {
  if (!registry) return t.skip('the npm registry cannot be reached');
  await assertRuns(t, await projectWith(t, cloneFor(t)));
});
