'use strict';
// Requests, answers and events of one session come in one order, also where the server has two ways
// of evaluating them, and where permissions are looked at.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { Connection } = require('./support/packets.js');
const { Office } = require('./support/sdk.js');
const { Server } = require('./support/server.js');

const ROUNDS = 200;
const SUBSCRIPTIONS = 600;

let server, office, service, writer;

before(async () => {
  server = await Server.start({ args: ['--session-frames-max', '0'] });
  const desk = await Office.open(server);
  const { sid } = await desk.rest.sync.v1.services.create({ aclEnabled: true });
  office = await Office.open(server, { service: sid });
  service = office.rest.sync.v1.services(sid);
  writer = await Connection.start(server, office.token('writer'));
});

after(async () => {
  writer.close();
  await server.destroy();
});

// A map of the writer's, that the reader may read.
async function makeMap() {
  const { body } = await writer.http('POST', '/v3/Maps', { body: {} });
  await service.syncMaps(body.sid).syncMapPermissions('reader').update({ read: true, write: false, manage: false });
  return { ...body, items: `/v3/Maps/${body.sid}/Items` };
}

const put = (map, key, data) => writer.http('PUT', `${map.items}/${key}`, { body: { data } });
const keysOf = ({ status, body }) => {
  assert.equal(status, 200);
  return body.items.map((item) => item.key);
};

test('a page shows what the session wrote before it, and nothing that it wrote later', async () => {
  const map = await makeMap();
  for (let round = 0; round < ROUNDS; round++) {
    const n = String(round).padStart(4, '0');
    const [, page, , later] = await Promise.all([
      put(map, `a${n}`, {}),
      writer.http('GET', map.items, { params: { Order: 'desc', From: `a${n}` } }),
      put(map, `b${n}`, {}),
      writer.http('GET', map.items, { params: { Order: 'desc' } }),
    ]);
    assert.ok(keysOf(page).includes(`a${n}`), `round ${n}: the page misses what was written before`);
    const shown = keysOf(page).filter((key) => key.startsWith('b'));
    assert.ok(!shown.includes(`b${n}`), `round ${n}: the page shows what was written later`);
    assert.ok(keysOf(later).includes(`b${n}`));
  }
});

test('a query shows what the session wrote before it, and nothing that it wrote later', async () => {
  const map = await makeMap();
  const query = (n) => writer.http('POST', `/v3/Insights/${map.sid}/Items`, { body: { query_string: `n == ${n}` } });
  for (let n = 0; n < ROUNDS / 4; n++) {
    const [, found] = await Promise.all([put(map, 'k', { n }), query(n), put(map, 'k', { n: -1 })]);
    assert.deepEqual(keysOf(found), ['k']);
  }
});

test('each subscription hears the last change, however writes and permissions come in between', async (t) => {
  const { body: document } = await writer.http('POST', '/v3/Documents', { body: { data: { n: -1 } } });
  const path = `/v3/Documents/${document.sid}`;
  const permission = service.documents(document.sid).documentPermissions('reader');
  await permission.update({ read: true, write: false, manage: false });
  let written = 0;
  let writing = true;
  const write = async () => {
    while (writing) assert.equal((await writer.http('POST', path, { body: { data: { n: written++ } } })).status, 200);
  };
  const permit = async () => {
    for (let n = 0; writing; n++) await permission.update({ read: true, write: n % 2 === 0, manage: false });
  };
  const writers = [write(), write(), permit()];
  const readers = await Promise.all(
    Array.from({ length: 20 }, () => Connection.start(server, office.token('reader'))),
  );
  t.after(() => readers.forEach((reader) => reader.close()));
  for (let round = 0; round < SUBSCRIPTIONS / readers.length; round++)
    await Promise.all(
      readers.map(async (reader) => {
        const { body } = await reader.http('GET', path);
        reader.received.length = 0;
        reader.known = body.data.n;
        const asked = { object_sid: document.sid, object_type: 'document', last_event_id: body.last_event_id };
        await reader.subscribe([asked]);
        await reader.event('subscription_established');
      }),
    );
  writing = false;
  await Promise.all(writers);
  const final = (await readers[0].http('GET', path)).body.data.n;
  const last = (reader) => {
    const told = reader.events().filter(([type]) => type === 'document_updated');
    return told.length ? told.at(-1)[1].document_data.n : reader.known;
  };
  for (const reader of readers) await reader.await(`the change to ${final}`, () => last(reader) === final);
});

test('a live query is told of each item that matches no longer, however writes come in between', async (t) => {
  const map = await makeMap();
  let writing = true;
  t.after(() => (writing = false));
  const write = async (key) => {
    for (let n = 0; writing; n++) await put(map, key, { in: n % 2 === 0 });
    await put(map, key, { in: false });
  };
  const writers = Array.from({ length: 8 }, (_, n) => write(`k${n}`));
  const readers = await Promise.all(
    Array.from({ length: 5 }, () => Connection.start(server, office.token('reader'))),
  );
  t.after(() => readers.forEach((reader) => reader.close()));
  const queries = [];
  for (let round = 0; round < 8; round++)
    for (const reader of readers) {
      const { status, body } = await reader.http('POST', `/v3/Insights/${map.sid}/Items`, {
        body: { query_string: `in == true and key != "${round}"` },
      });
      assert.equal(status, 200);
      const id = `${body.query_id}${round}`;
      queries.push({ reader, id, shown: new Set(body.items.map((item) => item.key)) });
      await reader.subscribe([
        {
          object_sid: id,
          object_type: 'live_query',
          index_name: map.sid,
          query_string: `in == true and key != "${round}"`,
          last_event_id: body.last_event_id,
        },
      ]);
      await reader.event('subscription_established', (event) => event.object_sid === id);
    }
  writing = false;
  await Promise.all(writers);
  const remaining = ({ reader, id, shown }) => {
    const now = new Set(shown);
    for (const [type, event] of reader.events()) {
      if (event.query_id !== id) continue;
      if (type === 'live_query_item_updated') now.add(event.item_key);
      if (type === 'live_query_item_removed') now.delete(event.item_key);
    }
    return now;
  };
  for (const query of queries) await query.reader.await('the last removal', () => remaining(query).size === 0);
});
