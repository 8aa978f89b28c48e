// The React hooks in a page, in React's strict mode, against the server.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { World, eventually } from './support.js';

const { Browser } = createRequire(new URL('../../../tests/e2e/support/', import.meta.url))(
  './browser.js',
);

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('react/app.js', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    external: ['./websocket.node.js'],
    define: { 'process.env.NODE_ENV': '"development"' },
    logLevel: 'silent',
  });
  return outputFiles[0].text;
}

test('components show what there is, change it, and let go of it', async (t) => {
  const world = await World.open(t);
  const { rest } = world;
  const players = await rest.syncMaps.create({ uniqueName: 'players' });
  for (let n = 0; n < 120; n += 1) {
    const key = `p${String(n).padStart(3, '0')}`;
    await rest.syncMaps(players.sid).syncMapItems.create({ key, data: { score: n } });
  }
  const browser = await Browser.launch();
  t.after(() => browser.close());
  const page = await browser.openFor(t);
  await page.goto(`${world.server.base}/healthz`);
  await page.setContent('<div id="root"></div>');
  await page.evaluate(await bundle());
  await page.evaluate(
    ([url, token]) => window.start(url, token),
    [world.server.base, world.office.token('alice')],
  );
  const shows = (id, text) =>
    page
      .waitForFunction(
        ([at, wanted]) => document.getElementById(at)?.textContent === wanted,
        [id, text],
        { timeout: 10_000 },
      )
      .catch(async (cause) => {
        throw new Error(`${id} shows ${await page.textContent('#root')}, not ${text}`, { cause });
      });

  await shows('counter', 'ready 0');
  await shows('missing', 'error 54300');
  await page.click('#more');
  await shows('counter', 'ready 1');
  await rest.documents('counter').update({ data: { n: 10 } });
  await shows('counter', 'ready 10');

  await shows('moves', 'ready ');
  await page.click('#push');
  await shows('moves', 'ready 0:e4');
  await rest.syncLists('moves').syncListItems.create({ data: { move: 'e5' } });
  await shows('moves', 'ready 0:e4 1:e5');
  await page.click('#remove');
  await shows('moves', 'ready 1:e5');

  const all = Array.from({ length: 120 }, (_, n) => `p${String(n).padStart(3, '0')}=${n}`);
  await shows('players', `ready ${all.join(' ')}`);
  await rest
    .syncMaps(players.sid)
    .syncMapItems('p007')
    .update({ data: { score: 'seven' } });
  await shows('players', `ready ${all.join(' ').replace('p007=7', 'p007=seven')}`);

  // In strict mode components appear twice; what they opened is closed as often.
  assert.ok(await eventually(async () => (await subscriptions(world)) === 3));
  await page.click('#hide');
  assert.ok(await eventually(async () => (await subscriptions(world)) === 0));
  await rest.documents('counter').update({ data: { n: 11 } });
  await page.click('#hide');
  await shows('counter', 'ready 11');
  await rest.documents('counter').remove();
  await shows('counter', 'removed 11');
});

test('with an optimistic client components show what was pushed before the server has it', async (t) => {
  const world = await World.open(t);
  const browser = await Browser.launch();
  t.after(() => browser.close());
  const page = await browser.openFor(t);
  await page.goto(`${world.server.base}/healthz`);
  await page.setContent('<div id="root"></div>');
  await page.evaluate(await bundle());
  const url = `http://127.0.0.1:${world.proxy.port}`;
  const options = { optimistic: true, reconnect: { minMs: 20, maxMs: 200 } };
  await page.evaluate(
    (values) => window.start(...values),
    [url, world.office.token('alice'), options],
  );
  const shows = (id, text) =>
    page.waitForFunction(
      ([at, wanted]) => document.getElementById(at)?.textContent === wanted,
      [id, text],
      { timeout: 10_000 },
    );
  await shows('moves', 'ready ');
  await shows('counter', 'ready 0');
  world.down();
  await page.click('#push');
  await page.click('#push');
  await page.click('#more');
  await shows('moves', 'ready new:e4 new:e4');
  await shows('counter', 'ready 1');
  world.proxy.server = world.up;
  await shows('moves', 'ready 0:e4 1:e4');
  assert.deepEqual((await world.rest.documents('counter').fetch()).data, { n: 1 });
});

async function subscriptions({ server }) {
  const response = await fetch(`${server.base}/metrics`, {
    headers: { Authorization: `Basic ${Buffer.from(server.auth.join(':')).toString('base64')}` },
  });
  return Number(/^tutti_subscriptions (\d+)$/m.exec(await response.text())[1]);
}
