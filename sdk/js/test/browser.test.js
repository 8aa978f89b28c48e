// The file for browsers, in headless Chromium.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { World } from './support.js';

const { Browser } = createRequire(new URL('../../../tests/e2e/support/', import.meta.url))(
  './browser.js',
);
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

before(() => execFileSync('node', [at('../build.js')]));

// A site with a page for each of the ways in which a page loads the SDK.
async function site(t) {
  const pages = {
    '/plain': '<!DOCTYPE html><script src="/sdk.js"></script>',
    '/beside':
      '<!DOCTYPE html><script>Twilio = { Sync: "of another" }</script><script src="/sdk.js"></script>',
    '/module':
      '<!DOCTYPE html><script type="module">import * as Tutti from "/sdk.mjs"; window.Tutti = Tutti;</script>',
    '/sdk.js': readFileSync(at('../dist/tutti-sync.browser.js')),
    '/sdk.mjs': readFileSync(at('../dist/tutti-sync.browser.mjs')),
  };
  const server = createServer(({ url }, response) => {
    response.writeHead(pages[url] ? 200 : 404, {
      'Content-Type': /js$/.test(url) ? 'text/javascript' : 'text/html',
    });
    response.end(pages[url]);
  });
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

// In the page.
async function count({ token, url, times }) {
  const client = new Tutti.SyncClient(async () => token, { url });
  const doc = await client.document('counter');
  for (let i = 0; i < times; i += 1) await doc.mutate(({ n = 0 }) => ({ n: n + 1 }));
  return doc.value.n;
}

test('two pages from another origin, one with a script and one with a module, count together', async (t) => {
  const world = await World.open(t);
  const browser = await Browser.launch();
  t.after(() => browser.close());
  const origin = await site(t);
  const tabs = await Promise.all(
    ['/plain', '/module'].map(async (path) => {
      const page = await browser.openFor(t);
      await page.goto(origin + path);
      return page;
    }),
  );
  await Promise.all(tabs.map((page) => page.waitForFunction(() => window.Tutti)));
  await Promise.all(
    tabs.map((page, i) =>
      page.evaluate(count, {
        token: world.office.token(`page${i}`),
        url: world.server.base,
        times: 50,
      }),
    ),
  );
  assert.deepEqual((await world.rest.documents('counter').fetch()).data, { n: 100 });
  assert.equal(
    await tabs[0].evaluate(() => Twilio.Sync === Tutti && Twilio.Sync.Client === Tutti.SyncClient),
    true,
  );
});

test('it does not take the place of another Twilio.Sync', async (t) => {
  const browser = await Browser.launch();
  t.after(() => browser.close());
  const page = await browser.openFor(t);
  await page.goto(`${await site(t)}/beside`);
  assert.deepEqual(await page.evaluate(() => [Twilio.Sync, typeof Tutti.SyncClient]), [
    'of another',
    'function',
  ]);
});

test('it leaves "connected" with the browser\'s network, and comes back with it at once', async (t) => {
  const world = await World.open(t);
  const browser = await Browser.launch();
  t.after(() => browser.close());
  const page = await browser.openFor(t);
  await page.goto(`${await site(t)}/plain`);
  await page.evaluate(
    async ({ token, url }) => {
      const hour = 3_600_000; // only the network's return ends the pause
      window.client = new Tutti.SyncClient(token, { url, reconnect: { minMs: hour, maxMs: hour } });
      window.doc = await client.document('d');
    },
    { token: world.office.token('alice'), url: world.server.base },
  );
  const isIn = (state) =>
    page.waitForFunction((wanted) => client.connectionState === wanted, state, { timeout: 10_000 });
  await isIn('connected');
  await page.context().setOffline(true);
  await isIn('connecting');
  const written = page.evaluate(() => doc.set({ n: 1 }));
  await page.context().setOffline(false);
  await isIn('connected');
  await written;
  assert.deepEqual((await world.rest.documents('d').fetch()).data, { n: 1 });
});
