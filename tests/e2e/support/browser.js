'use strict';
// Headless Chromium, and pictures of what it shows.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { chromium } = require('playwright-core');

const PICTURES = process.env.TUTTI_ARTEFACTS;
const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

class Browser {
  static async open() {
    const browser = new Browser();
    browser.chromium = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
    return browser;
  }

  close() {
    return this.chromium.close();
  }

  // A tab of a window of its own; what goes wrong in it fails the test. Options: those of a context.
  async tab(t, url, options = {}) {
    const context = await this.chromium.newContext(options);
    const page = await context.newPage();
    const wrong = [];
    page.on('pageerror', (error) => wrong.push(String(error)));
    page.on('console', (message) => {
      if (/Content Security Policy|Refused/.test(message.text())) wrong.push(message.text());
    });
    t.after(async () => {
      await context.close();
      assert.deepEqual(wrong, []);
    });
    await page.goto(url);
    return page;
  }
}

// Kept as test artefacts when TUTTI_ARTEFACTS names a folder.
async function picture(page, name) {
  if (!PICTURES) return;
  fs.mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`), fullPage: !name.startsWith('counter') });
}

// No violation that axe-core knows of.
async function assertAccessible(page) {
  // By the debugger: the page's policy lets no foreign script in.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run());
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
  assert.deepEqual(told, []);
}

module.exports = { Browser, assertAccessible, picture };
