'use strict';
// A TCP proxy in front of a server, which can be told to cut its connections, to delay what it
// passes on, and to pass on nothing as if somebody had pulled the cable.

const { once } = require('node:events');
const net = require('node:net');
const { Transform } = require('node:stream');

class Proxy {
  // `server`: where it leads to may change, when the server starts anew on another port.
  static async startFor(t, server) {
    const proxy = new Proxy(server);
    t.after(() => proxy.stop());
    proxy.listener.listen(0, '127.0.0.1');
    await once(proxy.listener, 'listening');
    proxy.port = proxy.listener.address().port;
    return proxy;
  }

  constructor(server) {
    this.server = server;
    this.pairs = new Set();
    this.delayMs = 0;
    this.thawed = null; // while it is frozen: what runs when it no longer is
    this.listener = net.createServer((near) => this.join(near));
  }

  join(near) {
    const far = net.connect(this.server.port, '127.0.0.1');
    const pair = [near, far];
    this.pairs.add(pair);
    const end = () => {
      this.pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.setNoDelay(true).on('error', end).on('close', end);
    near.pipe(this.passage()).pipe(far);
    far.pipe(this.passage()).pipe(near);
  }

  // Bytes come out in order, `delayMs` after they came in, and none while it is frozen.
  passage() {
    return new Transform({
      transform: (chunk, _, done) => {
        const pass = () => (this.thawed ? this.thawed.push(pass) : done(null, chunk));
        if (this.delayMs) setTimeout(pass, this.delayMs);
        else pass();
      },
    });
  }

  freeze() {
    this.thawed ??= [];
  }

  thaw() {
    const waiting = this.thawed ?? [];
    this.thawed = null;
    waiting.forEach((pass) => pass());
  }

  // Some of the connections, as `chosen` says; all by default.
  cut(chosen = () => true) {
    for (const pair of [...this.pairs]) if (chosen()) pair[0].resetAndDestroy();
  }

  stop() {
    this.listener.close();
    this.cut();
  }
}

module.exports = { Proxy };
