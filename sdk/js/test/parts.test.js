// What needs no server: packets, tokens, emitters.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { Emitter } from '../src/emitter.js';
import { SyncClient } from '../src/index.js';
import { decodePacket, encodePacket } from '../src/packet.js';
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
