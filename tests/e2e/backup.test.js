'use strict';
// Backups, and what clients hear of it when one is restored.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, test } = require('node:test');
const { Connection } = require('./support/packets.js');
const { Office } = require('./support/sdk.js');
const { Server, temporaryFolder } = require('./support/server.js');

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
