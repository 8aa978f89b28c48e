// What needs no server: packets, tokens, emitters.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Emitter } from '../src/emitter.js';
import { SyncClient, UnknownOutcomeError } from '../src/index.js';
import { decodePacket, encodePacket } from '../src/packet.js';
import { Requests } from '../src/requests.js';
import { TokenSource } from '../src/token.js';

const buffer = (bytes) => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);

test('the SDK, its package and the server have one version', () => {
  const at = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
  const [, server] = /version: '(.*?)'/.exec(at('../../../meson.build'));
  assert.deepEqual(
    [SyncClient.version, JSON.parse(at('../package.json')).version],
    [server, server],
  );
});

test('a packet is read as it was written, counted in bytes', () => {
  for (const payload of [undefined, {}, { text: 'äöü 😀 \u0000' }]) {
    const { header, payload: read } = decodePacket(
      buffer(encodePacket({ method: 'x', id: 'ü' }, payload)),
    );
    assert.deepEqual([header.method, header.id, read], ['x', 'ü', payload]);
  }
});

test('what is no packet is a SyntaxError', () => {
  const encode = (text) => buffer(new TextEncoder().encode(text));
  for (const text of [
    '',
    'TWILSOCK',
    'TWILSOCK V3.0 x\r\n{}',
    'TWILSOCK V3.0 2\n{}',
    'TWILSOCK V3.0 5\r\n{}\r\n',
  ])
    assert.throws(() => decodePacket(encode(text)), SyntaxError, text);
});

const jwt = (claims) => `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`;

test('a token is renewed three minutes before its end, a short one after three quarters', async () => {
  const refresh = async (leftS) => {
    const source = new TokenSource(() => jwt({ exp: 1_000 + leftS }));
    await source.get();
    return source.refreshInMs(1_000_000);
  };
  assert.equal(await refresh(3600), 3_420_000);
  assert.equal(await refresh(60), 45_000);
  assert.equal(await refresh(1), 1_000);
  assert.equal(await refresh(-5), 1_000);
  const source = new TokenSource('no token');
  assert.equal(source.refreshInMs(), undefined);
});

test('one new token is made for all who ask at the same time', async () => {
  let made = 0;
  const source = new TokenSource(async () => `t${(made += 1)}`);
  assert.deepEqual(await Promise.all([source.get(), source.get(), source.renew()]), [
    't1',
    't1',
    't1',
  ]);
  assert.equal(await source.get(), 't1');
  source.forget();
  assert.equal(await source.get(), 't2');
});

test('what was emitted before anybody listened is heard by the first, the last 100 of it', () => {
  const emitter = new Emitter();
  for (let i = 0; i < 150; i += 1) emitter.emit('x', i);
  const heard = [];
  emitter.on('x', (i) => heard.push(i));
  assert.deepEqual(
    heard,
    Array.from({ length: 100 }, (_, i) => i + 50),
  );
  emitter.on('x', () => assert.fail('heard again'));
});

test('listeners come and go', () => {
  const emitter = new Emitter();
  const heard = [];
  const listener = (i) => heard.push(i);
  emitter.on('x', listener).once('x', (i) => heard.push(`once ${i}`));
  assert.equal(emitter.emit('x', 1), true);
  emitter.emit('x', 2);
  emitter.off('x', listener);
  assert.equal(emitter.emit('x', 3), false);
  emitter.once('x', listener).off('x', listener);
  emitter.emit('x', 4);
  emitter.on('x', listener).removeAllListeners();
  emitter.emit('y', 5);
  assert.deepEqual(heard, [1, 'once 1', 2]);
  assert.equal(emitter.listenerCount('x'), 0);
});

/** A connection that the test opens and loses; `sent` has the headers of each request. */
class FakeConnection extends Emitter {
  state = 'connecting';
  sent = [];
  #replies = [];

  open(timeMs, bootId) {
    this.state = 'connected';
    this.emit('open', { timeMs, bootId });
  }

  lose() {
    this.state = 'connecting';
    this.#replies = [];
    this.emit('lost');
  }

  async send({ http_request }, body, onReply) {
    this.sent.push(http_request.headers);
    this.#replies.push(onReply);
  }

  answer(code, payload) {
    const header = { status: { code: 200 }, http_status: { code } };
    this.#replies.shift()({ header, payload });
  }
}

const write = { method: 'POST', path: '/v3/Documents/x', body: { data: {} } };

test('a write is sent again to the server that may know its key', async () => {
  const connection = new FakeConnection();
  const requests = new Requests(connection);
  connection.open(1_000_000, 'a');
  const answer = requests.write(write);
  connection.lose();
  connection.open(2_000_000, 'a');
  connection.answer(200, { revision: '1' });
  assert.deepEqual(await answer, { status: 200, body: { revision: '1' } });
  const [first, again] = connection.sent;
  assert.equal(first['Tutti-First-Sent'], undefined);
  assert.match(again['Tutti-First-Sent'], /^100000\d$/);
  assert.equal(again['Idempotency-Key'], first['Idempotency-Key']);
});

for (const [what, timeMs, bootId] of [
  ['was started since, whose clock was set back', 500_000, 'b'],
  ['does not say which start of it that is', undefined, undefined],
]) {
  test(`a server that ${what} gets only what cannot be done twice`, async () => {
    const connection = new FakeConnection();
    const requests = new Requests(connection);
    connection.open(1_000_000, 'a');
    const push = requests.write(write);
    const guarded = requests.write({ ...write, ifMatch: '3' });
    const overtaken = requests.write({ ...write, ifMatch: '4' });
    const read = requests.read('/v3/Documents/x');
    connection.lose();
    connection.sent = [];
    connection.open(timeMs, bootId);
    await assert.rejects(push, UnknownOutcomeError);
    assert.deepEqual(
      connection.sent.map((headers) => [headers['If-Match'], headers['Tutti-First-Sent']]),
      [
        ['3', undefined],
        ['4', undefined],
        [undefined, undefined],
      ],
    );
    connection.answer(200, { revision: '4' });
    connection.answer(412, { code: 54103 });
    connection.answer(200, { data: {} });
    assert.equal((await guarded).status, 200);
    await assert.rejects(overtaken, UnknownOutcomeError);
    assert.equal((await read).status, 200);
  });
}

test('a write that was refused for the moment is not taken for new after a loss', async () => {
  const connection = new FakeConnection();
  const requests = new Requests(connection);
  connection.open(1_000_000, 'a');
  const push = requests.write(write);
  connection.answer(503, { code: 54009 });
  while (connection.sent.length < 2) await delay(20);
  connection.lose();
  connection.open(400_000, 'b');
  await assert.rejects(push, UnknownOutcomeError);
  assert.equal(connection.sent.length, 2);
});
