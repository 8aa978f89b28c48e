'use strict';
// `make install`: what it copies runs, from where it was copied to.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { test } = require('node:test');
const { BINARY, Server, removeFolder, temporaryFolder } = require('./support/server.js');

const ROOT = path.join(__dirname, '../..');

test('make install copies program, unit and documentation to PREFIX below DESTDIR', async (t) => {
  const folder = temporaryFolder();
  t.after(() => removeFolder(folder));
  const variables = [`DESTDIR=${folder}`, 'PREFIX=/opt/tutti', `BINARY=${BINARY}`];
  await promisify(execFile)('make', ['install-files', ...variables], { cwd: ROOT });

  const at = (name) => path.join(folder, 'opt/tutti', name);
  assert.deepEqual(fs.readdirSync(folder), ['opt'], 'nothing elsewhere');
  assert.equal(fs.statSync(at('bin/tutti')).mode & 0o777, 0o755);
  const server = await Server.startFor(t, { binary: at('bin/tutti') });
  assert.equal((await server.get('/readyz')).status, 200);

  const unit = fs.readFileSync(at('lib/systemd/system/tutti.service'), 'utf8');
  assert.match(unit, /^ExecStart=\/opt\/tutti\/bin\/tutti serve --data \/var\/lib\/tutti$/m);
  assert.doesNotMatch(unit, /@/);
  for (const name of ['README.md', 'LICENSE', 'operations.md', 'rest.md'])
    assert.ok(fs.statSync(at(`share/doc/tutti/${name}`)).size > 1000, name);
});
