'use strict';
// Backups, and what clients hear of it when one is restored.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, test } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { Connection } = require('./support/packets.js');
const { Office } = require('./support/sdk.js');
const { Server, run, temporaryFolder } = require('./support/server.js');

const service = '/v1/Services/default';

async function post(server, target, form) {
  const reply = await server.post(service + target, form);
  assert.ok(reply.status < 300, `${reply.status} ${reply.text}`);
  return reply.body;
}

describe('clients of a server whose backup was restored', () => {
  // Each object as a client sees it: how it is written, and what a subscriber asks for.
  const kinds = [
    ['document', 'Documents', (at, n) => [`/Documents/${at}`, { Data: JSON.stringify({ n }) }]],
    ['list', 'Lists', (at, n) => [`/Lists/${at}/Items`, { Data: JSON.stringify({ n }) }]],
    ['map', 'Maps', (at, n) => [`/Maps/${at}/Items`, { Key: `k${n}`, Data: JSON.stringify({ n }) }]],
  ];

  for (const [kind, folder, write] of kinds) {
    for (const others of [0, 1, 50]) {
      test(`${kind}: are told to fetch afresh, with ${others} other writes since`, async (t) => {
        const server = await Server.startFor(t);
        const office = await Office.openFor(t, server);
        await post(server, `/${folder}`, { UniqueName: 'x' });
        await post(server, ...write('x', 1));
        await server.stop();
        const backup = path.join(temporaryFolder(), 'tutti.db');
        fs.copyFileSync(path.join(server.data, 'tutti.db'), backup);

        await server.launch();
        for (let n = 2; n < 12; n++) await post(server, ...write('x', n));
        const reader = await Connection.start(server, office.token('alice'));
        const known = (await reader.http('GET', `/v3/${folder}/x`)).body;
        reader.close();
        await server.killHard();

        for (const name of ['tutti.db-wal', 'tutti.db-shm'])
          fs.rmSync(path.join(server.data, name), { force: true });
        fs.copyFileSync(backup, path.join(server.data, 'tutti.db'));
        await server.launch();
        for (let n = 100; n < 100 + others; n++) await post(server, ...write('x', n));

        const again = await Connection.start(server, office.token('alice'));
        const ask = { object_sid: known.sid, object_type: kind };
        await again.subscribe([{ ...ask, last_event_id: known.last_event_id }]);
        const failed = (await again.event('subscription_failed'))[1];
        assert.deepEqual([failed.error.status, failed.error.code], [410, 20410]);

        const fresh = (await again.http('GET', `/v3/${folder}/x`)).body;
        assert.notEqual(fresh.last_event_id, known.last_event_id);
        await again.subscribe([{ ...ask, last_event_id: fresh.last_event_id }]);
        assert.equal(
          (await again.event('subscription_established'))[1].last_event_id,
          fresh.last_event_id,
        );
        await post(server, ...write('x', 1000));
        const after = (await again.http('GET', `/v3/${folder}/x`)).body;
        assert.ok(after.last_event_id > known.last_event_id, 'numbers do not go back');
        assert.ok(Number.isSafeInteger(after.last_event_id));
        again.close();
      });
    }
  }

  test('and those of a server that was only restarted go on where they were', async (t) => {
    const server = await Server.startFor(t);
    const office = await Office.openFor(t, server);
    await post(server, '/Lists', { UniqueName: 'x' });
    await post(server, '/Lists/x/Items', { Data: '{"n":1}' });
    const reader = await Connection.start(server, office.token('alice'));
    const known = (await reader.http('GET', '/v3/Lists/x')).body;
    reader.close();
    await post(server, '/Lists/x/Items', { Data: '{"n":2}' });
    await server.killHard();
    await server.launch();
    await post(server, '/Lists/x/Items', { Data: '{"n":3}' });
    const again = await Connection.start(server, office.token('alice'));
    await again.subscribe([
      { object_sid: known.sid, object_type: 'list', last_event_id: known.last_event_id },
    ]);
    await again.event('subscription_established');
    const added = again.events().filter(([type]) => type === 'list_item_added');
    assert.deepEqual(added.map(([, event]) => event.item_data.n), [2, 3]);
    again.close();
  });
});

describe('tutti backup', () => {
  const WORKERS = 32;
  const ROUNDS = 4;

  // Each counts in a document of its own, and appends to a list, until it is told to stop.
  async function work(server, worker) {
    while (!worker.stopped) {
      const Data = JSON.stringify({ n: worker.acknowledged + 1, x: 'x'.repeat(2000) });
      await post(server, `/Documents/${worker.name}`, { Data });
      worker.acknowledged++;
      await post(server, '/Lists/log/Items', { Data: JSON.stringify({ by: worker.name }) });
      worker.pushed++;
    }
  }

  async function startWorkers(server) {
    const workers = Array.from({ length: WORKERS }, (_, i) => ({
      name: `counter-${i}`,
      acknowledged: 0,
      pushed: 0,
    }));
    await post(server, '/Lists', { UniqueName: 'log' });
    for (const { name } of workers) await post(server, '/Documents', { UniqueName: name });
    return { workers, done: Promise.all(workers.map((worker) => work(server, worker))) };
  }

  async function countItems(server) {
    let count = 0;
    let next = `${service}/Lists/log/Items?PageSize=100`;
    while (next) {
      const { json } = await server.get(next);
      count += json.items.length;
      next = json.meta.next_page_url && new URL(json.meta.next_page_url).pathname + new URL(json.meta.next_page_url).search;
    }
    return count;
  }

  const modes = (folder) =>
    Object.fromEntries(
      fs.readdirSync(folder).map((name) => [name, (fs.statSync(path.join(folder, name)).mode & 0o777).toString(8)]),
    );

  test('copies a server under full write load, and a server starts on the copy', async (t) => {
    const server = await Server.startFor(t, { args: ['--wal-size-max', '4M'] });
    const { workers, done } = await startWorkers(server);
    const parent = temporaryFolder();
    t.after(() => fs.rmSync(parent, { recursive: true, force: true }));
    for (let round = 0; round < ROUNDS; round++) {
      while (workers.some((worker) => worker.acknowledged < 5 * (round + 1))) await pause(5);
      const before = workers.map(({ acknowledged, pushed }) => ({ acknowledged, pushed }));
      const copy = path.join(parent, `backup-${round}`);
      const { code, stderr } = await run(['backup', '--to', copy, '--data', server.data]);
      assert.deepEqual([code, stderr], [0, '']);
      assert.deepEqual(modes(copy), { credentials: '600', 'tutti.db': '600' });
      for (const name of ['credentials'])
        assert.deepEqual(
          fs.readFileSync(path.join(copy, name)),
          fs.readFileSync(path.join(server.data, name)),
        );
      const restored = await Server.startFor(t, { data: copy });
      for (const [i, { name }] of workers.entries()) {
        const { json } = await restored.get(`${service}/Documents/${name}`);
        assert.ok((json.data.n ?? 0) >= before[i].acknowledged, name);
        assert.ok((json.data.n ?? 0) <= workers[i].acknowledged + 1, name);
      }
      const pushed = before.reduce((sum, each) => sum + each.pushed, 0);
      assert.ok((await countItems(restored)) >= pushed);
      await post(restored, '/Documents', { UniqueName: 'after' });
      await restored.stop();
    }
    workers.forEach((worker) => (worker.stopped = true));
    await done;
  });

  test('works without a server, and leaves what it copies as it is', async (t) => {
    const server = await Server.startFor(t);
    await post(server, '/Documents', { UniqueName: 'x', Data: '{"n":1}' });
    await server.killHard();
    const parent = temporaryFolder();
    t.after(() => fs.rmSync(parent, { recursive: true, force: true }));
    const contents = () =>
      ['tutti.db', 'tutti.db-wal'].map((name) => fs.readFileSync(path.join(server.data, name)));
    const before = contents();
    const copy = path.join(parent, 'copy');
    assert.equal((await run(['backup', `--to=${copy}`, '--data', server.data])).code, 0);
    assert.deepEqual(contents(), before);
    const restored = await Server.startFor(t, { data: copy });
    assert.deepEqual((await restored.get(`${service}/Documents/x`)).json.data, { n: 1 });
    await restored.stop();
  });

  test('refuses with a sentence what it cannot do, and leaves nothing behind', async (t) => {
    const server = await Server.startFor(t);
    const parent = temporaryFolder();
    t.after(() => fs.rmSync(parent, { recursive: true, force: true }));
    const copy = path.join(parent, 'copy');
    const backup = (...args) => run(['backup', ...args]);
    const cases = [
      [2, /--to is missing/, []],
      [2, /--to needs a value/, ['--to']],
      [1, /credentials/, ['--to', copy, '--data', path.join(parent, 'none')]],
      [1, /cannot make/, ['--to', path.join(parent, 'a', 'b'), '--data', server.data]],
    ];
    for (const [status, sentence, args] of cases) {
      const { code, stderr } = await backup(...args);
      assert.equal(code, status, stderr);
      assert.match(stderr, sentence);
    }
    assert.equal((await backup('--to', copy, '--data', server.data)).code, 0);
    const again = await backup('--to', copy, '--data', server.data);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /there already/);
    const foreign = path.join(parent, 'foreign');
    fs.mkdirSync(foreign);
    fs.writeFileSync(path.join(foreign, 'tutti.db'), 'x'.repeat(5000));
    fs.copyFileSync(path.join(server.data, 'credentials'), path.join(foreign, 'credentials'));
    const refused = await backup('--to', path.join(parent, 'other'), '--data', foreign);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /not a database/);
    assert.deepEqual(fs.readdirSync(path.join(parent, 'other')), []);
  });
});
