'use strict';
// The console's pages, as a person uses them: in headless Chromium, served by the server itself.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { Browser, sees, signIn, violations } = require('./support/browser.js');
const { eventually } = require('./support/eventually.js');
const { Office, subscribed } = require('./support/sdk.js');
const { Server } = require('./support/server.js');

const SERVICE = '/v1/Services/default';
const GAMES = 60;
const HALF = { viewport: { width: 560, height: 720 } };

let server;
let browser;
let service;
before(async () => {
  server = await Server.start();
  browser = await Browser.launch();
  service = (await server.get(SERVICE)).json.sid;
});
after(async () => {
  await browser?.close();
  await server.destroy();
});

const create = async (kind, form) => (await server.post(`${SERVICE}/${kind}`, form)).json;
const json = (value) => JSON.stringify(value);
const at = (...names) => `#/${['services', service, ...names].join('/')}`;

// A page, signed in, at an address.
async function open(t, hash, options) {
  const page = await browser.openFor(t, options);
  await signIn(page, server, hash);
  return page;
}

const press = (page, name) => page.getByRole('button', { name, exact: true }).click();
const inDialog = (page) => page.locator('dialog');
const live = (page) => sees(page, 'Live', 'main');
const rows = (page) => page.locator('main tbody tr');

async function submit(page, name) {
  await inDialog(page).getByRole('button', { name, exact: true }).click();
  await inDialog(page).waitFor({ state: 'detached' });
}

test('wrong credentials are refused, right ones last for the tab', async (t) => {
  const page = await browser.openFor(t);
  await page.goto(server.base);
  await page.getByLabel('Account SID or API key').fill(server.auth[0]);
  await page.getByLabel('Auth token or secret').fill('wrong');
  await press(page, 'Sign in');
  await sees(page, 'These are not the credentials of this server.', '[role=alert]');
  await browser.picture(page, 'sign-in-wrong');
  await signIn(page, server);
  await sees(page, 'default', 'main');
  await page.reload();
  await sees(page, 'default', 'main');
  await press(page, 'Sign out');
  await page.getByLabel('Auth token or secret').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.getItem('tutti-credentials')), null);
});

test('a service is made, changed and removed', async (t) => {
  const page = await open(t, '');
  await press(page, 'New service');
  await page.getByLabel('Name').fill('Chess');
  await submit(page, 'Create service');
  await page.getByRole('link', { name: /Chess/ }).click();
  await press(page, 'Settings');
  await page.getByLabel('Permissions bind clients').check();
  await submit(page, 'Save');
  await sees(page, 'permissions on', 'main');
  await press(page, 'Remove');
  await submit(page, 'Remove');
  await page.getByRole('heading', { name: 'Services' }).waitFor();
  await page.getByRole('link', { name: /Chess/ }).waitFor({ state: 'detached' });
});

test('objects come in pages, and are found by name, by a part of it and by SID', async (t) => {
  for (let i = 0; i < GAMES; i++) await create('Documents', { UniqueName: `game-${i}` });
  const page = await open(t, at('documents'));
  await sees(page, 'game-0');
  assert.equal(await rows(page).count(), 25);
  await press(page, 'Next →');
  await sees(page, 'game-25');
  await press(page, '← Previous');
  await sees(page, 'game-0');
  const box = page.getByRole('searchbox');
  for (const [text, found] of [
    ['game-42', 1],
    ['game-5', 11],
    ['me-5', 11],
    ['nobody', 0],
  ]) {
    await box.fill(text);
    await press(page, 'Search');
    const shown = await eventually(async () => (await rows(page).count()) === found);
    assert.ok(shown, `${text}: ${await rows(page).count()}`);
  }
  const { sid } = (await server.get(`${SERVICE}/Documents/game-7`)).json;
  await box.fill(sid);
  await press(page, 'Search');
  await sees(page, 'game-7', 'tbody');
  await page.getByRole('link', { name: 'game-7' }).click();
  await page.getByRole('heading', { name: 'game-7' }).waitFor();
});

test('a document moves while one looks at it', async (t) => {
  const board = await create('Documents', {
    UniqueName: 'board',
    Data: json({ turn: 'white', n: 1 }),
  });
  const page = await open(t, at('documents', board.sid));
  await live(page);
  const office = await Office.openFor(t, server);
  const document = await office.client('alice').document('board');
  await document.set({ turn: 'black', n: 1, moves: ['e4'] });
  await sees(page, '"black"', '.tree');
  await sees(page, '"e4"', '.tree');
  assert.equal(await page.locator('.tree li.flash', { hasText: /^n:/ }).count(), 0);
  await page.locator('#revision', { hasText: '1' }).waitFor();
  await sees(page, 'alice', '.changes');
  await sees(page, 'turn, moves', '.changes');
  await browser.picture(page, 'document-live');
});

test('numbers keep their digits', async (t) => {
  const data = '{"big":12345678901234567890,"exact":1.50}';
  const { sid } = await create('Documents', { UniqueName: 'digits', Data: data });
  const page = await open(t, at('documents', sid));
  await sees(page, '12345678901234567890', '.tree');
  await press(page, 'Edit');
  await submit(page, 'Save');
  assert.match(
    (await server.get(`${SERVICE}/Documents/digits`)).text,
    /12345678901234567890.*1\.50/,
  );
  await server.post(`${SERVICE}/Documents/digits`, { Data: '{"big":98765432109876543210}' });
  await sees(page, '98765432109876543210', '.tree');
});

// Begin to edit `name`, and let somebody else write before it is saved.
async function collide(t, name) {
  const { sid } = await create('Documents', { UniqueName: name, Data: json({ a: 1, b: 1, c: 1 }) });
  const page = await open(t, at('documents', sid));
  await press(page, 'Edit');
  await inDialog(page)
    .getByLabel('Data')
    .fill(json({ a: 2, b: 2, c: 1 }));
  await server.post(`${SERVICE}/Documents/${name}`, { Data: json({ a: 3, b: 1, c: 3 }) });
  await press(page, 'Save');
  await sees(page, 'Somebody else was faster', 'dialog');
  return page;
}

const dataOf = async (name) => (await server.get(`${SERVICE}/Documents/${name}`)).json.data;

test('who was slower sees both versions, and may overwrite', async (t) => {
  const page = await collide(t, 'overwritten');
  const line = (path) => inDialog(page).locator('tbody tr', { hasText: new RegExp(`^${path}`) });
  for (const [path, by] of [
    ['a', 'both'],
    ['b', 'you'],
    ['c', 'them'],
  ])
    assert.match(await line(path).innerText(), new RegExp(`${by}$`));
  await browser.picture(page, 'conflict');
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(await dataOf('overwritten'), { a: 3, b: 1, c: 3 });
  await submit(page, 'Overwrite with yours');
  await sees(page, 'Saved');
  assert.deepEqual(await dataOf('overwritten'), { a: 2, b: 2, c: 1 });
});

test('who was slower may take theirs', async (t) => {
  const page = await collide(t, 'taken');
  await submit(page, 'Take theirs');
  assert.deepEqual(await dataOf('taken'), { a: 3, b: 1, c: 3 });
});

test('who was slower may merge, and may lose again', async (t) => {
  const page = await collide(t, 'merged');
  await press(page, 'Merge by hand');
  const text = inDialog(page).getByLabel('Data');
  assert.deepEqual(JSON.parse(await text.inputValue()), { a: 2, b: 2, c: 3 });
  await server.post(`${SERVICE}/Documents/merged`, { Data: json({ a: 9, b: 1, c: 9 }) });
  await press(page, 'Save');
  await sees(page, 'Somebody else was faster', 'dialog');
  await press(page, 'Merge by hand');
  await submit(page, 'Save');
  await sees(page, 'Saved');
  assert.deepEqual(await dataOf('merged'), { a: 2, b: 2, c: 9 });
});

test('what is no JSON object is not sent', async (t) => {
  const { sid } = await create('Documents', { UniqueName: 'strict', Data: '{"a":1}' });
  const page = await open(t, at('documents', sid));
  await press(page, 'Edit');
  for (const [text, told] of [
    ['{', 'This is not JSON'],
    ['[1]', 'Data must be a JSON object'],
  ]) {
    await inDialog(page).getByLabel('Data').fill(text);
    await press(page, 'Save');
    await sees(page, told, 'dialog [role=alert]');
  }
  await page.keyboard.press('Escape');
  assert.deepEqual(await dataOf('strict'), { a: 1 });
});

test('items of a list are added, edited, removed, and come live', async (t) => {
  const { sid } = await create('Lists', { UniqueName: 'moves' });
  const page = await open(t, at('lists', sid));
  await sees(page, 'There are no items here.');
  await press(page, 'Add item');
  await inDialog(page).getByLabel('Data').fill('{"move":"e4"}');
  await submit(page, 'Add item');
  await sees(page, '{"move":"e4"}', 'tbody');
  await live(page);
  await server.post(`${SERVICE}/Lists/moves/Items`, { Data: '{"move":"e5"}' });
  await sees(page, '{"move":"e5"}', 'tbody');
  await press(page, 'Edit 1');
  await inDialog(page).getByLabel('Data').fill('{"move":"c5"}');
  await submit(page, 'Save');
  await sees(page, '{"move":"c5"}', 'tbody');
  await server.delete(`${SERVICE}/Lists/moves/Items/0`);
  await page.getByText('{"move":"e4"}').waitFor({ state: 'detached' });
  await press(page, 'Remove 1');
  await submit(page, 'Remove');
  await sees(page, 'There are no items here.');
});

test('a long list comes in pages, from where and in the order one wants', async (t) => {
  const { sid } = await create('Lists', { UniqueName: 'long' });
  for (let i = 0; i < GAMES; i++)
    await server.post(`${SERVICE}/Lists/long/Items`, { Data: json({ place: `p${i}p` }) });
  const page = await open(t, at('lists', sid));
  await sees(page, 'p49p', 'tbody');
  assert.equal(await rows(page).count(), 50);
  await press(page, 'Next →');
  await sees(page, 'p59p', 'tbody');
  assert.equal(await rows(page).count(), 10);
  await page.getByLabel('Begin at index').fill('7');
  await page.getByLabel('Order').selectOption('desc');
  await press(page, 'Go');
  assert.ok(await eventually(async () => (await rows(page).count()) === 8));
  assert.match(await rows(page).first().innerText(), /p7p/);
});

test('items of a map have any key, and stay in order', async (t) => {
  const { sid } = await create('Maps', { UniqueName: 'players' });
  const page = await open(t, at('maps', sid));
  await live(page);
  const keys = ['..', '.', 'Ann & Bo/2', 'bob?#%', 'zoë'];
  for (const key of [...keys].reverse()) {
    await press(page, 'Add item');
    await inDialog(page).getByLabel('Key').fill(key);
    await submit(page, 'Add item');
  }
  const shown = async () => page.locator('tbody .name').allInnerTexts();
  const sorted = [...keys].sort();
  assert.deepEqual(await shown(), sorted);
  for (const key of sorted) {
    await press(page, `Edit ${key}`);
    await inDialog(page)
      .getByLabel('Data')
      .fill(json({ of: key }));
    await submit(page, 'Save');
    await sees(page, json({ of: key }), 'tbody');
  }
  await press(page, 'Remove ..');
  await submit(page, 'Remove');
  await press(page, 'Remove .');
  await submit(page, 'Remove');
  assert.deepEqual(await shown(), ['Ann & Bo/2', 'bob?#%', 'zoë']);
});

test('a stream is spoken to and heard', async (t) => {
  const { sid } = await create('Streams', { UniqueName: 'chat' });
  const page = await open(t, at('streams', sid));
  await live(page);
  const office = await Office.openFor(t, server);
  const stream = await office.client('alice').stream('chat');
  await subscribed(stream);
  const heard = new Promise((resolve) => stream.on('messagePublished', resolve));
  await page.getByLabel('Message', { exact: true }).fill('{"text":"from here"}');
  await press(page, 'Publish');
  assert.deepEqual((await heard).message.data, { text: 'from here' });
  await stream.publishMessage({ text: 'from there' });
  await sees(page, '"from there"', '.messages');
  await sees(page, '"from here"', '.messages');
});

test('permissions are given and taken', async (t) => {
  const { sid } = await create('Documents', { UniqueName: 'guarded' });
  const page = await open(t, at('documents', sid, 'permissions'));
  await press(page, 'Add permission');
  await inDialog(page).getByLabel('Identity').fill('alice');
  await inDialog(page).getByLabel('read').check();
  await submit(page, 'Add permission');
  await page.getByLabel('alice may write').check();
  await sees(page, 'alice: saved');
  const path = `${SERVICE}/Documents/guarded/Permissions/alice`;
  const { read, write, manage } = (await server.get(path)).json;
  assert.deepEqual([read, write, manage], [true, true, false]);
  await press(page, 'Remove alice');
  await submit(page, 'Remove');
  await sees(page, 'Nobody has a permission here.');
  assert.equal((await server.get(path)).status, 404);
});

test('what permissions keep the console out of is asked for again and again', async (t) => {
  const closed = (await server.post('/v1/Services', { FriendlyName: 'Closed', AclEnabled: 'true' }))
    .json;
  const documents = `/v1/Services/${closed.sid}/Documents`;
  const { sid } = (await server.post(documents, { UniqueName: 'secret', Data: '{"a":1}' })).json;
  const page = await open(t, `#/services/${closed.sid}/documents/${sid}`);
  await sees(page, 'Every 2 s', 'main');
  await server.post(`${documents}/secret`, { Data: '{"a":"newer"}' });
  await sees(page, '"newer"', '.tree');
});

test('who is connected is listed', async (t) => {
  const office = await Office.openFor(t, server);
  await office.client('somebody-connected').document('presence');
  const page = await open(t, '#/connections');
  await sees(page, 'somebody-connected', 'tbody');
  await page.getByRole('searchbox').fill('nobody-like-this');
  await sees(page, 'Nobody like this is connected.');
});

test('charts draw what the server does', async (t) => {
  const page = await open(t, '#/charts');
  const chart = page.getByRole('img', { name: /^Commits: .* at most (?!0 )/ });
  const { sid } = await create('Documents', { UniqueName: 'busy' });
  const drawn = await eventually(async () => {
    await server.post(`${SERVICE}/Documents/${sid}`, { Data: '{}' });
    return (await chart.count()) === 1;
  });
  assert.ok(drawn);
  assert.match(await chart.locator('path.line').getAttribute('d'), /^M[\d.]+,[\d.]+/);
});

test('a key shows its secret once, works, and ends', async (t) => {
  const page = await open(t, '#/keys');
  await press(page, 'New key');
  await inDialog(page).getByLabel('Name').fill('worker');
  await submit(page, 'Create key');
  const auth = await page.locator('.secret code').allInnerTexts();
  assert.equal((await server.get('/v1/Services', { auth })).status, 200);
  await page.reload();
  await sees(page, 'worker', 'tbody');
  assert.equal(await page.locator('.secret').count(), 0);
  assert.ok(!(await page.content()).includes(auth[1]));
  await press(page, 'Delete worker');
  await submit(page, 'Delete');
  await page.getByText(auth[0]).waitFor({ state: 'detached' });
  assert.equal((await server.get('/v1/Services', { auth })).status, 401);
});

test('who is signed in with a key is told that keys are managed with the account', async (t) => {
  const keys = `/2010-04-01/Accounts/${server.auth[0]}/Keys`;
  const { sid, secret } = (await server.post(keys, { FriendlyName: 'pages' })).json;
  const page = await browser.openFor(t);
  await signIn(page, { base: server.base, auth: [sid, secret] }, '#/keys');
  await sees(page, 'Sign in with the account to see and manage keys.', 'main');
  assert.equal(await page.getByRole('button', { name: 'New key' }).count(), 0);
  await server.delete(`${keys}/${sid}`);
});

test('a token is made, read, and good', async (t) => {
  const page = await open(t, '#/tokens');
  await page.getByLabel('Identity').fill('alice');
  await press(page, 'Make token');
  await sees(page, '"alice"', '.tree');
  const token = await page.getByLabel('Token', { exact: true }).inputValue();
  const office = await Office.openFor(t, server);
  await office.client('alice', { token }).document({ id: 'by-token' });
  await page.getByLabel('Token', { exact: true }).fill('nonsense');
  await sees(page, 'This is no JSON Web Token');
});

test('two tabs add 100 each at once, and both show 200', async (t) => {
  const pages = [await open(t, '', HALF), await open(t, '', HALF)];
  for (const page of pages) {
    await page.goto(`${server.base}/demo/counter`);
    await sees(page, 'connected');
    await page.locator('#count', { hasText: '0' }).waitFor();
  }
  await Promise.all(pages.map((page) => press(page, '+100 fast')));
  for (const page of pages) {
    await page.locator('#count', { hasText: '200' }).waitFor();
    await page.locator('#added', { hasText: '100' }).waitFor();
    assert.notEqual(await page.locator('#log li').count(), 0);
  }
  for (const [i, page] of pages.entries()) await browser.picture(page, `counter-${i + 1}`);
  assert.deepEqual(await violations(pages[0]), []);
});

describe('in development mode nobody signs in', () => {
  let local;
  before(async () => {
    local = await Server.start({ args: ['--development'] });
  });
  after(() => local.destroy());

  test('the console shows the services', async (t) => {
    const page = await browser.openFor(t);
    await page.goto(local.base);
    await sees(page, 'default', 'main');
  });

  test('the counter counts, and so do the five lines of the README', async (t) => {
    const readme = fs.readFileSync(path.join(__dirname, '../../README.md'), 'utf8');
    const [, names, from, code] = /^import (.*) from (.*);\n((?:.+\n){4})```$/m.exec(readme);
    const page = await browser.openFor(t);
    await page.goto(`${local.base}/demo/counter`);
    await sees(page, 'connected');
    await page.locator('#count', { hasText: '0' }).waitFor();
    const logged = once(page, 'console');
    await page.evaluate(`(async () => { const ${names} = await import(${from}); ${code} })()`);
    assert.equal((await logged)[0].text(), '1');
    await page.locator('#count', { hasText: '1' }).waitFor();
  });
});

test('read-only: everything is shown, nothing is offered', async (t) => {
  const quiet = await Server.startFor(t, { args: ['--console-read-only', 'on'] });
  const { sid, service_sid: of } = (
    await quiet.post(`${SERVICE}/Documents`, { UniqueName: 'board', Data: '{"a":1}' })
  ).json;
  const { sid: list } = (await quiet.post(`${SERVICE}/Lists`, { UniqueName: 'moves' })).json;
  await quiet.post(`${SERVICE}/Lists/moves/Items`, { Data: '{"a":1}' });
  const page = await browser.openFor(t);
  await signIn(page, quiet, `#/services/${of}/documents/${sid}`);
  await sees(page, 'Read-only');
  const places = ['', `services/${of}/documents`, `services/${of}/documents/${sid}`];
  const more = [
    `services/${of}/lists/${list}`,
    `services/${of}/documents/${sid}/permissions`,
    'keys',
  ];
  for (const place of [...places, ...more]) {
    await page.goto(`${quiet.base}/#/${place}`);
    await page.locator('main:not([aria-busy]) h1').waitFor();
    const buttons = await page.locator('main button').allInnerTexts();
    assert.deepEqual(
      buttons.filter((text) => /new|edit|add|remove|settings|time|delete/i.test(text)),
      [],
    );
  }
});

test('development: no sign-in on this machine', async (t) => {
  const own = await Server.startFor(t, { args: ['--development', 'on'] });
  const page = await browser.openFor(t);
  await page.goto(own.base);
  await sees(page, 'default', 'main');
  await press(page, 'Sign out');
  await press(page, 'Use this machine’s account');
  await sees(page, 'default', 'main');
});

// Every page, each way it may look: pictures of it, and what keeps people out.
for (const look of ['light', 'dark', 'narrow']) {
  test(`all pages can be used by everybody: ${look}`, async (t) => {
    const names = { document: 'Documents', list: 'Lists', map: 'Maps', stream: 'Streams' };
    const sids = {};
    for (const [one, path] of Object.entries(names))
      sids[one] = (await create(path, { UniqueName: `${look}-${one}` })).sid;
    const data = json({ text: 'hello', list: [1, true, null], more: { deep: {} } });
    await server.post(`${SERVICE}/Documents/${sids.document}`, { Data: data });
    await server.post(`${SERVICE}/Lists/${sids.list}/Items`, { Data: data });
    await server.post(`${SERVICE}/Maps/${sids.map}/Items`, { Key: 'alice', Data: data });
    await server.post(`${SERVICE}/Maps/${sids.map}/Permissions/alice`, { Read: 'true' });
    const options = { colorScheme: look === 'dark' ? 'dark' : 'light', narrow: look === 'narrow' };
    const page = await browser.openFor(t, { ...options, reducedMotion: 'reduce' });
    await page.goto(server.base);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    assert.deepEqual(await violations(page), [], 'sign-in');
    await signIn(page, server);
    const pages = {
      services: '#/services',
      documents: at('documents'),
      document: at('documents', sids.document),
      list: at('lists', sids.list),
      map: at('maps', sids.map),
      permissions: at('maps', sids.map, 'permissions'),
      stream: at('streams', sids.stream),
      connections: '#/connections',
      charts: '#/charts',
      keys: '#/keys',
      tokens: '#/tokens',
    };
    for (const [name, hash] of Object.entries(pages)) {
      await page.goto(`${server.base}/${hash}`);
      await page.locator('main:not([aria-busy]) h1').waitFor();
      if (['document', 'list', 'map', 'stream'].includes(name)) await live(page);
      await browser.picture(page, `${look}-${name}`);
      assert.deepEqual(await violations(page), [], name);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${name} is ${over} px too wide`);
    }
    await page.goto(`${server.base}/${pages.document}`);
    await press(page, 'Edit');
    await browser.picture(page, `${look}-edit`);
    assert.deepEqual(await violations(page), [], 'edit');
  });
}

test('the keyboard is enough', async (t) => {
  const page = await open(t, at('documents'));
  await page.getByRole('heading', { name: 'default' }).waitFor();
  const focused = () => page.evaluate(() => document.activeElement.innerText);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Skip to the content');
  await page.keyboard.press('Enter');
  assert.ok(await eventually(async () => (await focused()) === 'default'), await focused());
  const reached = await eventually(async () => {
    await page.keyboard.press('Tab');
    return (await focused()) === 'New document';
  });
  assert.ok(reached);
  await page.keyboard.press('Enter');
  await page.getByLabel('Unique name').fill('by-keyboard');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'by-keyboard' }).waitFor();
  assert.ok(await eventually(async () => (await focused()) === 'by-keyboard'));
});
