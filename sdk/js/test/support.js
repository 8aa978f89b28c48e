// What the tests share: the server under test and its helpers are those of tests/e2e.

import { createRequire } from 'node:module';
import { SyncClient } from '../src/index.js';

const require = createRequire(new URL('../../../tests/e2e/support/', import.meta.url));
const sdk = require('./sdk.js');

export const { Server } = require('./server.js');
export const { Proxy } = require('./proxy.js');
export const { eventually } = require('./eventually.js');
export const { randomOf } = require('./random.js');
export const { ITEM_EVENTS, record, refused } = sdk;

/** A server, a proxy in front of it, and clients that come through the proxy. */
export class World {
  static async open(t, options) {
    const world = new World();
    world.t = t;
    world.server = await Server.startFor(t, options);
    world.office = await sdk.Office.openFor(t, world.server);
    world.proxy = await Proxy.startFor(t, world.server);
    world.rest = world.office.rest.sync.v1.services('default');
    return world;
  }

  client(identity, { token, ...options } = {}) {
    const client = new SyncClient(token ?? (() => this.office.token(identity)), {
      url: `http://127.0.0.1:${this.proxy.port}`,
      reconnect: { minMs: 20, maxMs: 200 },
      ...options,
    });
    this.t.after(() => client.shutdown());
    return client;
  }

  // Nobody comes through until `up`.
  down() {
    this.up = this.proxy.server;
    this.proxy.server = { port: 1 };
    this.proxy.cut();
  }

  async back(client) {
    this.proxy.server = this.up;
    await connected(client);
  }
}

export async function connected(client) {
  if (!(await eventually(() => client.connectionState === 'connected')))
    throw new Error(`the client is ${client.connectionState}`);
}

export async function offline(client) {
  if (!(await eventually(() => client.connectionState !== 'connected')))
    throw new Error('the client is still connected');
}

/** Wait until what is known of the objects is kept up to date. */
export async function live(...objects) {
  for (const object of objects)
    if (!(await eventually(() => object.live))) throw new Error(`${object.sid} is not live`);
  return objects[0];
}
