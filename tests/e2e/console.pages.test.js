'use strict';
// The console as people use it, in headless Chromium, while other clients write.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { Browser, assertAccessible, picture } = require('./support/browser.js');
const { eventually } = require('./support/eventually.js');
const { Office } = require('./support/sdk.js');
const { Server } = require('./support/server.js');

const PHONE = { viewport: { width: 360, height: 740 } };
const HALF = { viewport: { width: 560, height: 720 } };
const DARK = { colorScheme: 'dark' };

let browser, office, server, service, base, home;

before(async () => {
  browser = await Browser.open();
  server = await Server.start();
  office = await Office.open(server);
  service = office.rest.sync.v1.services('default');
  const { sid } = await service.fetch();
  base = server.base;
  home = `/#/services/${sid}`;
});

after(async () => {
  await browser.close();
  await office.leave();
});

// Signed in, at a page of the console.
async function open(t, path = '/', options) {
  const page = await browser.tab(t, base, options);
  const [user, secret] = server.auth;
  await page.fill('[name=user]', user);
  await page.fill('[name=secret]', secret);
  await page.click('form button');
  await page.waitForSelector('h1:has-text("Services")');
  if (path !== '/') {
    await page.goto(base + path);
    await page.waitForSelector('main .crumbs, main h1:not(:has-text("Services"))');
  }
  return page;
}

const text = (page, selector) => page.textContent(selector);
const sees = (page, what) => page.getByText(what).first().waitFor();
const isLive = (page) => page.waitForSelector('.live:has-text("live")');

async function looksGood(page, name) {
  await assertAccessible(page);
  await picture(page, name);
}

describe('the console', { concurrency: 2 }, () => {
  test('whoever shows wrong credentials stays outside, whoever shows good ones comes in and out', async (t) => {
    const page = await browser.tab(t, base);
    await page.fill('[name=user]', server.auth[0]);
    await page.fill('[name=secret]', 'wrong');
    await page.click('form button');
    await sees(page, 'does not know these credentials');
    await looksGood(page, 'sign-in');
    await page.fill('[name=secret]', server.auth[1]);
    await page.keyboard.press('Enter');
    await page.waitForSelector('h1:has-text("Services")');
    await page.reload();
    await page.waitForSelector('h1:has-text("Services")');
    await page.click('text=Sign out');
    await page.waitForSelector('h1:has-text("Sign in")');
    await page.reload();
    await page.waitForSelector('h1:has-text("Sign in")');
  });

  test('services are listed and made', async (t) => {
    const page = await open(t);
    await page.fill('[name=friendly]', 'A garden');
    await page.click('button:has-text("Create")');
    await page.click('a:has-text("A garden")');
    await page.waitForSelector('h1:has-text("A garden")');
    await sees(page, 'There is nothing here.');
  });

  test('objects are paged, searched, made', async (t) => {
    const { sid } = await office.rest.sync.v1.services.create({ friendlyName: 'many' });
    const documents = office.rest.sync.v1.services(sid).documents;
    for (let n = 0; n < 60; n++) await documents.create({ uniqueName: `doc-${String(n).padStart(3, '0')}` });
    const page = await open(t, `/#/services/${sid}`);
    assert.equal(await page.locator('tbody tr').count(), 50);
    await page.click('button:has-text("Next page")');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 10);
    await page.click('button:has-text("Previous page")');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 50);
    await looksGood(page, 'documents');
    await page.fill('[name=search]', '05');
    await page.click('button:has-text("Search")');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 11);
    await page.fill('[name=search]', 'doc-007');
    await page.click('button:has-text("Search")');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
    await page.click('summary');
    await page.fill('[name=name]', 'made here');
    await page.fill('[name=data]', '{"by": "hand"}');
    await page.click('details button');
    await sees(page, 'It is there.');
    assert.deepEqual((await documents('made here').fetch()).data, { by: 'hand' });
  });

  test('a document moves as others write it', async (t) => {
    const { sid } = await service.documents.create({ uniqueName: 'moving', data: { count: 1, deep: { list: [1, 'two', null] } } });
    const page = await open(t, `${home}/documents/${sid}`, DARK);
    await isLive(page);
    await service.documents(sid).update({ data: { count: 2, deep: { list: [1, 'three', null] } } });
    await page.waitForSelector('.tree .changed');
    await sees(page, '"three"');
    await sees(page, '/count, /deep/list/1');
    await page.waitForFunction(() => document.querySelector('.facts').textContent.includes('Revision1'));
    await page.waitForFunction(() => !document.querySelector('.changed'));
    await looksGood(page, 'document-dark');
    await service.documents(sid).remove();
    await sees(page, 'The document has been removed.');
  });

  test('a document is edited; in a conflict yours stands beside theirs', async (t) => {
    const { sid } = await service.documents.create({ uniqueName: 'edited', data: { title: 'a', by: 'x' } });
    const page = await open(t, `${home}/documents/${sid}`);
    await page.click('button:has-text("Edit")');
    await page.fill('textarea', '{"title": "b", "by": "x"}');
    await page.click('button:has-text("Save")');
    await sees(page, 'Saved.');
    assert.deepEqual((await service.documents(sid).fetch()).data, { title: 'b', by: 'x' });

    const collide = async (mine, theirs) => {
      await page.click('button:has-text("Edit")');
      await service.documents(sid).update({ data: theirs });
      await page.fill('textarea', JSON.stringify(mine));
      await page.click('button:has-text("Save")');
      await sees(page, 'Somebody else was faster');
    };
    await collide({ title: 'mine', by: 'x' }, { title: 'b', by: 'theirs' });
    await looksGood(page, 'conflict');
    assert.match(await text(page, 'table'), /\/title.*"mine".*"b".*you changed it/);
    await page.click('button:has-text("Merge by hand")');
    await page.fill('textarea', '{"title": "mine", "by": "theirs"}');
    await page.click('button:has-text("Save")');
    await eventually(async () => (await service.documents(sid).fetch()).data.title === 'mine');
    assert.deepEqual((await service.documents(sid).fetch()).data, { title: 'mine', by: 'theirs' });

    await collide({ n: 1 }, { n: 2 });
    await page.click('button:has-text("Write mine over theirs")');
    await page.waitForSelector('button:has-text("Edit")');
    assert.deepEqual((await service.documents(sid).fetch()).data, { n: 1 });
    await collide({ n: 3 }, { n: 4 });
    await page.click('button:has-text("Take theirs")');
    await page.waitForSelector('button:has-text("Edit")');
    assert.deepEqual((await service.documents(sid).fetch()).data, { n: 4 });
  });

  test('items of a map: paged, added, changed, removed, in step with others', async (t) => {
    const { sid } = await service.syncMaps.create({ uniqueName: 'players' });
    const items = service.syncMaps(sid).syncMapItems;
    for (let n = 0; n < 55; n++) await items.create({ key: `k${String(n).padStart(2, '0')}`, data: { n } });
    const page = await open(t, `${home}/maps/${sid}`);
    await isLive(page);
    assert.equal(await page.locator('tbody tr').count(), 50);
    await page.click('button:has-text("Next page")');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 5);
    await page.fill('[name=from]', 'k50');
    await page.click('button:has-text("Go")');
    await page.waitForFunction(() => document.querySelector('tbody').textContent.startsWith('k50'));
    await service.syncMaps(sid).syncMapItems('k51').update({ data: { n: 'changed' } });
    await page.waitForSelector('tr.changed');
    await sees(page, '{"n":"changed"}');
    await items.create({ key: 'k99', data: {} });
    await sees(page, 'k99');
    await page.click('summary');
    await page.fill('[name=key]', '..');
    await page.click('details button:has-text("Add")');
    await sees(page, 'It is there.');
    await page.fill('[name=from]', '');
    await page.click('button:has-text("Go")');
    await page.click('[aria-label="Edit .."]');
    await page.fill('section textarea', '{"dots": 2}');
    await page.click('button:has-text("Save")');
    await sees(page, '{"dots":2}');
    await page.waitForFunction(() => !document.querySelector('.changed'));
    await looksGood(page, 'map');
    await page.click('[aria-label="Remove .."]');
    await page.waitForFunction(() => !document.body.textContent.includes('"dots"'));
  });

  test('items of a list, at the width of a phone', async (t) => {
    const { sid } = await service.syncLists.create({ uniqueName: 'moves' });
    const page = await open(t, `${home}/lists/${sid}`, PHONE);
    await isLive(page);
    await service.syncLists(sid).syncListItems.create({ data: { move: 'e4' } });
    await sees(page, '{"move":"e4"}');
    await page.waitForFunction(() => !document.querySelector('.changed'));
    await looksGood(page, 'list-phone');
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${overflow} pixels too wide`);
  });

  test('a stream is published to and heard of', async (t) => {
    const { sid } = await service.syncStreams.create({ uniqueName: 'shouts' });
    const page = await open(t, `${home}/streams/${sid}`);
    await isLive(page);
    await service.syncStreams(sid).streamMessages.create({ data: { from: 'afar' } });
    await sees(page, '{"from":"afar"}');
    await page.fill('textarea', '{"from": "here"}');
    await page.click('button:has-text("Publish")');
    await sees(page, '{"from":"here"}');
    await looksGood(page, 'stream');
  });

  test('permissions are given, changed, taken', async (t) => {
    const { sid } = await service.documents.create({ uniqueName: 'guarded' });
    const page = await open(t, `${home}/documents/${sid}/permissions`);
    await page.fill('[name=identity]', 'bob');
    await page.click('button:has-text("Let read")');
    await page.click('[aria-label="bob may write"]');
    await sees(page, 'Saved.');
    const { read, write, manage } = await service.documents(sid).documentPermissions('bob').fetch();
    assert.deepEqual([read, write, manage], [true, true, false]);
    await looksGood(page, 'permissions');
    await page.click('[aria-label="Remove bob"]');
    await page.waitForFunction(() => !document.body.textContent.includes('bob'));
  });

  test('where the console may not hear of a document, it asks', async (t) => {
    const closed = await office.rest.sync.v1.services.create({ friendlyName: 'closed', aclEnabled: true });
    const documents = office.rest.sync.v1.services(closed.sid).documents;
    const { sid } = await documents.create({ data: { n: 1 } });
    const page = await open(t, `/#/services/${closed.sid}/documents/${sid}`);
    await sees(page, '↻ every 2 s');
    await documents(sid).update({ data: { n: 'two' } });
    await sees(page, '"two"');
  });

  test('who is connected is listed; what is counted is drawn', async (t) => {
    const client = office.client('carol');
    await client.document('anything');
    const page = await open(t, '/#/connections');
    await sees(page, 'carol');
    await looksGood(page, 'connections');
    await page.click('a:has-text("Charts")');
    await page.waitForFunction(() => document.querySelectorAll('polyline').length === 6);
    await page.waitForFunction(() => document.querySelector('polyline').getAttribute('points').includes(' '));
    await looksGood(page, 'charts');
  });

  test('keys are made, shown once, and removed; tokens are made and looked into', async (t) => {
    const page = await open(t, '/#/keys');
    await page.fill('[name=friendly]', 'of a test');
    await page.click('button:has-text("Create a key")');
    await sees(page, 'shown this once');
    const [sid, secret] = (await text(page, 'pre')).split('\n');
    assert.match(sid, /^SK[0-9a-f]{32}$/);
    assert.ok(secret.length >= 32);
    await page.click('button:has-text("I have it")');
    await page.waitForFunction(() => !document.querySelector('pre'));
    await looksGood(page, 'keys');
    page.on('dialog', (dialog) => dialog.accept());
    await page.click('[aria-label="Remove of a test"]');
    await page.waitForFunction(() => !document.body.textContent.includes('of a test'));
    await page.click('a:has-text("Tokens")');
    await page.fill('[name=identity]', 'dave');
    await page.click('button:has-text("Make a token")');
    await sees(page, 'For dave, until');
    await looksGood(page, 'tokens');
  });

  test('the keyboard reaches everything, and the theme can be chosen', async (t) => {
    const page = await open(t);
    await page.reload();
    await page.waitForSelector('h1:has-text("Services")');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
    const seen = new Set();
    for (let i = 0; i < 12; i++) {
      seen.add(await page.evaluate(() => document.activeElement.textContent));
      await page.keyboard.press('Tab');
    }
    for (const name of ['Tutti', 'Services', 'Connections', 'Charts', 'Keys', 'Tokens', 'Dark', 'Sign out'])
      assert.ok(seen.has(name), name);
    await page.click('button:has-text("Dark")');
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(23, 24, 26)');
    await looksGood(page, 'services-dark');
    await page.click('button:has-text("Light")');
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(251, 251, 249)');
  });
});

test('a console that is read-only shows no way to change anything', async (t) => {
  const looking = await Server.startFor(t, { args: ['--console-read-only'] });
  const desk = await Office.openFor(t, looking);
  const rest = desk.rest.sync.v1.services('default');
  const { sid, serviceSid } = await rest.documents.create({ uniqueName: 'd', data: { n: 1 } });
  const page = await browser.tab(t, looking.base);
  await page.fill('[name=user]', looking.auth[0]);
  await page.fill('[name=secret]', looking.auth[1]);
  await page.click('form button');
  await page.waitForSelector('h1:has-text("Services")');
  await page.goto(`${looking.base}/#/services/${serviceSid}/documents/${sid}`);
  await isLive(page);
  await rest.documents(sid).update({ data: { n: 2 } });
  await page.waitForSelector('.tree .changed');
  assert.deepEqual(await page.locator('main button').allTextContents(), []);
  await page.goto(`${looking.base}/#/keys`);
  await page.waitForSelector('h1:has-text("API keys")');
  assert.deepEqual(await page.locator('main button').allTextContents(), []);
});

describe('the demo, without signing in', () => {
  let local;

  before(async () => {
    local = await Server.start({ args: ['--development'] });
  });

  after(() => local.destroy());

  const count = (page) => page.textContent('#count');
  const press = async (page, id) => {
    await page.click(id);
    await page.waitForFunction((button) => !document.querySelector(button).disabled, id, { timeout: 60_000 });
  };

  test('two tabs count 100 times each at once with mutate: 200', async (t) => {
    const tabs = await Promise.all([0, 1].map(() => browser.tab(t, `${local.base}/demo/counter`, HALF)));
    await Promise.all(tabs.map(isLive));
    await Promise.all(tabs.map((page) => press(page, '#many')));
    for (const page of tabs) {
      await page.waitForFunction(() => document.querySelector('#count').textContent === '200');
      assert.equal(await text(page, '#mine'), '100');
      assert.equal(await text(page, '#others'), '100');
    }
    await looksGood(tabs[0], 'counter-1');
    await picture(tabs[1], 'counter-2');
    await press(tabs[0], '#reset');
    await tabs[1].waitForFunction(() => document.querySelector('#count').textContent === '0');
    assert.equal(await count(tabs[0]), '0');
  });

  test('the console is open, too', async (t) => {
    const page = await browser.tab(t, local.base);
    await page.waitForSelector('h1:has-text("Services")');
    await page.click('a:has-text("Demo")');
    await page.waitForSelector('h1:has-text("A counter for all")');
  });
});
