'use strict';
// docs/rest.md: typed into one shell from top to bottom, each example gives the answer below it,
// and together they call all operations there are. The page also has all errors.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { describe, test, before, after } = require('node:test');
const { Server, ACCOUNT, TOKEN } = require('./support/server.js');
const { operations } = require('./support/openapi.json');
const prometheus = require('./support/prometheus.js');

const read = (file) => fs.readFileSync(path.join(__dirname, '../..', file), 'utf8');
const PAGE = read('docs/rest.md');
const KEYS = '/2010-04-01/Accounts/{}/Keys';

// What there is beside the operations of the public API's specification of Sync.
const MORE_ROUTES = [
  ['PUT', '/v1/Services/{}/Maps/{}/Items/{}'],
  ...['GET', 'POST'].map((method) => [method, KEYS]),
  ...['GET', 'POST', 'DELETE'].map((method) => [method, `${KEYS}/{}`]),
];

// Extensions of routes, as they look in a command.
const EXTENSIONS = {
  'batch read of list items': /\/Lists\/\w+\/Items.* Indexes=/,
  'batch read of map items': /\/Maps\/\w+\/Items.* 'Keys=/,
  'If-None-Match: * on a create': /\/Documents .*If-None-Match: \*/,
  'If-None-Match: * on a map item': /-X PUT .*If-None-Match: \*/,
  'If-Match on PUT': /-X PUT .*If-Match:/,
  'If-Match on removal of a document': /-X DELETE \S+\/Documents\/\w+ .*If-Match:/,
  'If-Match on removal of a list': /-X DELETE \S+\/Lists\/\w+ .*If-Match:/,
  'If-Match on removal of a map': /-X DELETE \S+\/Maps\/\w+ .*If-Match:/,
  'If-Match on update of a list': /^tutti \S+\/Lists\/\w+ .*If-Match:/,
  'If-Match on update of a map': /^tutti \S+\/Maps\/\w+ .*If-Match:/,
  'Idempotency-Key': /Idempotency-Key:/,
  'the other spelling of paths': /\/v1\/Sync\/Services/,
};

// --- the page ---

// The commands of a block: lines after `$ `, further ones while they end in a backslash; what
// follows is the answer.
function readBlock(text) {
  const examples = [];
  let going = false;
  for (const line of text.split('\n')) {
    const starts = line.startsWith('$ ');
    if (starts) examples.push({ command: line.slice(2), answer: '' });
    else if (going) examples.at(-1).command += `\n${line}`;
    else if (examples.length) examples.at(-1).answer += `${line}\n`;
    else assert.equal(line, '', 'a block begins with a command');
    going = (starts || going) && line.endsWith('\\');
  }
  return examples;
}

function readPage(text) {
  const blocks = [];
  let heading = '';
  for (const [, title, body] of text.matchAll(/^#+ (.*)$|^```console\n([^]*?)^```$/gm)) {
    if (title) heading = title;
    else blocks.push({ name: `${heading}, block ${blocks.length + 1}`, examples: readBlock(body) });
  }
  return blocks;
}

// --- the shell ---

const TIMEOUT_MS = 30_000;

class Shell {
  constructor(env) {
    this.child = spawn('bash', ['--norc'], { env: { PATH: process.env.PATH, ...env } });
    this.child.stdout.setEncoding('utf8').on('data', (text) => this.hear(text));
    this.child.stdin.write('exec 2>&1\n');
    this.heard = '';
  }

  // What the command prints, standard error too.
  run(command) {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`no end of: ${command}\n${this.heard}`));
      const timer = setTimeout(late, TIMEOUT_MS);
      this.done = (text) => {
        clearTimeout(timer);
        resolve(text);
      };
      this.child.stdin.write(`${command}\nprintf '\\0'\n`);
    });
  }

  hear(text) {
    this.heard += text;
    if (!text.endsWith('\0')) return;
    const all = this.heard.slice(0, -1);
    this.heard = '';
    this.done(all);
  }

  end() {
    this.child.stdin.end();
  }
}

// --- comparing ---

// A body, and behind it perhaps a status.
function understand(text) {
  const [, body, status] = /^([^]*?)(?:(?:^| )(\d{3}))?$/.exec(text.trim());
  return { body: body.trim(), status };
}

function pattern(text) {
  const parts = text.split('...').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*')}$`);
}

function assertText(actual, expected, where) {
  assert.equal(typeof actual, 'string', where);
  if (!expected.includes('...')) assert.equal(actual, expected, where);
  else assert.match(actual, pattern(expected), where);
}

function assertObject(actual, { '...': more, ...expected }, where) {
  assert.ok(actual !== null && typeof actual === 'object', where);
  const names = Object.keys(actual).filter((name) => !more || name in expected);
  assert.deepEqual(names.sort(), Object.keys(expected).sort(), where);
  for (const name of names) assertValue(actual[name], expected[name], `${where}.${name}`);
}

function assertValue(actual, expected, where) {
  if (typeof expected === 'string') return assertText(actual, expected, where);
  if (expected === null || typeof expected !== 'object')
    return assert.strictEqual(actual, expected, where);
  assert.equal(Array.isArray(actual), Array.isArray(expected), where);
  if (!Array.isArray(expected)) return assertObject(actual, expected, where);
  assert.equal(actual.length, expected.length, `${where}.length`);
  expected.forEach((each, i) => assertValue(actual[i], each, `${where}[${i}]`));
}

function assertAnswer(printed, answer, command) {
  const [actual, expected] = [understand(printed), understand(answer)];
  const where = `$ ${command}\n${printed}\n`;
  assert.equal(actual.status, expected.status, where);
  if (!/^[[{]/.test(expected.body)) return assertText(actual.body, expected.body, where);
  assertValue(JSON.parse(actual.body), JSON.parse(expected.body), where);
}

// --- the tests ---

const blocks = readPage(PAGE);
const commands = blocks.flatMap(({ examples }) =>
  examples.map(({ command }) => command.replace(/\\\n\s*/g, '')),
);

let server;
let shell;
before(async () => {
  server = await Server.start();
  shell = new Shell({ URL: server.base, A: ACCOUNT, T: TOKEN });
});
after(() => {
  shell.end();
  return server.destroy();
});

// Twice: whoever reads it again, or has read the README before, must not stumble over what is there.
for (const time of ['once', 'and once more'])
  describe(`the examples of docs/rest.md, ${time}`, () => {
    for (const { name, examples } of blocks)
      test(name, async () => {
        for (const { command, answer } of examples)
          assertAnswer(await shell.run(command), answer, command);
      });
  });

test('data are sent as they are, but for the lines of the walkthrough', () => {
  for (const page of ['README.md', ...fs.readdirSync(path.join(__dirname, '../../docs'))])
    for (const line of page.endsWith('.md') ? read(page === 'README.md' ? page : `docs/${page}`).split('\n') : [])
      assert.doesNotMatch(line, /-d ['"]?Data=(?!\{firstName:)/, page);
});

const plain = (route) => route.replace(/\{\w+\}/g, '{}');

test('the examples call every operation, and it succeeds', async () => {
  const families = prometheus.parse((await server.get('/metrics', { auth: null })).text);
  const { samples } = families.get('tutti_http_requests_total');
  const called = samples
    .filter(({ labels, value }) => labels.status < 300 && value > 0)
    .map(({ labels }) => `${labels.method} ${plain(labels.route)}`);
  const documented = Object.values(operations).map((each) => [each.method, plain(each.path)]);
  assert.equal(documented.length, 48);
  const all = [...documented, ...MORE_ROUTES].map((each) => each.join(' '));
  assert.deepEqual(all.filter((each) => !called.includes(each)), []);
});

for (const [name, looks] of Object.entries(EXTENSIONS))
  test(`there is an example of: ${name}`, () => {
    assert.ok(commands.some((command) => looks.test(command)));
  });

test('the page has all errors', () => {
  const rows = PAGE.split('\n').filter((line) => /^\| \d{5}[, ]/.test(line));
  for (const [, status, code] of read('src/dialect/problem.c').matchAll(/, (\d{3}), (\d{5}),/g))
    assert.ok(rows.some((row) => row.includes(code) && row.includes(`| ${status} |`)), code);
});
