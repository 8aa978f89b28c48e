'use strict';
// The write-ahead log while another program reads the database.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { Server } = require('./support/server.js');
const { eventually } = require('./support/eventually.js');

const DOCUMENTS = '/v1/Services/default/Documents';
const MIB = 1024 * 1024;
const LIMIT = 4 * MIB;
const READER_LIMIT = 12 * MIB;
const TURN = 2 * MIB; // what one turn may write beyond
const TEXT = 'x'.repeat(15_000);

const logSize = (server) => fs.statSync(path.join(server.data, 'tutti.db-wal')).size;

const write = (server) => server.post(DOCUMENTS, { Data: JSON.stringify({ text: TEXT }) });

const writeMany = (server) => Promise.all(Array.from({ length: 16 }, () => write(server)));

// A transaction of another program that reads; ends with `end()`.
async function startReading(t, server) {
  const child = spawn('sqlite3', [path.join(server.data, 'tutti.db')]);
  t.after(() => child.kill('SIGKILL'));
  child.on('error', () => {});
  child.stdin.write('BEGIN; SELECT count(*) FROM chunk;\n');
  await once(child.stdout, 'data');
  return {
    async end() {
      child.stdin.end();
      await once(child, 'close');
    },
  };
}

function hasSqlite() {
  return process.env.PATH.split(':').some((folder) => fs.existsSync(path.join(folder, 'sqlite3')));
}

const skip = !hasSqlite() && 'there is no sqlite3 command here';

describe('when another program reads the database', { skip }, () => {
  const args = ['--wal-size-max', `${LIMIT}`, '--wal-size-reader-max', `${READER_LIMIT}`];

  test('writes go on up to a second limit, reads always, and all works behind it', async (t) => {
    const server = await Server.startFor(t, { args });
    const { sid } = (await write(server)).json;
    const reader = await startReading(t, server);
    let refused;
    for (let written = 0; !refused; written += 16 * TEXT.length) {
      assert.ok(written < 4 * READER_LIMIT, 'writes are refused some time');
      const answers = await writeMany(server);
      refused = answers.find(({ status }) => status !== 201);
      if (written < READER_LIMIT / 4) assert.ok(!refused, 'not at the first limit');
      assert.ok(logSize(server) <= READER_LIMIT + TURN, `the log has ${logSize(server)} bytes`);
    }
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers['retry-after']) > 0);
    assert.ok(logSize(server) > LIMIT + TURN, `the log has ${logSize(server)} bytes`);
    assert.equal((await server.get(`${DOCUMENTS}/${sid}`)).status, 200);
    await reader.end();
    assert.ok(await eventually(async () => (await write(server)).status === 201));
  });

  test('and is done, the log begins anew without another write', async (t) => {
    const server = await Server.startFor(t, { args });
    await write(server);
    const reader = await startReading(t, server);
    while (logSize(server) < LIMIT + TURN)
      assert.ok((await writeMany(server)).every(({ status }) => status === 201));
    await reader.end();
    const wal = async () =>
      Number(/^tutti_store_wal_bytes (\d+)$/m.exec((await server.get('/metrics')).text)[1]);
    assert.ok(await eventually(async () => (await wal()) < LIMIT));
  });
});
