'use strict';
// The SDK's browser build in headless Chromium: two pages, one counter.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { test } = require('node:test');
const { chromium } = require('playwright-core');
const { Office } = require('./support/sdk.js');
const { Server } = require('./support/server.js');

const SDK = path.join(path.dirname(require.resolve('twilio-sync')), 'twilio-sync.min.js');
const INCREMENTS = 25;

// A web server with one page, which loads the SDK.
async function serve(t) {
  const site = http.createServer((request, response) => {
    if (request.url === '/sync.js') {
      response.setHeader('Content-Type', 'text/javascript');
      fs.createReadStream(SDK).pipe(response);
    } else {
      response.setHeader('Content-Type', 'text/html');
      response.end('<!DOCTYPE html><title>Counter</title><p id="count"></p><script src="/sync.js"></script>');
    }
  });
  t.after(() => site.close());
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  return `http://127.0.0.1:${site.address().port}/`;
}

// In the page.
async function open({ token, cdsUri, uri }) {
  const client = new Twilio.Sync.Client(token, { cdsUri, twilsock: { uri }, logLevel: 'silent' });
  window.seen = [];
  window.counter = await client.document({ id: 'counter', data: { count: 0 } });
  window.counter.on('updated', ({ data, isLocal }) => {
    window.seen.push([data.count, isLocal]);
    document.querySelector('#count').textContent = data.count;
  });
}

async function count(increments) {
  for (let i = 0; i < increments; i++)
    await window.counter.mutate((data) => ({ count: data.count + 1 }));
}

test('two pages increment one counter; both show all of it', async (t) => {
  const server = await Server.startFor(t);
  const office = await Office.openFor(t, server);
  const url = await serve(t);
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  t.after(() => browser.close());
  const pages = await Promise.all([0, 1].map(() => browser.newPage()));
  for (const [at, page] of pages.entries()) {
    await page.goto(url);
    await page.evaluate(open, {
      token: office.token(`page-${at}`),
      cdsUri: server.base,
      uri: `ws://127.0.0.1:${server.port}/v3/wsconnect`,
    });
  }
  await Promise.all(pages.map((page) => page.evaluate(count, INCREMENTS)));
  for (const page of pages) {
    await page.waitForFunction(
      (all) => document.querySelector('#count').textContent === String(all),
      2 * INCREMENTS,
    );
    const seen = await page.evaluate(() => window.seen);
    assert.equal(seen.filter(([, local]) => local).length, INCREMENTS);
    assert.equal(seen.at(-1)[0], 2 * INCREMENTS);
    assert.ok(seen.some(([, local]) => !local), 'nothing of the other page');
    const counts = seen.map(([count]) => count);
    assert.deepEqual(counts, [...new Set(counts)].sort((a, b) => a - b));
  }
});
