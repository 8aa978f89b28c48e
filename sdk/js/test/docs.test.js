// The examples of docs/sdk.md, one after the other, as they are written.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import * as sdk from '../src/index.js';
import { World } from './support.js';

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;

const page = await readFile(new URL('../../../docs/sdk.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/^## (.*?)$|^```js\n(.*?)^```$/gms)];

test('every example of the guide runs', async (t) => {
  const world = await World.open(t);
  await world.rest.documents.create({ uniqueName: 'counter', data: { count: 0 } });
  const url = `http://127.0.0.1:${world.proxy.port}`;
  const shown = [];
  let heading = '';
  let ran = 0;
  for (const [, title, code] of blocks) {
    heading = title ?? heading;
    if (!code) continue;
    const client = world.client('alice');
    const logged = [];
    const names = {
      ...sdk,
      url,
      client,
      console: { log: (...values) => logged.push(values) },
      fetchToken: async () => world.office.token('alice'),
      show: (count) => shown.push(count),
    };
    const isFirst = code.includes('const client = new SyncClient');
    const source = isFirst
      ? code.replace('const client', 'const own').replaceAll('await client.', 'await own.') +
        '\nreturn own;'
      : code + (code.includes('const own') ? '\nreturn own;' : '');
    const ticking =
      heading === 'Events as a loop' &&
      setInterval(() => client.document('counter').then((doc) => doc.update({ count: 3 })), 50);
    const own = await new AsyncFunction(...Object.keys(names), source)(...Object.values(names));
    clearInterval(ticking);
    if (own instanceof sdk.SyncClient) await own.shutdown();
    if (heading === 'Errors') assert.deepEqual(logged, [[54300]]);
    ran += 1;
  }
  assert.equal(ran, 11);
  assert.deepEqual(shown, [1, 2]);
});
