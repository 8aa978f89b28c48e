// One number that everybody shares, and two ways to add to it. Open it twice and press both:
// `set` writes what this tab believes, `mutate` what is right.

import { SyncClient } from '/sdk/index.js';
import { credentials, post } from '/console/js/api.js';
import { flash, h } from '/console/js/dom.js';
import { signInPage } from '/console/js/pages/signin.js';
import { complaint, facts } from '/console/js/parts.js';
import { begin, canEdit, server } from '/console/js/session.js';
import { themeSwitch } from '/console/js/theme.js';

const NAME = 'counter';
const MANY = 100;
const LOG_MAX = 200;

const app = document.getElementById('app');
const visitor = `visitor-${Math.random().toString(36).slice(2, 6)}`;

async function token() {
  const local = server().development && !credentials() && canEdit();
  const answer = local
    ? await post('/demo/tokens')
    : await post('/console/tokens', { identity: canEdit() ? visitor : 'console', ttl: 3600 });
  return answer.token;
}

class Counter {
  added = 0;
  attempts = 0;
  done = 0;

  constructor(client) {
    this.client = client;
    this.number = h('p', { class: 'count', id: 'count', role: 'status' }, '–');
    this.state = h('span', { class: 'badge live' });
    this.told = Object.fromEntries(
      ['revision', 'added', 'retries', 'waiting'].map((name) => [
        name,
        h('span', { id: name }, '0'),
      ]),
    );
    this.trouble = h('div');
    this.log = h('ol', {
      class: 'log',
      id: 'log',
      tabindex: 0,
      'aria-label': 'What the others wrote',
    });
  }

  get way() {
    return this.element.querySelector('input[name=way]:checked').value;
  }

  build() {
    const way = (value, text, checked) => {
      const box = h('input', { type: 'radio', name: 'way', value, id: value, checked });
      return h(
        'div',
        { class: 'way' },
        box,
        h('label', { for: value }, h('code', null, value), text),
      );
    };
    const press = (label, count, kind) =>
      h('button', { type: 'button', class: kind, onclick: () => this.press(count) }, label);
    this.element = h(
      'main',
      { class: 'counter', id: 'main' },
      h(
        'header',
        { class: 'heading' },
        h('div', { class: 'title' }, h('h1', null, 'One counter for everybody'), this.state),
        h('div', { class: 'actions' }, themeSwitch(), h('a', { href: '/' }, 'Console')),
      ),
      h('p', { class: 'hint' }, 'Open this page in two windows and press “+100 fast” in both.'),
      h(
        'section',
        { class: 'card' },
        this.number,
        canEdit()
          ? h(
              'div',
              { class: 'presses' },
              press('+1', 1, 'primary'),
              press(`+${MANY} fast`, MANY, ''),
              h('button', { type: 'button', onclick: () => this.reset() }, 'Back to 0'),
            )
          : h('p', { class: 'hint' }, 'The console is read-only: look, but do not press.'),
        this.trouble,
      ),
      h(
        'section',
        { class: 'card' },
        h(
          'fieldset',
          null,
          h('legend', null, 'How to add'),
          way('mutate', ' – ask again until nobody was in between', true),
          way('set', ' – write what this tab believes; additions get lost', false),
        ),
        facts([
          ['Revision', this.told.revision],
          ['Added by this tab', this.told.added],
          ['Tried again after a 412', this.told.retries],
          ['Waiting for the server', this.told.waiting],
        ]),
      ),
      h('section', { class: 'card' }, h('h2', null, 'What the others wrote'), this.log),
    );
    return this.element;
  }

  show() {
    const { told, document } = this;
    this.number.textContent = String(document.data.count ?? 0);
    told.revision.textContent = document.revision;
    told.added.textContent = String(this.added);
    told.retries.textContent = String(this.attempts - this.done);
    told.waiting.textContent = String(document.pending);
  }

  async open() {
    this.client.on('connectionStateChanged', (state) => this.showState(state));
    this.showState(this.client.connectionState);
    this.document = await this.client.document({ id: NAME, data: { count: 0 } });
    this.document.on('updated', (event) => {
      if (!event.isLocal) this.note(event);
      this.show();
    });
    this.document.on('pendingChanged', () => this.show());
    this.document.on('removed', () => this.open());
    this.show();
  }

  showState(state) {
    this.state.textContent = state;
    this.state.className = `badge live ${state === 'connected' ? 'good' : 'warn'}`;
  }

  note({ data, previousData }) {
    const text = `${previousData?.count ?? '?'} → ${data.count}`;
    const time = new Date().toLocaleTimeString('en');
    this.log.prepend(h('li', null, `${time}  ${text}  revision ${this.document.revision}`));
    if (this.log.children.length > LOG_MAX) this.log.lastChild.remove();
    flash(this.log.firstChild);
  }

  async press(count) {
    this.trouble.replaceChildren();
    try {
      if (this.way === 'mutate') await this.mutate(count);
      else await this.set(count);
    } catch (error) {
      this.trouble.replaceChildren(complaint(error));
    }
    this.show();
  }

  // All at once; each is tried until it was the only one to change its revision.
  async mutate(count) {
    const one = async () => {
      await this.document.mutate((data) => {
        this.attempts += 1;
        return { ...data, count: (data.count ?? 0) + 1 };
      });
      this.done += 1;
      this.added += 1;
    };
    await Promise.all(Array.from({ length: count }, one));
  }

  // One after the other, and yet: what others write in between is written over.
  async set(count) {
    for (let i = 0; i < count; i += 1) {
      const { data } = this.document;
      await this.document.set({ ...data, count: (data.count ?? 0) + 1 });
      this.added += 1;
    }
  }

  async reset() {
    this.added = this.attempts = this.done = 0;
    await this.document.set({ count: 0 });
    this.show();
  }
}

async function start() {
  if (!credentials() && !(server().development && canEdit())) {
    app.replaceChildren(signInPage(start));
    return;
  }
  const counter = new Counter(new SyncClient(token, { url: location.origin }));
  app.replaceChildren(counter.build());
  await counter.open().catch((error) => counter.trouble.replaceChildren(complaint(error)));
}

try {
  await begin();
  await start();
} catch (error) {
  app.replaceChildren(h('p', { class: 'starting', role: 'alert' }, error.message));
}
