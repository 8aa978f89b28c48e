'use strict';
// The README's program with the official SDK, as it stands there.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Office } = require('./support/sdk.js');
const { Server, removeFolder, temporaryFolder } = require('./support/server.js');

const README = fs.readFileSync(path.join(__dirname, '../../README.md'), 'utf8');

// The code block with that in its first line, for another address.
function example(first, server) {
  const [, code] = README.match(new RegExp(`\`\`\`js\\n(// ${first}[^]*?)\`\`\``));
  return code.replaceAll('127.0.0.1:8080', `127.0.0.1:${server.port}`);
}

// It never ends by itself: clients stay. What it prints until it has printed so many lines.
function linesOf(code, token, count) {
  return new Promise((resolve, reject) => {
    const child = execFile('node', ['--eval', code], {
      cwd: __dirname,
      env: { ...process.env, TOKEN: token },
      timeout: 30_000,
    });
    let text = '';
    child.stderr.on('data', (bytes) => (text += bytes));
    child.on('exit', () => reject(new Error(text)));
    child.stdout.on('data', (bytes) => {
      text += bytes;
      const lines = text.trimEnd().split('\n');
      if (lines.length < count) return;
      child.removeAllListeners('exit');
      child.kill();
      resolve(lines);
    });
  });
}

// As a reader does it who has looked at the demo and its counter before.
test('the quick start can be typed, and loses a race only where it says so', async (t) => {
  const folder = temporaryFolder();
  const server = await Server.startFor(t, { credentials: false, data: path.join(folder, 'tutti-data') });
  t.after(() => removeFolder(folder));
  const [, block] = README.match(/```sh\n(A=\$\(sed[^]*?)```/);
  const script = block.replaceAll('127.0.0.1:8080', `127.0.0.1:${server.port}`);
  const before = `set -e\ncurl() { command curl -s -o /dev/null -w '%{http_code} ' "$@"; }\n`;
  const demo = '\ncurl -u $A:$T $D -d UniqueName=counter\n';
  const text = before + script.replace(/^D=.*$/m, (line) => line + demo);
  const printed = await new Promise((resolve, reject) =>
    execFile('sh', ['-c', text], { cwd: folder }, (error, stdout, stderr) =>
      error ? reject(new Error(stderr)) : resolve(stdout)),
  );
  assert.equal(printed, '201 201 200 200 412 200 ');
});

test('the counter counts, in one terminal and then in another', async (t) => {
  const server = await Server.startFor(t);
  const office = await Office.openFor(t, server);
  const code = example('counter.js', server);
  assert.deepEqual(await linesOf(code, office.token('one'), 1), ['1 mine']);
  assert.deepEqual(await linesOf(code, office.token('two'), 1), ['2 mine']);
});
