'use strict';
// A server with the official helper package in front of it, for the tests of the whole API.

const assert = require('node:assert/strict');
const { Server, TOKEN } = require('./server.js');
const { clientOf } = require('./client.js');
const { CheckingClient, ORIGIN } = require('./openapi.client.js');
const { eventually } = require('./eventually.js');

const ACCOUNT = `AC${'0123456789abcdef'.repeat(2)}`;
const NOBODY = '0'.repeat(32); // behind two letters: the SID of nothing

class Helper {
  static async start() {
    const helper = new Helper();
    helper.http = new CheckingClient();
    const args = ['--write-origins', ORIGIN]; // of which all requests say that they are
    helper.server = await Server.start({ env: { TUTTI_ACCOUNT_SID: ACCOUNT }, args });
    helper.server.auth = [ACCOUNT, TOKEN];
    return helper;
  }

  destroy() {
    return this.server.destroy();
  }

  // The package with these credentials.
  clientOf(username, password) {
    return clientOf(this.server, username, password, ACCOUNT, { httpClient: this.http });
  }

  get client() {
    return this.clientOf(ACCOUNT, TOKEN);
  }

  get services() {
    return this.client.sync.v1.services;
  }

  async newService(fields) {
    const { sid } = await this.services.create(fields);
    return this.services(sid);
  }

  // The promise is refused with this status and code.
  async refused(promise, status, code) {
    await assert.rejects(promise, (error) => {
      assert.deepEqual([error.status, error.code], [status, code], error.message);
      assert.equal(error.moreInfo, `${this.server.base}/docs/errors/${code}`);
      return true;
    });
  }

  // `fetch` succeeds until `ttl` seconds from `begun` at the least, then is refused as missing.
  async expires(fetch, { begun, ttl, code }) {
    const isGone = () =>
      fetch().then(
        () => false,
        (error) => error,
      );
    const error = await eventually(isGone);
    assert.ok(Date.now() >= begun + ttl * 1000, 'it lives as long as it was told');
    assert.deepEqual([error.status, error.code], [404, code], error.message);
  }

  assertCovered(area) {
    this.http.assertCovered(area);
  }
}

const seconds = (date) => Math.floor(date.getTime() / 1000);
const plain = (instance) => JSON.parse(JSON.stringify(instance));

module.exports = { Helper, ACCOUNT, NOBODY, seconds, plain };
