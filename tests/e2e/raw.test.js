'use strict';
// Bytes that no good client sends. Whatever comes, the server lives, and everybody else is
// served as before.

const assert = require('node:assert/strict');
const { describe, test, before, after, afterEach } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { Server, ACCOUNT, TOKEN } = require('./support/server.js');
const { basic } = require('./support/http.js');
const { Socket, exchange } = require('./support/socket.js');

const TIMEOUT_MS = 1500;
const DOCUMENTS = '/v1/Services/default/Documents';
const AUTH = `Authorization: ${basic(ACCOUNT, TOKEN)}`;
const FORM = 'Content-Type: application/x-www-form-urlencoded';

let server;
let document;

before(async () => {
  server = await Server.start({
    args: ['--threads', '1', '--connections-max', '64'].concat(
      ['--idle-timeout-ms', String(TIMEOUT_MS)],
      ['--request-timeout-ms', String(TIMEOUT_MS)],
    ),
  });
  document = (await server.post(DOCUMENTS, { UniqueName: 'witness', Data: '{"n":0}' })).json;
});
after(() => server.destroy());

// After every test the server answers, and nothing was changed that should not be.
afterEach(async () => {
  assert.ok(server.isRunning(), server.printed());
  const { status, json } = await server.get(`${DOCUMENTS}/witness`);
  assert.deepEqual([status, json], [200, document]);
});

const lines = (...parts) => parts.join('\r\n') + '\r\n\r\n';
const get = (path, ...headers) => lines(`GET ${path} HTTP/1.1`, 'Host: x', AUTH, ...headers);
const post = (path, ...headers) =>
  lines(`POST ${path} HTTP/1.1`, 'Host: x', AUTH, FORM, ...headers);
const sized = (path, body) => post(path, `Content-Length: ${Buffer.byteLength(body)}`) + body;

// No answer, or one of these statuses.
function assertRefused(response, ...statuses) {
  if (response) assert.ok(statuses.includes(response.status), `${response.status}`);
}

describe('what is no HTTP', () => {
  const garbage = {
    'zero bytes': Buffer.alloc(1000),
    'every byte': Buffer.from(Array.from({ length: 1024 }, (_, i) => i % 256)),
    'a TLS greeting': Buffer.from('16030100a5010000a10303' + '5a'.repeat(160), 'hex'),
    'HTTP/2': Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'),
    'words': Buffer.from('hello, who is there?\r\n\r\n'),
    'empty lines': Buffer.from('\r\n'.repeat(500)),
    'a header without an end': Buffer.from('GET / HTTP/1.1\r\nA: b\r\n'),
    'a zero byte in a header': Buffer.from('GET /none HTTP/1.1\r\nHost: a\0b\r\n\r\n'),
    'a space before the colon': Buffer.from('GET / HTTP/1.1\r\nHost : x\r\n\r\n'),
    'a request line of one word': Buffer.from('GET\r\n\r\n'),
    'another version': Buffer.from('GET / HTTP/9.9\r\nHost: x\r\n\r\n'),
  };
  for (const [what, bytes] of Object.entries(garbage))
    test(`${what}: refused, or closed`, async () => {
      const socket = await Socket.connect(server.port);
      socket.send(bytes);
      socket.finish();
      await socket.whenEnded();
      const answer = socket.received.toString('latin1');
      assert.match(answer, /^(HTTP\/1\.[01] [45]\d\d [^\0]*)?$/);
      socket.close();
    });
});

describe('requests that stop half way', () => {
  const whole = sized(`${DOCUMENTS}/witness`, 'Data={"n":1}');

  test('change nothing when the client hangs up, wherever that is', async () => {
    for (let length = 1; length < whole.length; length += 9) {
      const socket = await Socket.connect(server.port);
      socket.send(whole.slice(0, length));
      socket.finish();
      await socket.whenEnded();
      assert.doesNotMatch(socket.received.toString('latin1'), /^HTTP\/1\.1 2/);
      socket.close();
    }
  });

  test('change nothing when the connection is reset', async () => {
    for (let length = 1; length < whole.length; length += 17) {
      const socket = await Socket.connect(server.port);
      socket.send(whole.slice(0, length));
      socket.reset();
    }
  });

  test('are given up when nothing more comes', async () => {
    const sockets = [];
    for (const length of [0, 1, 20, whole.length - 14, whole.length - 1]) {
      const socket = await Socket.connect(server.port);
      socket.send(whole.slice(0, length));
      sockets.push(socket);
    }
    for (const socket of sockets) {
      assert.ok(await socket.whenEnded());
      socket.close();
    }
  });
});

describe('slow bytes', () => {
  // Send one byte after the other until the server has had enough.
  async function drip(bytes, everyMs) {
    const socket = await Socket.connect(server.port);
    const begun = Date.now();
    let sent = 0;
    for (; sent < bytes.length && !socket.ended; sent++) {
      socket.send(bytes[sent]);
      await pause(everyMs);
    }
    socket.close();
    return { sent, took: Date.now() - begun, received: socket.received.toString('latin1') };
  }

  test('of headers do not hold a connection for ever', async () => {
    const bytes = get(`${DOCUMENTS}/witness`, `X-Slow: ${'x'.repeat(2000)}`);
    const { sent, received } = await drip(bytes, 10);
    assert.ok(sent < bytes.length, 'the server ends it before they have all come');
    assert.match(received, /^(HTTP\/1\.1 408 .*)?$/s);
  });

  test('of a body do not hold a connection for ever', async () => {
    const bytes = sized(`${DOCUMENTS}/witness`, `Data={"a":"${'x'.repeat(2000)}"}`);
    const headers = bytes.indexOf('\r\n\r\n') + 4;
    const socket = await Socket.connect(server.port);
    socket.send(bytes.slice(0, headers));
    let sent = headers;
    for (; sent < bytes.length && !socket.ended; sent++) {
      socket.send(bytes[sent]);
      await pause(10);
    }
    assert.ok(sent < bytes.length, 'the server ends it before they have all come');
    assert.match(socket.received.toString('latin1'), /^(HTTP\/1\.1 408 .*)?$/s);
    socket.close();
  });

  test('that come in time are a good request', async () => {
    const { json } = await server.post(DOCUMENTS, { Data: '{}' });
    const bytes = sized(`${DOCUMENTS}/${json.sid}`, 'Data={"n":1}');
    const socket = await Socket.connect(server.port);
    for (let at = 0; at < bytes.length; at += 3) {
      socket.send(bytes.slice(at, at + 3));
      await new Promise(setImmediate);
    }
    const { status, body } = await socket.response();
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body).data, { n: 1 });
    socket.close();
  });
});

describe('pipelining', () => {
  test('answers in the order of the requests', async () => {
    const socket = await Socket.connect(server.port);
    const count = 20;
    let bytes = '';
    for (let i = 0; i < count; i++) {
      bytes += sized(DOCUMENTS, `UniqueName=pipe-${i}&Data={"i":${i}}`);
      bytes += get(`${DOCUMENTS}/pipe-${i}`);
    }
    socket.send(bytes);
    for (let i = 0; i < count; i++) {
      const [created, fetched] = [await socket.response(), await socket.response()];
      assert.deepEqual([created.status, fetched.status], [201, 200]);
      assert.deepEqual(JSON.parse(created.body).data, { i });
      assert.deepEqual(JSON.parse(fetched.body).data, { i });
    }
    socket.close();
  });

  test('goes on after a refusal with a body of its own', async () => {
    const socket = await Socket.connect(server.port);
    const nobody = `${DOCUMENTS}/nobody`;
    socket.send(sized(nobody, 'Data={}') + get(nobody) + get(`${DOCUMENTS}/witness`));
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await socket.response()).status);
    assert.deepEqual(statuses, [404, 404, 200]);
    socket.close();
  });

  test('of HEAD leaves no body behind', async () => {
    const socket = await Socket.connect(server.port);
    const head = get(`${DOCUMENTS}/witness`).replace('GET', 'HEAD');
    socket.send(head + get(`${DOCUMENTS}/witness`));
    const first = await socket.response({ head: true });
    assert.equal(first.status, 200);
    assert.equal(JSON.parse((await socket.response()).body).sid, document.sid);
    socket.close();
  });

  test('by a client that then hangs up does no harm', async () => {
    const socket = await Socket.connect(server.port);
    socket.send(get(DOCUMENTS).repeat(50));
    await socket.response();
    socket.reset();
  });
});

describe('too much of everything', () => {
  const tooLarge = [400, 413, 414, 431, 494];

  test('headers of a megabyte are refused', async () => {
    const socket = await Socket.connect(server.port);
    socket.send(get('/healthz', `X: ${'x'.repeat(1 << 20)}`));
    const response = await socket.response();
    assertRefused(response, ...tooLarge);
    socket.close();
  });

  test('very many headers are refused', async () => {
    const many = Array.from({ length: 20_000 }, (_, i) => `X-${i}: y`);
    assertRefused(await exchange(server.port, get('/healthz', ...many)), ...tooLarge);
  });

  test('a path of a megabyte is refused', async () => {
    assertRefused(await exchange(server.port, get(`/${'x'.repeat(1 << 20)}`)), ...tooLarge, 404);
  });

  test('a body larger than allowed is refused before it is sent', async () => {
    const request = post(`${DOCUMENTS}/witness`, 'Content-Length: 1000000000');
    const response = await exchange(server.port, request);
    assert.equal(response.status, 413);
    assert.equal(JSON.parse(response.body).status, 413);
  });

  test('a chunked body larger than allowed is refused while it is sent', async () => {
    const socket = await Socket.connect(server.port);
    socket.send(post(`${DOCUMENTS}/witness`, 'Transfer-Encoding: chunked'));
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    for (let sent = 0; sent < 400 && !socket.ended && socket.received.length === 0; sent++) {
      socket.send(chunk);
      await new Promise(setImmediate);
    }
    const response = await socket.response();
    assertRefused(response, 413);
    socket.close();
  });

  test('a length that is none is refused', async () => {
    for (const length of ['-1', 'x', '1e3', '99999999999999999999999', '0x10', ''])
      assertRefused(
        await exchange(server.port, post(`${DOCUMENTS}/witness`, `Content-Length: ${length}`)),
        ...[400, 411, 413],
      );
  });
});

describe('bodies in pieces', () => {
  const chunked = (path, ...chunks) =>
    post(path, 'Transfer-Encoding: chunked') +
    chunks.map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`).join('') +
    '0\r\n\r\n';

  test('are put together', async () => {
    const response = await exchange(
      server.port,
      chunked(DOCUMENTS, 'Da', 'ta={"a":"', 'ä', `${'x'.repeat(5000)}"`, '}'),
    );
    assert.equal(response.status, 201);
    assert.equal(JSON.parse(response.body).data.a, 'ä' + 'x'.repeat(5000));
  });

  test('may end at any byte of a packet', async () => {
    const bytes = Buffer.from(chunked(DOCUMENTS, 'Data={"a":', '"b"}'));
    for (let cut = 1; cut < bytes.length; cut += 7) {
      const socket = await Socket.connect(server.port);
      socket.socket.setNoDelay(true);
      socket.send(bytes.subarray(0, cut));
      await new Promise(setImmediate);
      socket.send(bytes.subarray(cut));
      const response = await socket.response();
      assert.equal(response.status, 201);
      assert.deepEqual(JSON.parse(response.body).data, { a: 'b' });
      socket.close();
    }
  });

  test('with broken sizes are refused', async () => {
    const start = post(`${DOCUMENTS}/witness`, 'Transfer-Encoding: chunked');
    for (const body of [
      'x\r\nData',
      '-1\r\n\r\n',
      'fffffffffffffffff\r\n',
      '3\r\nDatax\r\n0\r\n\r\n',
    ])
      assertRefused(await exchange(server.port, start + body), 400, 413);
  });

  test('and with a length as well smuggle nothing in', async () => {
    const hidden = sized(`${DOCUMENTS}/witness`, 'Data={"n":99}');
    const outer = post(
      `${DOCUMENTS}/nobody`,
      'Transfer-Encoding: chunked',
      `Content-Length: ${hidden.length + 5}`,
    );
    const socket = await Socket.connect(server.port);
    socket.send(`${outer}0\r\n\r\n`);
    assertRefused(await socket.response(), 400, 404);
    socket.close();
  });
});

describe('Expect: 100-continue', () => {
  test('is answered before the body', async () => {
    const body = 'Data={"expected":true}';
    const socket = await Socket.connect(server.port);
    socket.send(post(DOCUMENTS, 'Expect: 100-continue', `Content-Length: ${body.length}`));
    assert.equal((await socket.response()).status, 100);
    socket.send(body);
    const response = await socket.response();
    assert.equal(response.status, 201);
    assert.deepEqual(JSON.parse(response.body).data, { expected: true });
    socket.close();
  });

  test('is answered with the refusal when the body is not wanted', async () => {
    const expect = 'Expect: 100-continue';
    const long = 'Content-Length: 100000000';
    const response = await exchange(server.port, post(DOCUMENTS, expect, long));
    assert.equal(response.status, 413);
    const stranger = post(DOCUMENTS, expect, 'Content-Length: 10').replace(AUTH, 'X: y');
    assert.equal((await exchange(server.port, stranger)).status, 401);
  });
});

describe('connections', () => {
  test('that say nothing are closed, and others are served meanwhile', async () => {
    const bare = [];
    for (let i = 0; i < 50; i++) bare.push(await Socket.connect(server.port));
    assert.equal((await server.get('/healthz')).status, 200);
    for (const socket of bare) {
      assert.ok(await socket.whenEnded());
      assert.equal(socket.received.length, 0);
      socket.close();
    }
  });

  test('beyond the limit wait for their turn', async () => {
    const bare = [];
    for (let i = 0; i < 80; i++) bare.push(await Socket.connect(server.port));
    assert.equal((await server.get('/healthz')).status, 200);
    for (const socket of bare) socket.close();
  });

  test('that come and go quickly do no harm', async () => {
    for (let i = 0; i < 300; i++) {
      const socket = await Socket.connect(server.port);
      if (i % 2) socket.reset();
      else socket.close();
    }
  });

  test('stay open between requests, and close when that is asked for', async () => {
    const socket = await Socket.connect(server.port);
    for (let i = 0; i < 5; i++) {
      socket.send(get('/healthz'));
      assert.equal((await socket.response()).status, 200);
    }
    socket.send(get('/healthz', 'Connection: close'));
    const last = await socket.response();
    assert.equal(last.status, 200);
    assert.match(last.headers.connection, /close/i);
    assert.ok(await socket.whenEnded());
    socket.close();
  });

  test('of HTTP/1.0 are answered and closed', async () => {
    const socket = await Socket.connect(server.port);
    socket.send(lines(`GET ${DOCUMENTS}/witness HTTP/1.0`, AUTH));
    const response = await socket.response();
    assert.equal(response.status, 200);
    assert.deepEqual(JSON.parse(response.body).sid, document.sid);
    assert.ok(await socket.whenEnded());
    socket.close();
  });

  test('whose client reads nothing do not stop the others', async () => {
    const socket = await Socket.connect(server.port);
    socket.socket.pause();
    socket.send(get(DOCUMENTS).repeat(500));
    for (let i = 0; i < 20; i++) assert.equal((await server.get('/healthz')).status, 200);
    socket.reset();
  });
});

describe('odd but complete requests', () => {
  test('get an answer that fits', async () => {
    const statusOf = async (bytes) => (await exchange(server.port, bytes))?.status;
    assert.equal(await statusOf(get('/healthz', 'X-Odd: \xff\xfe')), 200);
    assert.equal(await statusOf(get('/healthz', 'X: 1', 'x: 2', 'X: 3')), 200);
    assert.equal(await statusOf(get('/healthz?a=%zz&&b')), 200);
    assertRefused(await exchange(server.port, get('/%')), 400, 404);
    assertRefused(await exchange(server.port, get('/%00')), 400, 404);
    assertRefused(await exchange(server.port, get('/../../etc/passwd')), 400, 404);
    assertRefused(
      await exchange(server.port, get('/healthz').replace('GET', 'get')),
      400,
      405,
      501,
    );
    assertRefused(
      await exchange(server.port, get('/healthz').replace('GET', 'BREW')),
      400,
      405,
      501,
    );
    const long = get('/healthz').replace('GET', 'X'.repeat(5000));
    assertRefused(await exchange(server.port, long), 400, 405, 414, 431, 501);
    assertRefused(
      await exchange(server.port, get('*').replace('GET', 'OPTIONS')),
      200,
      204,
      400,
      404,
    );
    assertRefused(
      await exchange(server.port, get('x:1').replace('GET', 'CONNECT')),
      400,
      404,
      405,
      501,
    );
  });

  test('with an update and no body at all change nothing', async () => {
    const response = await exchange(server.port, post(`${DOCUMENTS}/witness`));
    assert.equal(response.status, 400);
    assert.equal(JSON.parse(response.body).code, 54010);
  });
});

describe('more requests than the core may be handed', () => {
  test('get 503 with Retry-After, and nothing of them is kept', async (t) => {
    const small = await Server.startFor(t, { args: ['--threads', '1', '--requests-max', '1'] });
    let created = 0;
    let refused = 0;
    for (let round = 0; refused === 0 && round < 50; round++) {
      const answers = await Promise.all(
        Array.from({ length: 40 }, () => small.post(DOCUMENTS, { Data: '{}' })),
      );
      for (const { status, headers, json } of answers) {
        assert.ok(status === 201 || status === 503, `status ${status}`);
        created += status === 201;
        refused += status === 503;
        if (status === 503) assert.deepEqual([json.code, headers['retry-after']], [20503, '1']);
      }
    }
    assert.ok(created > 0 && refused > 0, `${created} created, ${refused} refused`);
    const { text } = await small.get('/metrics');
    assert.match(text, new RegExp(`Documents",status="201"} ${created}\\n`));
    assert.match(text, /^tutti_core_commands_waiting 0$/m);
    let kept = 0;
    for (let url = `${DOCUMENTS}?PageSize=100`; url; ) {
      const { json } = await small.get(url);
      kept += json.documents.length;
      url = json.meta.next_page_url && json.meta.next_page_url.slice(small.base.length);
    }
    assert.equal(kept, created);
  });
});
