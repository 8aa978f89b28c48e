'use strict';
// A TCP proxy in front of a server, which can be told to cut its connections.

const { once } = require('node:events');
const net = require('node:net');

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
    near.pipe(far);
    far.pipe(near);
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
