'use strict';
// Streams by the official client SDK: every member, who hears which message, every refusal.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { SyncStream } = require('twilio-sync');
const { eventually } = require('./support/eventually.js');
const {
  Office,
  assertLives,
  heard,
  members,
  opened,
  record,
  refused,
} = require('./support/sdk.js');

let server, office, alice, bob, carol, service;

before(async () => {
  office = await Office.withServer();
  server = office.server;
  [alice, bob, carol] = ['alice', 'bob', 'carol'].map((identity) => office.client(identity));
  service = office.rest.sync.v1.services('default');
});

after(() => office.leave());

const watch = (name, clients = [alice, bob]) => opened(clients, 'stream', name);

const messagesOf = (stream, look = ({ data }) => data.n) =>
  record(stream, ['messagePublished'], (_, { message, isLocal }) => look(message, isLocal));

const removalsOf = (stream) => record(stream, ['removed'], (_, { isLocal }) => isLocal);

// In this order; each of them with what was there before.
const MEMBERS = {
  sid: ({ sid }) => assert.match(sid, /^TO[0-9a-f]{32}$/),
  uniqueName: ({ uniqueName }) => assert.equal(uniqueName, 'members'),
  type: ({ type }) => assert.equal(type, 'stream'),
  uri: ({ sid, uri }) => assert.ok(uri.startsWith(server.base) && uri.endsWith(`/Streams/${sid}`)),
  links: ({ uri, links }) => assert.equal(links.messages, `${uri}/Messages`),
  lastEventId: ({ lastEventId }) => assert.equal(lastEventId, null),
  dateExpires: ({ dateExpires }) => assert.equal(dateExpires, null),
  publishMessage: async (stream) => {
    const { sid, data } = await stream.publishMessage({ n: 1 });
    assert.match(sid, /^TZ[0-9a-f]{32}$/);
    assert.deepEqual(data, { n: 1 });
  },
  setTtl: async (stream) => {
    await stream.setTtl(1000);
    assertLives(stream, 1000);
    await stream.setTtl(0);
    assert.equal(stream.dateExpires, null);
  },
  removeStream: async (stream) => {
    await stream.removeStream();
    await assert.rejects(stream.publishMessage({}), refused(404, 54250));
  },
  close: async (stream) => {
    stream.close();
    await assert.rejects(stream.publishMessage({}), /closed/);
  },
};

test('a stream has no member but these, and they work', async () => {
  assert.deepEqual(Object.keys(MEMBERS).sort(), members(SyncStream));
  const stream = await alice.stream('members');
  for (const check of Object.values(MEMBERS)) await check(stream);
});

test('each message reaches each once, and its sender as its own', async () => {
  const streams = await watch('each', [alice, bob, carol]);
  const seen = streams.map((stream) =>
    messagesOf(stream, ({ sid, data }, isLocal) => [sid, data, isLocal]),
  );
  const sent = [];
  for (let n = 0; n < 9; n++) {
    const { sid } = await streams[n % 3].publishMessage({ n });
    sent.push([sid, { n }, n % 3]);
    for (const events of seen) await heard(events, n + 1);
  }
  for (const [at, events] of seen.entries())
    assert.deepEqual(
      events,
      sent.map(([sid, data, author]) => [sid, data, author === at]),
    );
  assert.equal(new Set(sent.map(([sid]) => sid)).size, 9);
});

test('messages of one sender come in order, those of many in one order for all', async () => {
  const senders = await watch('ordered', [alice, bob, carol]);
  const listeners = await watch('ordered', [office.client('left'), office.client('right')]);
  const seen = listeners.map((stream) => messagesOf(stream, ({ data }) => [data.from, data.n]));
  await Promise.all(
    senders.map(async (stream, from) => {
      for (let n = 0; n < 40; n++) await stream.publishMessage({ from, n });
    }),
  );
  for (const events of seen) await heard(events, 120);
  assert.deepEqual(seen[0], seen[1]);
  for (const from of [0, 1, 2])
    assert.deepEqual(
      seen[0].filter(([who]) => who === from).map(([, n]) => n),
      Array.from({ length: 40 }, (_, n) => n),
    );
});

test('who comes later hears what is sent from then on', async () => {
  const [mine] = await watch('late', [alice]);
  await mine.publishMessage({ n: 'before' });
  const [late] = await watch('late', [carol]);
  const seen = messagesOf(late);
  await mine.publishMessage({ n: 'after' });
  assert.deepEqual(await heard(seen, 1), ['after']);
});

test('messages by REST reach all, and are nobody’s own', async () => {
  const streams = await watch('rest');
  const seen = streams.map((stream) =>
    messagesOf(stream, ({ sid, data }, isLocal) => [sid, data, isLocal]),
  );
  const sent = [];
  for (let n = 0; n < 5; n++) {
    const { sid } = await service.syncStreams('rest').streamMessages.create({ data: { n } });
    sent.push([sid, { n }, false]);
  }
  for (const events of seen) assert.deepEqual(await heard(events, 5), sent);
});

test('a message comes as it was given', async () => {
  const [mine, theirs] = await watch('values');
  const seen = messagesOf(theirs, ({ data }) => data);
  const messages = [
    {},
    { '': '', nothing: null, list: [[], {}, [null]] },
    { text: 'ä😀\u0000\u2028\ue000"\\\n', number: -1.5e-7, large: 2 ** 53 - 1 },
    { type: 'message', event_type: 'stream_removed', constructor: 1 },
  ];
  for (const data of messages) await mine.publishMessage(data);
  assert.deepEqual(await heard(seen, messages.length), messages);
});

test('a message holds 4 KiB and not one byte more', async () => {
  const [mine, theirs] = await watch('full');
  const seen = messagesOf(theirs, ({ data }) => data.é.length);
  const sized = (bytes) => ({ é: 'x'.repeat(bytes - '{"é":""}'.length - 1) });
  await assert.rejects(mine.publishMessage(sized(4097)), refused(413, 54006));
  await mine.publishMessage(sized(4096));
  assert.deepEqual(await heard(seen, 1), [sized(4096).é.length]);
});

test('a time to live that is none is refused', async () => {
  const [mine] = await watch('ttls');
  await assert.rejects(mine.setTtl(31_536_001), refused(400, 54011));
  await mine.setTtl(31_536_000);
  assertLives(mine, 31_536_000);
  assertLives(await office.client('fresh').stream('ttls'), 31_536_000);
});

test('when its time is over, all hear of it once, and it is gone', async () => {
  const streams = await watch('expiring', [alice, bob, carol]);
  const seen = streams.map(removalsOf);
  await streams[0].setTtl(1);
  for (const events of seen) assert.deepEqual(await heard(events, 1), [false]);
  await assert.rejects(streams[1].publishMessage({}), refused(404, 54250));
  const existing = { id: 'expiring', mode: 'open_existing' };
  await assert.rejects(alice.stream(existing), refused(404, 54300));
  assert.notEqual((await bob.stream('expiring')).sid, streams[0].sid);
});

test('one who removes a stream hears so as its own doing, the others not', async () => {
  const streams = await watch('removed', [alice, bob, carol]);
  const seen = streams.map(removalsOf);
  await streams[1].removeStream();
  for (const [at, events] of seen.entries()) assert.deepEqual(await heard(events, 1), [at === 1]);
  await assert.rejects(streams[0].publishMessage({}), refused(404, 54250));
  await assert.rejects(streams[2].setTtl(5), refused(404, 54250));
});

test('a closed handle hears nothing more, the others of its client go on', async () => {
  const [one, two] = [await bob.stream('handles'), await bob.stream('handles')];
  const [mine] = await watch('handles', [alice]);
  await watch('handles', [bob]);
  const [atOne, atTwo] = [messagesOf(one), messagesOf(two)];
  await mine.publishMessage({ n: 1 });
  await heard(atTwo, 1);
  one.close();
  await mine.publishMessage({ n: 2 });
  assert.deepEqual(await heard(atTwo, 2), [1, 2]);
  assert.deepEqual(atOne, [1]);
});

test('a stream keeps nothing: it is as it was after a thousand messages', async () => {
  const [mine, theirs] = await watch('thousand');
  const seen = messagesOf(theirs);
  const before = await service.syncStreams('thousand').fetch();
  await Promise.all(Array.from({ length: 1000 }, (_, n) => mine.publishMessage({ n })));
  await eventually(() => seen.length >= 1000);
  assert.deepEqual(new Set(seen).size, 1000);
  assert.equal(seen.length, 1000);
  const { dateUpdated } = await service.syncStreams('thousand').fetch();
  assert.deepEqual(dateUpdated, before.dateUpdated);
});
