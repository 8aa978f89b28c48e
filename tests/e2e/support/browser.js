'use strict';
// A person at the console: a browser's page, what is seen in it, and pictures of it.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { chromium } = require('playwright-core');
const { removeFolder, temporaryFolder } = require('./server.js');

const AXE = require.resolve('axe-core/axe.min.js');
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 360, height: 740 };
const PATIENCE_MS = 30_000;

// One browser for a file of tests. Pictures go to the folder TUTTI_ARTEFACTS, else nowhere for long.
class Browser {
  static async launch() {
    const browser = new Browser();
    browser.chromium = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
    browser.kept = process.env.TUTTI_ARTEFACTS;
    browser.pictures = browser.kept ?? temporaryFolder();
    fs.mkdirSync(browser.pictures, { recursive: true });
    return browser;
  }

  // A page of its own browser context; it ends with the test, which fails if the page threw, or did
  // what its security policy forbids.
  async openFor(t, options = {}) {
    const { narrow = false, ...rest } = options;
    const context = await this.chromium.newContext({ viewport: narrow ? NARROW : WIDE, ...rest });
    const page = await context.newPage();
    const faults = watch(page);
    t.after(async () => {
      await context.close();
      assert.deepEqual(faults, []);
    });
    page.setDefaultTimeout(PATIENCE_MS);
    return page;
  }

  picture(page, name) {
    return page.screenshot({ path: path.join(this.pictures, `${name}.png`), fullPage: true });
  }

  async close() {
    await this.chromium.close();
    if (!this.kept) removeFolder(this.pictures);
  }
}

function watch(page) {
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.stack));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) faults.push(message.text());
  });
  return faults;
}

// What is wrong with a page for those who see, hear or type otherwise; [] when nothing is.
// The page's policy lets no script of ours in, so it goes in by the debugger.
async function violations(page) {
  await page.evaluate(fs.readFileSync(AXE, 'utf8'));
  const { violations: found } = await page.evaluate(() => globalThis.axe.run());
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

async function signIn(page, server, hash = '') {
  await page.goto(`${server.base}/${hash}`);
  await page.getByLabel('Account SID or API key').fill(server.auth[0]);
  await page.getByLabel('Auth token or secret').fill(server.auth[1]);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('main h1').waitFor();
}

// Wait until an element says that.
const sees = (page, text, where = 'body') =>
  page.locator(where).getByText(text).first().waitFor();

module.exports = { Browser, sees, signIn, violations };
