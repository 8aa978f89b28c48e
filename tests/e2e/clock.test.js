'use strict';
// Somebody sets the server's calendar while it runs. Intervals do not depend on it, and times to
// live go on.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { eventually } = require('./support/eventually.js');
const { Connection } = require('./support/packets.js');
const { Office } = require('./support/sdk.js');
const { BINARY, Server, removeFolder, temporaryFolder } = require('./support/server.js');

const DAY_S = 86_400;

// A server whose calendar `set(seconds)` puts off (see set_calendar.c), on a disk that cannot be
// read while `failReads(true)` (see failing_disk.c).
async function startWithCalendar(t) {
  const folder = temporaryFolder();
  const file = path.join(folder, 'calendar');
  const disk = path.join(folder, 'disk');
  const preloads = ['set_calendar.so', 'failing_disk.so'].map((name) =>
    path.join(path.dirname(BINARY), 'tests', name),
  );
  for (const preload of preloads) assert.ok(fs.existsSync(preload), preload);
  const server = await Server.startFor(t, {
    env: {
      LD_PRELOAD: preloads.join(':'),
      TUTTI_TEST_CALENDAR: file,
      TUTTI_TEST_DISK_FAILS: disk,
    },
  });
  t.after(() => removeFolder(folder));
  const set = (seconds) => {
    fs.writeFileSync(`${file}.new`, String(seconds));
    fs.renameSync(`${file}.new`, file);
  };
  const failReads = (fails) =>
    fails ? fs.writeFileSync(`${disk}.read`, '') : fs.rmSync(`${disk}.read`);
  return { server, set, failReads };
}

for (const [how, seconds] of [
  ['back', -DAY_S],
  ['forward', DAY_S],
])
  test(`with the calendar set ${how}, a read that is kept back is answered, and SIGTERM ends the server`, async (t) => {
    const { server, set } = await startWithCalendar(t);
    const office = await Office.openFor(t, server);
    const clients = await Promise.all(
      ['a', 'b', 'c'].map((name) => Connection.start(server, office.token(name))),
    );
    const { body } = await clients[0].http('POST', '/v3/Documents', { body: { data: { n: 0 } } });
    const route = `/v3/Documents/${body.sid}`;
    const write = (client, revision) =>
      client.http('POST', route, { body: { data: { n: 1 } }, headers: { 'If-Match': String(revision) } });
    assert.equal((await write(clients[0], 0)).status, 200);
    for (const client of clients.slice(1)) assert.equal((await write(client, 0)).status, 412);
    // Both have lost a race, so their reads are kept back, for milliseconds of the real time.
    const reads = clients.slice(1).map((client) => client.http('GET', route));
    set(seconds);
    for (const read of await Promise.all(reads)) assert.equal(read.status, 200);
    clients.forEach((client) => client.close());
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

test('with the calendar set back, times to live pass as before, and what has expired stays away', async (t) => {
  const { server, set } = await startWithCalendar(t);
  const office = await Office.openFor(t, server);
  const documents = office.rest.sync.v1.services('default').documents;
  await documents.create({ uniqueName: 'before', ttl: 1 });
  set(-DAY_S);
  await documents.create({ uniqueName: 'after', ttl: 1 });
  const gone = (name) =>
    eventually(() =>
      documents(name).fetch().then(
        () => false,
        ({ status }) => status === 404,
      ),
    );
  assert.ok(await gone('before'));
  assert.ok(await gone('after'));
  set(-2 * DAY_S);
  await assert.rejects(documents('before').fetch(), { status: 404 });
});

test('with the calendar set back, housekeeping that failed is tried again', async (t) => {
  const DOCUMENTS = 60;
  const { server, set, failReads } = await startWithCalendar(t);
  const office = await Office.openFor(t, server);
  const documents = office.rest.sync.v1.services('default').documents;
  const data = { x: 'x'.repeat(9000) };
  const metrics = async () => (await server.get('/metrics')).text;
  const isWritten = async () => /^tutti_store_heads_dirty 0$/m.test(await metrics());
  for (let n = 0; n < DOCUMENTS; n++) await documents.create({ uniqueName: `d${n}`, ttl: 5, data });
  assert.ok(await eventually(isWritten));
  await documents.create({ uniqueName: 'stays' }); // a start reads what was written last
  assert.ok(await eventually(isWritten));
  await server.stop();
  await server.launch();
  failReads(true);
  assert.ok(await eventually(() => /housekeeping failed/.test(server.printed())));
  set(-DAY_S);
  failReads(false);
  assert.ok(await eventually(() => /housekeeping works again/.test(server.printed())));
  const expired = new RegExp(`^tutti_core_expired_total ${DOCUMENTS}$`, 'm');
  assert.ok(await eventually(async () => expired.test(await metrics())), await metrics());
  assert.equal((await server.get('/v1/Services/default/Documents/stays')).status, 200);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

for (const [how, seconds] of [
  ['back', -DAY_S / 4],
  ['forward', DAY_S / 4],
])
  test(`with the calendar set ${how}, a client that sends a write again learns what became of it`, async (t) => {
    const { server, set } = await startWithCalendar(t);
    const office = await Office.openFor(t, server);
    const open = async () => {
      const connection = await Connection.open(server);
      const token = office.token('alice', { ttl: DAY_S / 2 }); // good by either calendar
      const { header } = await connection.request({ method: 'init', token });
      assert.equal(header.status.code, 200);
      t.after(() => connection.close());
      return [connection, header.debug_info.time_ms];
    };
    const [before, beforeMs] = await open();
    const { body: list } = await before.http('POST', '/v3/Lists', { body: {} });
    const push = (connection, key, sentMs) =>
      connection.http('POST', `/v3/Lists/${list.sid}/Items`, {
        headers: { 'Idempotency-Key': key, 'Tutti-First-Sent': String(sentMs) },
        body: { data: {} },
      });
    const first = await push(before, 'a', beforeMs);
    assert.equal(first.status, 201);
    set(seconds);
    const [after, afterMs] = await open();
    assert.ok(Math.abs(Date.now() - afterMs) < 60_000); // it does not jump
    assert.deepEqual((await push(after, 'a', beforeMs)).body, first.body);
    assert.equal((await push(after, 'b', afterMs)).status, 201); // not done yet, and known not to be
    assert.equal((await push(before, 'c', beforeMs)).status, 201);
  });
