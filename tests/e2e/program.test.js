'use strict';
// The program: its options, its files, its signals.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const fs = require('node:fs');
const path = require('node:path');
const { Server, run, temporaryFolder, BINARY, CREDENTIALS } = require('./support/server.js');
const { connection } = require('./support/http.js');
const { eventually } = require('./support/eventually.js');

const DOCUMENTS = '/v1/Services/default/Documents';

function fileWith(text) {
  const file = path.join(temporaryFolder(), 'tutti.conf');
  fs.writeFileSync(file, text);
  return file;
}

describe('tutti', () => {
  test('--help names every command and option', async () => {
    const { code, stdout } = await run(['--help']);
    assert.equal(code, 0);
    for (const word of ['serve', '--version']) assert.ok(stdout.includes(word), word);
    const help = stdout + (await run(['serve', '--help'])).stdout;
    for (const name of ['listen', 'data', 'threads', 'config', 'check-config', 'lenient-json'])
      assert.ok(help.includes(`--${name}`), name);
    assert.ok(help.includes('TUTTI_'), 'the environment is mentioned');
  });

  test('--version says the version and nothing else', async () => {
    const { code, stdout } = await run(['--version']);
    assert.equal(code, 0);
    assert.match(stdout, /^tutti \d+\.\d+\.\d+\n$/);
  });

  test('without a command, or with a wrong one, says what there is', async () => {
    for (const args of [[], ['sreve'], ['--nonsense']]) {
      const { code, stdout, stderr } = await run(args);
      assert.notEqual(code, 0, args.join(' '));
      assert.match(stdout + stderr, /serve|help/);
    }
  });

  test('says when it is ready, and where', async (t) => {
    const server = await Server.startFor(t);
    assert.match(server.output, /^tutti: listening on http:\/\/127\.0\.0\.1:[1-9]\d*$/m);
    assert.equal((await server.get('/readyz')).status, 200);
  });

  test('exits with 0 when it is told to stop, by SIGTERM and by SIGINT', async (t) => {
    for (const signal of ['SIGTERM', 'SIGINT']) {
      const server = await Server.startFor(t);
      server.signal(signal);
      assert.deepEqual(await server.whenGone(), { code: 0, signal: null });
    }
  });

  test('does not wait for idle connections when it stops', async (t) => {
    const server = await Server.startFor(t, { args: ['--idle-timeout-ms', '600000'] });
    const agent = connection();
    t.after(() => agent.destroy());
    await server.get('/healthz', { agent });
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  test('says which address it cannot have', async (t) => {
    const server = await Server.startFor(t);
    const data = path.join(temporaryFolder(), 'data');
    const taken = `127.0.0.1:${server.port}`;
    for (const listen of [taken, '127.0.0.1', '127.0.0.1:99999', 'nonsense::1:x', '192.0.2.1:1']) {
      const args = ['serve', '--listen', listen, '--data', data];
      const { code, stderr } = await run(args, { env: CREDENTIALS });
      assert.notEqual(code, 0, listen);
      assert.ok(stderr.includes(listen), stderr);
    }
  });
});

describe('commands', () => {
  test('help, version and -h do what they say', async () => {
    const { stdout: whole } = await run(['--help']);
    for (const args of [['help'], ['-h'], ['serve', '-h'], ['help', 'serve']]) {
      const { code, stdout } = await run(args);
      assert.deepEqual([code, stdout], [0, whole], args.join(' '));
    }
    const { stdout: token } = await run(['token', '--help']);
    for (const args of [['help', 'token'], ['token', '-h']])
      assert.equal((await run(args)).stdout, token);
    assert.equal((await run(['version'])).stdout, (await run(['--version'])).stdout);
  });

  test('and options that are misspelt are refused with the ones that were meant', async () => {
    for (const [args, meant] of [
      [['sreve'], '`tutti serve`'],
      [['Token'], '`tutti token`'],
      [['help', 'bakup'], '`tutti backup`'],
      [['serve', '--listne', '127.0.0.1:0'], '--listen'],
      [['serve', '--logLevel=debug'], '--log-level'],
      [['token', '--identiy', 'a'], '--identity'],
      [['serve', '--config', fileWith('thraeds = 1\n')], 'threads'],
    ]) {
      const { code, stdout, stderr } = await run(args);
      assert.deepEqual([code, stdout], [2, ''], args.join(' '));
      assert.ok(stderr.includes(`did you mean ${meant}`), stderr);
    }
  });
});

describe('a start that fails', () => {
  // What is said: one line, which names each of the words.
  function assertSaid({ code, stderr }, ...words) {
    assert.notEqual(code, 0);
    assert.match(stderr, /^tutti: .+\n$/, 'one thing is said');
    for (const word of words) assert.ok(stderr.includes(word), stderr);
  }

  test('leaves no folder behind, and gives a hint', async (t) => {
    const server = await Server.startFor(t);
    const data = path.join(temporaryFolder(), 'data');
    const start = (args, env = {}) =>
      run(['serve', '--listen', '127.0.0.1:0', '--data', data, ...args], { env });
    const taken = `127.0.0.1:${server.port}`;
    assertSaid(await start(['--listen', taken]), taken, 'another port with --listen');
    assertSaid(await start(['--listen', '192.0.2.1:1']), 'not an address of this machine');
    assertSaid(await start(['--development', '--listen', '0.0.0.0:0']), 'development');
    assertSaid(await start([], { TUTTI_ACCOUNT_SID: 'ACx' }), 'account SID');
    assertSaid(await start(['--log-file', '/nowhere/log']), '/nowhere/log');
    assert.ok(!fs.existsSync(data));
    assertSaid(await start(['--data', path.join(data, 'deep')]), 'first');
    assert.ok(!fs.existsSync(data));
  });

  test('is one with a database whose credentials are gone, unless new ones are wanted', async (t) => {
    const server = await Server.startFor(t, { credentials: false });
    await server.stop();
    const file = path.join(server.data, 'credentials');
    const before = fs.readFileSync(file, 'utf8');
    fs.unlinkSync(file);
    const serve = ['serve', '--listen', '127.0.0.1:0', '--data', server.data];
    assertSaid(await run(serve), server.data, 'credentials', '--new-credentials');
    assertSaid(await run(serve, { env: CREDENTIALS }), '--new-credentials');
    assertSaid(await run([...serve, '--check-config']), '--new-credentials');
    assert.ok(!fs.existsSync(file), 'nothing was made');
    server.options.args = ['--new-credentials'];
    await server.launch();
    assert.notEqual(fs.readFileSync(file, 'utf8'), before);
  });

  test('is foreseen by --check-config, which makes nothing', async (t) => {
    const server = await Server.startFor(t);
    const folder = temporaryFolder();
    const data = path.join(folder, 'data');
    const check = (args, env = {}) => run(['serve', '--check-config', ...args], { env });
    const free = ['--listen', '127.0.0.1:0'];
    const good = await check([...free, '--data', data]);
    assert.equal(good.code, 0, good.stderr);
    const taken = `127.0.0.1:${server.port}`;
    assertSaid(await check(['--data', data, '--listen', taken]), taken);
    assertSaid(await check([...free, '--data', '/nowhere/data']), '/nowhere');
    assertSaid(await check([...free, '--data', data, '--log-file', '/nowhere/log']), '/nowhere');
    assertSaid(await check(['--data', data, '--development', '--listen', '0.0.0.0:0']), 'development');
    assertSaid(await check([...free, '--data', data], { TUTTI_ACCOUNT_SID: 'AC' }), 'account SID');
    assertSaid(await check([...free, '--data', fileWith('')]), 'not a folder');
    assert.ok(!fs.existsSync(data));
    const broken = path.join(folder, 'broken');
    fs.mkdirSync(broken);
    fs.writeFileSync(path.join(broken, 'tutti.db'), 'no database '.repeat(1000));
    fs.copyFileSync(path.join(server.data, 'credentials'), path.join(broken, 'credentials'));
    fs.chmodSync(path.join(broken, 'credentials'), 0o600);
    assertSaid(await check([...free, '--data', broken]), 'tutti.db');
    fs.chmodSync(path.join(broken, 'credentials'), 0o644);
    assertSaid(await check([...free, '--data', broken]), 'chmod 600');
    const running = await check(['--data', server.data, '--listen', taken]);
    assert.equal(running.code, 0, `a server that runs so is no fault: ${running.stderr}`);
  });
});

describe('options', () => {
  const check = (args, env = {}) =>
    run(['serve', '--check-config', ...args], { env: { ...CREDENTIALS, ...env } });

  test('are checked without starting anything', async () => {
    const data = path.join(temporaryFolder(), 'data');
    const { code, stderr } = await check(['--data', data, '--threads', '2', '--listen', '127.0.0.1:0']);
    assert.equal(code, 0, stderr);
    assert.ok(!fs.existsSync(data), 'nothing is made');
  });

  const bad = {
    'threads': ['-1', 'many', '1.5', '99999999999999999999'],
    'document-size-max': ['0', 'x', '1048577', '-5'],
    'cache-size-max': ['x', '-1'],
    'body-size-max': ['x', '-1'],
    'connections-max': ['0', 'x'],
    'trusted-addresses': ['localhost', '10.0.0.0/33'],
    'idle-timeout-ms': ['x', '-1'],
    'request-timeout-ms': ['x', '-1'],
    'lenient-json': ['maybe'],
    'log-format': ['xml'],
    'public-url': ['nonsense', 'ftp://example.com'],
  };
  for (const [name, values] of Object.entries(bad))
    test(`a bad ${name} is refused with a sentence that names it`, async () => {
      for (const value of values) {
        const variable = `TUTTI_${name.toUpperCase().replaceAll('-', '_')}`;
        const file = fileWith(`${name} = ${value}\n`);
        for (const [args, env, word] of [
          [[`--${name}`, value], {}, name],
          [[], { [variable]: value }, variable],
          [['--config', file], {}, name],
        ]) {
          const { code, stderr } = await check(args, env);
          assert.notEqual(code, 0, `${name} ${value}`);
          assert.ok(stderr.includes(word), stderr);
          assert.ok(stderr.trim().split(' ').length >= 4, `a sentence: ${stderr}`);
        }
      }
    });

  test('for credentials that cannot be are refused', async () => {
    const args = [
      'serve',
      '--listen',
      '127.0.0.1:0',
      '--data',
      path.join(temporaryFolder(), 'data'),
    ];
    for (const sid of ['AC', `AC${'x'.repeat(31)}`, `XX${'x'.repeat(32)}`, `AC${'-'.repeat(32)}`]) {
      const { code, stderr } = await run(args, { env: { ...CREDENTIALS, TUTTI_ACCOUNT_SID: sid } });
      assert.notEqual(code, 0, sid);
      assert.match(stderr, /account.sid/i);
    }
  });

  test('in the environment that do not exist are named', async () => {
    const env = { TUTTI_LOGLEVEL: 'debug', TUTTI_SERVICE_HOST: '10.0.0.1', TUTTI_LOG_LEVEL: 'warn' };
    const { code, stderr } = await check(['--listen', '127.0.0.1:0'], env);
    assert.equal(code, 0, stderr);
    assert.deepEqual(stderr.trim().split('\n').sort(), [
      'tutti: warning: TUTTI_LOGLEVEL is in the environment, but sets no option; did you mean ' +
        'TUTTI_LOG_LEVEL?',
      'tutti: warning: TUTTI_SERVICE_HOST is in the environment, but sets no option',
    ]);
  });

  test('that do not exist are refused', async () => {
    for (const args of [['--nonsense', '1'], ['--threads'], ['extra']])
      assert.notEqual((await check(args)).code, 0, args.join(' '));
    const misspelt = await check(['--config', fileWith('thraeds = 1\n')]);
    assert.notEqual(misspelt.code, 0);
    assert.match(misspelt.stderr, /thraeds/);
    const missing = await check(['--config', '/nowhere/tutti.conf']);
    assert.notEqual(missing.code, 0);
    assert.match(missing.stderr, /\/nowhere\/tutti\.conf/);
  });

  test('in a file are told by their line when they are wrong', async () => {
    const { code, stderr } = await check([
      ...['--config', fileWith('# a comment\n\nthreads = 2\nlenient-json = sometimes\n')],
    ]);
    assert.notEqual(code, 0);
    assert.match(stderr, /\b4\b/);
  });

  // What a server's limit of data is, told by its behaviour.
  async function takes(server, size) {
    const form = { Data: `{"a":"${'x'.repeat(size - 8)}"}` };
    return (await server.post(DOCUMENTS, form)).status === 201;
  }

  test('from the file are taken; the environment comes before it, flags before both', async (t) => {
    const file = fileWith('# comment\n\n  document-size-max=100  \nlenient-json = off\n');
    const config = ['--config', file];
    const env = { TUTTI_DOCUMENT_SIZE_MAX: '200' };

    const fromFile = await Server.startFor(t, { args: config });
    assert.deepEqual([await takes(fromFile, 100), await takes(fromFile, 101)], [true, false]);
    assert.equal((await fromFile.post(DOCUMENTS, { Data: '{a:b}' })).status, 400);

    const fromEnvironment = await Server.startFor(t, { args: config, env });
    assert.deepEqual(
      [await takes(fromEnvironment, 200), await takes(fromEnvironment, 201)],
      [true, false],
    );

    const fromFlag = await Server.startFor(t, {
      args: [...config, '--document-size-max', '300'],
      env,
    });
    assert.deepEqual([await takes(fromFlag, 300), await takes(fromFlag, 301)], [true, false]);
    assert.equal((await fromFlag.post(DOCUMENTS, { Data: '{a:b}' })).status, 400);
  });

  test('may name the configuration file in the environment', async (t) => {
    const file = fileWith('lenient-json = off\n');
    const server = await Server.startFor(t, { env: { TUTTI_CONFIG: file } });
    assert.equal((await server.post(DOCUMENTS, { Data: '{a:b}' })).status, 400);
  });

  test('public-url is what URLs in answers begin with', async (t) => {
    const server = await Server.startFor(t, { args: ['--public-url', 'https://sync.example.com'] });
    const { json } = await server.post(DOCUMENTS, { Data: '{}' });
    assert.ok(json.url.startsWith('https://sync.example.com/v1/Services/IS'), json.url);
    const missing = await server.get(`${DOCUMENTS}/nobody`);
    assert.equal(missing.json.more_info, 'https://sync.example.com/docs/errors/54300');
    const { meta } = (await server.get(`${DOCUMENTS}?PageSize=1`)).json;
    assert.ok(meta.first_page_url.startsWith('https://sync.example.com/v1/'), meta.first_page_url);
  });
});

describe('credentials', () => {
  test('that are not given are made once and kept, for their owner only', async (t) => {
    const server = await Server.startFor(t, { credentials: false });
    const file = path.join(server.data, 'credentials');
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    const text = fs.readFileSync(file, 'utf8');
    const [account] = /AC[0-9a-zA-Z]{32}/.exec(text) ?? assert.fail(text);
    const candidates = text.replaceAll(account, ' ').match(/[\w-]{32,}/g) ?? [];
    const statuses = [];
    for (const token of candidates)
      statuses.push((await server.get(DOCUMENTS, { auth: [account, token] })).status);
    assert.ok(statuses.includes(200), 'the file holds what opens the door');
    await server.restart();
    assert.equal(fs.readFileSync(file, 'utf8'), text);
    const token = candidates[statuses.indexOf(200)];
    assert.equal((await server.get(DOCUMENTS, { auth: [account, token] })).status, 200);
    assert.ok(!server.printed().includes(token), 'secrets are not logged');
  });

  test('of two servers are different', async (t) => {
    const texts = [];
    for (let i = 0; i < 2; i++) {
      const server = await Server.startFor(t, { credentials: false });
      texts.push(fs.readFileSync(path.join(server.data, 'credentials'), 'utf8'));
    }
    assert.notEqual(texts[0], texts[1]);
  });

  test('given later take the place of those made first', async (t) => {
    const server = await Server.startFor(t, { credentials: false });
    await server.stop();
    server.options.credentials = true;
    await server.launch();
    assert.equal((await server.get(DOCUMENTS)).status, 200);
  });

  test('keep the data folder to its owner', async (t) => {
    const server = await Server.startFor(t, { data: path.join(temporaryFolder(), 'new') });
    assert.equal(fs.statSync(server.data).mode & 0o007, 0, 'nothing for others');
  });
});

describe('the log', () => {
  const parseLogfmt = (line) =>
    Object.fromEntries(
      [...line.matchAll(/([\w.-]+)=("(?:[^"\\]|\\.)*"|\S*)/g)].map(([, key, value]) => [
        key,
        value,
      ]),
    );

  test('is lines of keys and values', async (t) => {
    const server = await Server.startFor(t, { args: ['--log-format', 'logfmt'] });
    await server.stop();
    const lines = server.errors.trim().split('\n');
    for (const line of lines) assert.ok(Object.keys(parseLogfmt(line)).length >= 3, line);
    assert.ok(lines.length > 0);
  });

  test('is lines of JSON when that is asked for', async (t) => {
    const server = await Server.startFor(t, {
      args: ['--log-format', 'json', '--access-log', 'on'],
    });
    const headers = { 'User-Agent': 'a "quoted" \\ agent' };
    await server.get(`${DOCUMENTS}/%22%5c%0a"quoted"`, { headers });
    await server.stop();
    const lines = server.errors.trim().split('\n');
    for (const line of lines) assert.equal(typeof JSON.parse(line), 'object', line);
  });

  test('tells every request when that is asked for', async (t) => {
    const server = await Server.startFor(t, { args: ['--access-log', 'on'] });
    await server.get(`${DOCUMENTS}/nobody?secret`);
    const line = await eventually(() =>
      server.errors.split('\n').find((each) => each.includes('/nobody')),
    );
    assert.ok(line, 'the request is in the log');
    for (const part of ['GET', '404']) assert.ok(line.includes(part), line);
    assert.ok(!server.printed().includes(server.auth[1]), 'secrets are not logged');
  });

  test('does not tell requests otherwise', async (t) => {
    const server = await Server.startFor(t);
    await server.get(`${DOCUMENTS}/nobody`);
    await server.stop();
    assert.ok(!server.errors.includes('/nobody'), server.errors);
  });

  test('goes to a file, and to a new one of that name after SIGHUP', async (t) => {
    const file = path.join(temporaryFolder(), 'tutti.log');
    const args = ['--log-file', file, '--access-log', 'on'];
    const server = await Server.startFor(t, { args });
    const has = (text) => () => fs.readFileSync(file, 'utf8').includes(text);

    await server.get(`${DOCUMENTS}/before`);
    assert.ok(await eventually(has('/before')), 'the request is in the file');
    fs.renameSync(file, `${file}.1`);
    server.signal('SIGHUP');
    assert.ok(await eventually(() => fs.existsSync(file)), 'there is a new file');
    await server.get(`${DOCUMENTS}/after`);
    assert.ok(await eventually(has('/after')), 'the request is in the new file');
    assert.ok(!fs.readFileSync(`${file}.1`, 'utf8').includes('/after'));
    assert.ok(!fs.readFileSync(file, 'utf8').includes('/before'));
  });
});

describe('rights', () => {
  const NOBODY = 65534;

  // Of the program, where everybody may read it: the checkout may be in root's own folder.
  function copyFor(folder) {
    const copy = path.join(folder, 'tutti');
    fs.copyFileSync(BINARY, copy);
    fs.chmodSync(copy, 0o755);
    return copy;
  }

  test('of an ordinary user are enough', async (t) => {
    if (process.getuid() !== 0) return t.skip('this is an ordinary user already');
    const folder = temporaryFolder();
    fs.chownSync(folder, NOBODY, NOBODY);
    const data = path.join(folder, 'data');
    const binary = copyFor(folder);
    const server = await Server.startFor(t, { binary, data, uid: NOBODY, gid: NOBODY });
    assert.equal((await server.post(DOCUMENTS, { Data: '{}' })).status, 201);
    await server.restart();
    assert.equal((await server.get(DOCUMENTS)).json.documents.length, 1);
  });

  test('that are missing are told', async (t) => {
    if (process.getuid() !== 0) return t.skip('only root can take rights away and give them back');
    const folder = temporaryFolder();
    fs.chmodSync(folder, 0o755);
    const data = path.join(folder, 'data');
    const { code, stderr } = await run(['serve', '--listen', '127.0.0.1:0', '--data', data], {
      binary: copyFor(folder),
      env: CREDENTIALS,
      uid: NOBODY,
      gid: NOBODY,
    });
    assert.notEqual(code, 0);
    assert.ok(stderr.includes(data), stderr);
  });
});
