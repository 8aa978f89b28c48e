'use strict';
// The official helper package against Tutti: messages to a stream, and every refusal of one.

const assert = require('node:assert/strict');
const { test, before, after } = require('node:test');
const { Helper, NOBODY, plain } = require('./support/helper.js');

const SIZE_MAX = 4096;

let helper;
let service;
let stream;
let messages;
before(async () => {
  helper = await Helper.start();
  service = await helper.newService();
  stream = await service.syncStreams.create({ uniqueName: 'news' });
  messages = service.syncStreams(stream.sid).streamMessages;
});
after(() => helper.destroy());

const refused = (...args) => helper.refused(...args);

test('a message is answered with its SID and its data', async () => {
  const data = { text: 'grüße 🎈', list: [1, null, { two: [] }] };
  const { statusCode, headers, body } = await messages.createWithHttpInfo({ data });
  assert.equal(statusCode, 201);
  assert.equal(headers.etag, undefined);
  assert.deepEqual(body.data, data);
});

test('each message has a SID of its own', async () => {
  const sent = await Promise.all(Array.from({ length: 20 }, () => messages.create({ data: {} })));
  assert.equal(new Set(sent.map(({ sid }) => sid)).size, 20);
});

test('a stream takes messages by its name, too', async () => {
  const { data } = await service.syncStreams('news').streamMessages.create({ data: { a: 1 } });
  assert.deepEqual(data, { a: 1 });
});

test('a message changes nothing about its stream', async () => {
  await messages.create({ data: {} });
  assert.deepEqual(plain(await stream.fetch()), plain(stream));
});

test('a message is at most 4096 bytes', async () => {
  const empty = Buffer.byteLength(JSON.stringify({ ä: '' }));
  const data = { ä: 'x'.repeat(SIZE_MAX - empty) };
  assert.deepEqual((await messages.create({ data })).data, data);
  await refused(messages.create({ data: { ä: `${data.ä}x` } }), 413, 54006);
  await refused(messages.create({ data: { big: 'x'.repeat(16_384) } }), 413, 54006);
});

test('a message that is no JSON object is refused', async () => {
  for (const data of ['{"a":', '{"a"}', 'text'])
    await refused(messages.create({ data }), 400, 54008);
  for (const data of [[1, 2], '"text"', '17', 'true', 'null'])
    await refused(messages.create({ data }), 400, 54251);
});

test('a message to what is not there is refused', async () => {
  const to = (id, within = service) =>
    within.syncStreams(id).streamMessages.create({ data: { a: 1 } });
  await refused(to(`TO${NOBODY}`), 404, 54250);
  await refused(to('nobody'), 404, 54300);
  await refused(to(stream.sid, helper.services(`IS${NOBODY}`)), 404, 54050);
  await refused(to(stream.sid, await helper.newService()), 404, 54250);
  const removed = await service.syncStreams.create({ uniqueName: 'removed' });
  await removed.remove();
  await refused(to(removed.sid), 404, 54250);
  await refused(to('removed'), 404, 54300);
  const begun = Date.now();
  const expired = await service.syncStreams.create({ ttl: 1 });
  await helper.expires(() => to(expired.sid), { begun, ttl: 1, code: 54250 });
});

test('the description holds for messages', () => helper.assertCovered('Messages'));
