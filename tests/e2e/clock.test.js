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

// A server whose calendar `set(seconds)` puts off (see set_calendar.c).
async function startWithCalendar(t) {
  const folder = temporaryFolder();
  const file = path.join(folder, 'calendar');
  const preload = path.join(path.dirname(BINARY), 'tests', 'set_calendar.so');
  assert.ok(fs.existsSync(preload), preload);
  const server = await Server.startFor(t, {
    env: { LD_PRELOAD: preload, TUTTI_TEST_CALENDAR: file },
  });
  t.after(() => removeFolder(folder));
  const set = (seconds) => {
    fs.writeFileSync(`${file}.new`, String(seconds));
    fs.renameSync(`${file}.new`, file);
  };
  return { server, set };
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
