'use strict';
// A client SDK pointed at a server under test: the official one, unmodified, or ours.

const assert = require('node:assert/strict');
const { webcrypto } = require('node:crypto');
const { once } = require('node:events');

globalThis.crypto ??= webcrypto; // the official SDK expects it, and Node 18 has it elsewhere

// The SDK under test: the official one, or ours, which promises to behave alike.
const { Client } = require(process.env.TUTTI_SDK ?? 'twilio-sync');
const IS_OURS = process.env.TUTTI_SDK !== undefined;
const twilio = require('twilio');
const { clientOf } = require('./client.js');
const { eventually } = require('./eventually.js');
const { Server } = require('./server.js');

const { AccessToken } = twilio.jwt;

// Whoever mints tokens for a server: by an API key, as the documentation has it.
class Office {
  static async open(server, options = {}) {
    const [account, secret] = server.auth;
    const office = new Office();
    office.server = server;
    office.account = account;
    office.service = options.service ?? 'default';
    office.rest = clientOf(server, account, secret);
    office.key = await office.rest.newKeys.create({ friendlyName: 'office' });
    office.clients = new Set();
    return office;
  }

  // With a server of its own, for a whole file; `leave` ends both.
  static async withServer(options) {
    return Office.open(await Server.start(options));
  }

  async leave() {
    await this.close();
    await this.server.destroy();
  }

  // For one test or file: what it opened is closed behind it.
  static async openFor(t, server, options) {
    const office = await Office.open(server, options);
    t.after(() => office.close());
    return office;
  }

  token(identity, options = {}) {
    const { service = this.service, ...rest } = options;
    const token = new AccessToken(this.account, this.key.sid, this.key.secret, {
      identity,
      ttl: 3600,
      ...rest,
    });
    token.addGrant(new AccessToken.SyncGrant({ serviceSid: service }));
    return token.toJwt(rest.algorithm);
  }

  // Options: `port` of a proxy in between, `token`, `Client` of another version.
  client(identity, options = {}) {
    const port = options.port ?? this.server.port;
    const Class = options.Client ?? Client;
    const client = new Class(options.token ?? this.token(identity), {
      cdsUri: `http://127.0.0.1:${port}`,
      twilsock: { uri: `ws://127.0.0.1:${port}/v3/wsconnect` },
      logLevel: 'silent',
    });
    this.clients.add(client);
    return client;
  }

  async close() {
    await Promise.all([...this.clients].map((client) => client.shutdown()));
    this.clients.clear();
  }
}

// Objects tell their state of subscription to nobody but themselves.
async function subscribed(...objects) {
  for (const object of objects) {
    if (object.live !== undefined) {
      assert.ok(await eventually(() => object.live), `${object.sid} is not live`);
      continue;
    }
    const entity = Object.values(object).find((value) => value?.subscriptionState !== undefined);
    const done = await eventually(() => entity.subscriptionState === 'established');
    assert.ok(done, `${object.sid} is not subscribed`);
  }
  return objects[0];
}

// What `look` sees of each event of these names, in the order in which they come. Events hold the
// object's own items, which change: look at once.
function record(object, names, look) {
  const seen = [];
  for (const name of names) object.on(name, (event) => seen.push(look(name, event)));
  return seen;
}

async function connected(client) {
  while (client.connectionState !== 'connected') await once(client, 'connectionStateChanged');
}

// What `events` holds once there are `count` of them.
async function heard(events, count) {
  await eventually(() => events.length >= count);
  return events;
}

// What all these clients see of one object: each has it open, subscribed to.
async function opened(clients, kind, options) {
  const objects = await Promise.all(clients.map((client) => client[kind](options)));
  await subscribed(...objects);
  return objects;
}

// A check of an error that the SDK gives to the application.
const refused = (status, code) => (error) => {
  assert.deepEqual([error.status, error.code], [status, code], error.message);
  return true;
};

// That an object or item lives for so many seconds, more or less.
function assertLives({ dateExpires }, seconds) {
  const left = new Date(dateExpires) - Date.now();
  assert.ok(left <= seconds * 1000 + 100 && left > (seconds - 60) * 1000, dateExpires);
}

const ITEM_EVENTS = ['itemAdded', 'itemUpdated', 'itemRemoved'];

// For `record`: what happened to which item, by whom, what is there now, and what was there before.
const itemChange = (place) => (name, { item, isLocal, previousItemData, ...event }) => [
  name.slice('item'.length),
  item?.[place] ?? event[place],
  isLocal,
  item?.data,
  previousItemData,
];

// Names of all that a class of the SDK has for the application, sorted.
const members = (Class, internal = []) =>
  Object.getOwnPropertyNames(Class.prototype)
    .filter((name) => name !== 'constructor' && !internal.includes(name))
    .sort();

module.exports = {
  IS_OURS,
  ITEM_EVENTS,
  Office,
  assertLives,
  connected,
  heard,
  itemChange,
  members,
  opened,
  record,
  refused,
  subscribed,
};
