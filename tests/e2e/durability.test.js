'use strict';
// Promise 2 of the design: acknowledged means durable. Nothing acknowledged is lost, nothing
// refused appears, whatever ends the server.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const {
  Server,
  run,
  temporaryFolder,
  removeFolder,
  BINARY,
  CREDENTIALS,
} = require('./support/server.js');
const {
  createWriters,
  verifyEach,
  verifyAll,
  createPushers,
  verifyPushed,
} = require('./support/load.js');
const { eventually } = require('./support/eventually.js');
const { Tmpfs } = require('./support/tmpfs.js');
const { seed, randomOf, below } = require('./support/random.js');
const { assertProblem } = require('./support/shapes.js');

const WRITERS = 8;
const KILLS = 15;
const PUSHERS = 64;
const PUSH_KILLS = 6;

// All writers at work until `enough` writes are acknowledged; then `strike`, and wait until
// every writer has noticed. What `strike` gives is the result.
async function loadUntil(server, writers, enough, strike) {
  let acknowledged = 0;
  let struck;
  const onReply = ({ status }) => {
    if (status < 300 && ++acknowledged === enough) struck = strike();
  };
  const mayBreak = () => struck !== undefined;
  await Promise.all(writers.map((writer) => writer.run(server, { onReply, mayBreak })));
  return struck;
}

describe('a server that ends', () => {
  test('loses nothing when it is killed under load, again and again', async (t) => {
    t.diagnostic(`seed ${seed}`);
    const random = randomOf(seed);
    const server = await Server.startFor(t, { args: ['--threads', '2'] });
    const writers = await createWriters(server, WRITERS, random);
    for (let round = 0; round < KILLS; round++) {
      const enough = 20 + below(random, 200);
      await loadUntil(server, writers, enough, () => server.killHard());
      await server.launch();
      await verifyAll(server, writers);
    }
  });

  test('is killed right after its start, and loses nothing', async (t) => {
    const server = await Server.startFor(t);
    const writers = await createWriters(server, WRITERS, randomOf(seed + 1));
    await loadUntil(server, writers, 100, () => server.killHard());
    for (let round = 0; round < 3; round++) {
      await server.launch();
      await server.killHard();
    }
    await server.launch();
    await verifyAll(server, writers);
  });

  test('finishes what is under way when it is told to stop, and exits with 0', async (t) => {
    const server = await Server.startFor(t);
    const writers = await createWriters(server, WRITERS, randomOf(seed + 2));
    for (let round = 0; round < 3; round++) {
      const how = await loadUntil(server, writers, 150, () => server.stop());
      assert.deepEqual(how, { code: 0, signal: null }, server.printed());
      await server.launch();
      await verifyAll(server, writers);
    }
  });

  test('keeps the places of deleted names free and gives no revision twice', async (t) => {
    const server = await Server.startFor(t);
    const documents = '/v1/Services/default/Documents';
    const first = (await server.post(documents, { UniqueName: 'again', Data: '{"n":1}' })).json;
    assert.equal((await server.delete(`${documents}/again`)).status, 204);
    const second = (await server.post(documents, { UniqueName: 'again', Data: '{"n":2}' })).json;
    await server.post(`${documents}/again`, { Data: '{"n":3}' });
    await server.killHard();
    await server.launch();
    const { json } = await server.get(`${documents}/again`);
    assert.notEqual(second.sid, first.sid);
    assert.deepEqual([json.sid, json.revision, json.data], [second.sid, '1', { n: 3 }]);
    assert.equal((await server.get(`${documents}/${first.sid}`)).status, 404);
  });
});

describe('a list to which many push', () => {
  test('has the indexes from 0 on without holes and repeats', async (t) => {
    const server = await Server.startFor(t, { args: ['--threads', '2'] });
    const pushers = await createPushers(server, PUSHERS);
    let pushed = 0;
    const stop = () => pushed >= 1500;
    await Promise.all(pushers.map((each) => each.run(server, { stop, onReply: () => pushed++ })));
    const acknowledged = pushers.flatMap((each) => [...each.acknowledged.keys()]);
    const expected = [...acknowledged.keys()];
    assert.deepEqual(
      acknowledged.sort((a, b) => a - b),
      expected,
    );
    assert.deepEqual(await verifyPushed(server, pushers), expected);
    await server.killHard();
    await server.launch();
    assert.deepEqual(await verifyPushed(server, pushers), expected);
  });

  test('keeps every acknowledged index when the server is killed, again and again', async (t) => {
    t.diagnostic(`seed ${seed}`);
    const random = randomOf(seed + 4);
    const server = await Server.startFor(t, { args: ['--threads', '2'] });
    const pushers = await createPushers(server, PUSHERS);
    for (let round = 0; round < PUSH_KILLS; round++) {
      const enough = 50 + below(random, 400);
      await loadUntil(server, pushers, enough, () => server.killHard());
      await server.launch();
      await verifyPushed(server, pushers);
    }
  });
});

describe('a full disk', () => {
  const documents = '/v1/Services/default/Documents';
  const big = (n) => ({ UniqueName: `big-${n}`, Data: JSON.stringify({ n, x: 'x'.repeat(9000) }) });

  // Create documents until the server says that it cannot; the names of those it took.
  async function createUntilFull(server, from) {
    const names = [];
    for (let n = from; n < from + 5000; n++) {
      const response = await server.post(documents, big(n));
      if (response.status !== 201) return { names, response, refused: `big-${n}` };
      names.push(`big-${n}`);
    }
    assert.fail('the disk does not fill up');
  }

  async function assertAllThere(server, names) {
    for (const name of names) {
      const { status, json } = await server.get(`${documents}/${name}`);
      assert.equal(status, 200, name);
      assert.equal(`big-${json.data.n}`, name);
      assert.equal(json.data.x.length, 9000);
    }
  }

  // Until a write works again: the server notices the free space in its own time.
  async function createWhenPossible(server, n) {
    const created = await eventually(async () => {
      const response = await server.post(documents, big(n));
      if (response.status === 201) return true;
      assertProblem(response, 503);
    });
    assert.ok(created, 'writes work again');
  }

  test('refuses writes, answers reads, and goes on when there is room', async (t) => {
    const { tmpfs, reason } = Tmpfs.mount('24m');
    if (!tmpfs) return t.skip(reason);
    const server = await Server.startFor(t, { data: path.join(tmpfs.folder, 'data') });
    t.after(() => tmpfs.unmount());

    assert.equal((await server.post(documents, big(0))).status, 201);
    tmpfs.fill(1024 * 1024);
    const { names, response, refused } = await createUntilFull(server, 1);
    assertProblem(response, 503);
    assert.match(response.headers['retry-after'] ?? '', /^\d+$/);

    await assertAllThere(server, ['big-0', ...names]);
    assert.equal((await server.get(`${documents}/${refused}`)).status, 404);
    for (let n = 10_000; n < 10_005; n++) assertProblem(await server.post(documents, big(n)), 503);
    assert.equal((await server.get('/healthz')).status, 200);

    tmpfs.drain();
    await createWhenPossible(server, 20_000);
    await server.killHard();
    await server.launch();
    await assertAllThere(server, ['big-0', ...names, 'big-20000']);
    for (const name of [refused, 'big-10000', 'big-10004'])
      assert.equal((await server.get(`${documents}/${name}`)).status, 404);
  });

  test('under the load of many writers loses nothing and shows nothing refused', async (t) => {
    const { tmpfs, reason } = Tmpfs.mount('24m');
    if (!tmpfs) return t.skip(reason);
    const server = await Server.startFor(t, { data: path.join(tmpfs.folder, 'data') });
    t.after(() => tmpfs.unmount());
    const random = randomOf(seed + 3);
    const writers = await createWriters(server, WRITERS, random, 'p'.repeat(4000));
    const pushers = await createPushers(server, WRITERS);

    for (let round = 0; round < 3; round++) {
      tmpfs.fill(1024 * 1024);
      let replies = 0;
      let refusals = 0;
      const onReply = ({ status }) => {
        replies++;
        if (status === 503) refusals++;
      };
      const stop = () => refusals >= 20 || replies >= 20_000;
      const all = [...writers, ...pushers];
      await Promise.all(all.map((each) => each.run(server, { stop, onReply })));
      assert.ok(refusals >= 20, 'the disk fills up');
      await verifyEach(server, writers);
      tmpfs.drain();
      await createWhenPossible(server, 30_000 + round);
      assert.equal((await server.delete(`${documents}/big-${30_000 + round}`)).status, 204);
      await server.killHard();
      await server.launch();
      await verifyAll(server, writers);
      await verifyPushed(server, pushers);
    }
  });
});

// A server on a disk that `fail(what)` makes fail, and `mend()` mends (see failing_disk.c).
async function startOnFailingDisk(t) {
  const folder = temporaryFolder();
  t.after(() => removeFolder(folder));
  const preload = path.join(path.dirname(BINARY), 'tests', 'failing_disk.so');
  assert.ok(fs.existsSync(preload), preload);
  const server = await Server.startFor(t, {
    env: { LD_PRELOAD: preload, TUTTI_TEST_DISK_FAILS: path.join(folder, 'disk') },
  });
  const fail = (what) => fs.writeFileSync(path.join(folder, `disk.${what}`), '');
  const mend = () => fs.readdirSync(folder).forEach((sign) => fs.rmSync(path.join(folder, sign)));
  return { server, fail, mend };
}

describe('a failing disk', () => {
  for (const [what, name] of [
    ['sync', 'whose sync fails'],
    ['write', 'that cannot be written'],
    ['torn', 'that takes half of what is written'],
  ])
    test(`${name} ends the server without another acknowledgement, and nothing acknowledged is lost`, async (t) => {
      const { server, fail, mend } = await startOnFailingDisk(t);
      const writers = await createWriters(server, WRITERS, randomOf(seed + 2));
      const pushers = await createPushers(server, WRITERS);
      for (let round = 0; round < 3; round++) {
        await loadUntil(server, [...writers, ...pushers], 100, () => {
          fail(what);
          return server.whenGone();
        });
        assert.deepEqual(await server.exited, { code: 70, signal: null });
        assert.match(server.printed(), /nothing is acknowledged that may be lost/);
        mend();
        await server.launch();
        await verifyAll(server, writers);
        await verifyPushed(server, pushers);
      }
    });

  test('whose quota is used up refuses writes, as a full one does, and goes on', async (t) => {
    const { server, fail, mend } = await startOnFailingDisk(t);
    const documents = '/v1/Services/default/Documents';
    assert.equal((await server.post(documents, { UniqueName: 'before' })).status, 201);
    fail('quota');
    for (let n = 0; n < 5; n++) {
      const response = await server.post(documents, { UniqueName: `refused-${n}` });
      assertProblem(response, 503);
      assert.match(response.headers['retry-after'] ?? '', /^\d+$/);
    }
    assert.equal((await server.get(`${documents}/before`)).status, 200);
    mend();
    const works = async () =>
      (await server.post(documents, { UniqueName: 'after' })).status === 201;
    assert.ok(await eventually(works));
    await server.killHard();
    await server.launch();
    assert.equal((await server.get(`${documents}/before`)).status, 200);
    assert.equal((await server.get(`${documents}/refused-0`)).status, 404);
  });

  test('that cannot be read gives 503 for what is not in memory, and all of it once it can', async (t) => {
    const DOCUMENTS = 60;
    const documents = '/v1/Services/default/Documents';
    const { server, fail, mend } = await startOnFailingDisk(t);
    for (let n = 0; n < DOCUMENTS; n++) {
      const data = JSON.stringify({ n, x: 'x'.repeat(9000) });
      const { status } = await server.post(documents, { UniqueName: `cold-${n}`, Data: data });
      assert.equal(status, 201);
    }
    // A start reads the heads that were written last. Those are to be others.
    const isWritten = async () =>
      /^tutti_store_heads_dirty 0$/m.test((await server.get('/metrics')).text);
    assert.ok(await eventually(isWritten));
    assert.equal((await server.post(documents, { UniqueName: 'warm' })).status, 201);
    assert.ok(await eventually(isWritten));
    await server.stop();
    await server.launch();
    fail('read');
    let refused = 0;
    for (let n = 0; n < DOCUMENTS; n++) {
      const response = await server.get(`${documents}/cold-${n}`);
      if (response.status === 200) {
        assert.equal(response.json.data.n, n);
        continue;
      }
      assertProblem(response, 503);
      refused++;
    }
    assert.ok(refused > DOCUMENTS / 2, `${refused} of ${DOCUMENTS} could not be read`);
    mend();
    for (let n = 0; n < DOCUMENTS; n++)
      assert.equal((await server.get(`${documents}/cold-${n}`)).json?.data?.n, n);
  });
});

describe('another program that writes to the database', () => {
  test('makes writes fail, and holds up nobody who reads', async (t) => {
    const documents = '/v1/Services/default/Documents';
    const server = await Server.startFor(t);
    assert.equal((await server.post(documents, { UniqueName: 'x' })).status, 201);
    const other = spawn('sqlite3', [path.join(server.data, 'tutti.db')]);
    t.after(() => other.kill());
    const lines = readline.createInterface({ input: other.stdout });
    other.stdin.write("BEGIN IMMEDIATE;\nSELECT 'locked';\n");
    assert.deepEqual(await once(lines, 'line'), ['locked']);
    const begun = Date.now();
    for (let n = 0; n < 5; n++) {
      const refused = server.post(documents, { UniqueName: `y${n}` });
      for (let i = 0; i < 20; i++)
        assert.equal((await server.get(`${documents}/x`)).status, 200);
      assertProblem(await refused, 503);
    }
    assert.ok(Date.now() - begun < 20_000, 'nobody waits for the other program');
    other.stdin.end('ROLLBACK;\n');
    await once(other, 'close');
    const works = async () => (await server.post(documents, { UniqueName: 'z' })).status === 201;
    assert.ok(await eventually(works));
  });
});

describe('a data folder', () => {
  const serve = (data) =>
    run(['serve', '--listen', '127.0.0.1:0', '--data', data], { env: CREDENTIALS });

  test('is not shared by two servers', async (t) => {
    const server = await Server.startFor(t);
    const second = await serve(server.data);
    assert.notEqual(second.code, 0);
    assert.match(second.stderr, /lock|in use|another|already/i);
    assert.ok(second.stderr.includes(server.data), second.stderr);
    assert.equal((await server.get('/healthz')).status, 200);
  });

  test('is free again after a kill', async (t) => {
    const server = await Server.startFor(t);
    await server.killHard();
    await server.launch();
  });

  test('of a newer format is refused and left as it is', async (t) => {
    const server = await Server.startFor(t);
    await server.stop();
    const file = path.join(server.data, 'tutti.db');
    try {
      execFileSync('sqlite3', [file, 'PRAGMA user_version = 1000000']);
    } catch (error) {
      if (error.code === 'ENOENT') return t.skip('there is no sqlite3 command here');
      throw error;
    }
    const before = fs.readFileSync(file);
    const refused = await serve(server.data);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /newer/i);
    assert.deepEqual(fs.readFileSync(file), before);
  });

  test('can be read by the sqlite3 command after a stop', async (t) => {
    const server = await Server.startFor(t);
    await server.stop();
    try {
      const answer = execFileSync('sqlite3', [
        path.join(server.data, 'tutti.db'),
        'PRAGMA integrity_check',
      ]);
      assert.equal(String(answer).trim(), 'ok');
    } catch (error) {
      if (error.code === 'ENOENT') return t.skip('there is no sqlite3 command here');
      throw error;
    }
  });

  test('keeps its write-ahead log within the limit, however much is written', async (t) => {
    const LIMIT = 4 * 1024 * 1024;
    const server = await Server.startFor(t, { args: ['--wal-size-max', String(LIMIT)] });
    const log = path.join(server.data, 'tutti.db-wal');
    const text = 'x'.repeat(15_000);
    let written = 0;
    let largest = 0;
    while (written < 8 * LIMIT) {
      const replies = await Promise.all(
        Array.from({ length: 16 }, () =>
          server.post('/v1/Services/default/Documents', { Data: JSON.stringify({ text }) }),
        ),
      );
      assert.ok(replies.every(({ status }) => status === 201));
      written += replies.length * text.length;
      largest = Math.max(largest, fs.statSync(log).size);
    }
    // One batch may go beyond before the writers have to wait.
    assert.ok(largest > LIMIT / 4, `the log has ${largest} bytes`);
    assert.ok(largest <= LIMIT + 16 * 2 * text.length, `the log has ${largest} bytes`);
  });

  test('that cannot be made is refused with a sentence', async () => {
    const refused = await serve('/proc/nowhere/data');
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /\/proc\/nowhere\/data/);
  });
});
