// The console. Reading order: this, router.js, api.js, session.js and live.js (how the pages talk
// to the server), parts.js and dialogs.js (what they are made of), then pages/.

import { credentials } from './api.js';
import { h } from './dom.js';
import { chartsPage } from './pages/charts.js';
import { collectionPage } from './pages/collection.js';
import { connectionsPage } from './pages/connections.js';
import { documentPage } from './pages/document.js';
import { keysPage } from './pages/keys.js';
import { permissionsPage } from './pages/permissions.js';
import { servicePage } from './pages/service.js';
import { servicesPage } from './pages/services.js';
import { signInPage } from './pages/signin.js';
import { streamPage } from './pages/stream.js';
import { tokensPage } from './pages/tokens.js';
import { button, empty, heading, sentence } from './parts.js';
import { find } from './router.js';
import { begin, canEdit, server, signOut } from './session.js';
import { themeSwitch } from './theme.js';

const as = (page, kind) => (context) => page({ ...context, params: { ...context.params, kind } });

const ROUTES = [
  ['services', servicesPage],
  ['services/:service', servicePage],
  ['services/:service/:kind', servicePage],
  ['services/:service/documents/:object', documentPage],
  ['services/:service/lists/:object', as(collectionPage, 'lists')],
  ['services/:service/maps/:object', as(collectionPage, 'maps')],
  ['services/:service/streams/:object', streamPage],
  ['services/:service/:kind/:object/permissions', permissionsPage],
  ['connections', connectionsPage],
  ['charts', chartsPage],
  ['keys', keysPage],
  ['tokens', tokensPage],
];

const MENU = [
  ['Services', 'services'],
  ['Connections', 'connections'],
  ['Charts', 'charts'],
  ['API keys', 'keys'],
  ['Tokens', 'tokens'],
];

const app = document.getElementById('app');
let shell; // {main, menu}; undefined while nobody is signed in
let leaving; // aborts what the page shown has under way

function menuLink([text, name]) {
  return h('a', { href: `#/${name}` }, text);
}

function makeShell() {
  const main = h('main', { id: 'main' });
  const menu = h('nav', { class: 'menu', 'aria-label': 'Console' }, MENU.map(menuLink));
  const out = () => {
    signOut();
    start();
  };
  app.replaceChildren(
    h('a', { class: 'skip', href: '#main', onclick: skip }, 'Skip to the content'),
    h(
      'div',
      { class: 'shell' },
      h(
        'header',
        { class: 'side' },
        h(
          'a',
          { class: 'brand', href: '#/services' },
          h('img', { src: '/console/icon.svg', alt: '', width: 28, height: 28 }),
          'Tutti',
        ),
        menu,
        h(
          'div',
          { class: 'foot' },
          h('a', { href: '/demo/counter' }, 'Counter demo'),
          themeSwitch(),
          button('Sign out', out, { kind: 'quiet' }),
          h('small', null, `Version ${server().version}`),
        ),
      ),
      h(
        'div',
        { class: 'stage' },
        !canEdit() &&
          h('p', { class: 'banner' }, 'Read-only: the console shows, and changes nothing.'),
        main,
      ),
    ),
  );
  return { main, menu };
}

function skip(event) {
  event.preventDefault();
  shell.main.querySelector('h1')?.focus();
}

function markMenu() {
  const current = location.hash.split('/')[1] || 'services';
  for (const link of shell.menu.children) {
    if (link.hash === `#/${current}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

function troublePage(error) {
  const text = error.status === 404 ? 'This is not there, or no more.' : sentence(error);
  return {
    title: 'Trouble',
    content: [
      heading('That did not work'),
      empty(
        text,
        button('Try again', () => show(true)),
      ),
    ],
  };
}

// `moved`: the person came here by a click, and is told by the focus.
async function show(moved) {
  leaving?.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { page, params } = find(ROUTES, location.hash) ?? { page: servicesPage, params: {} };
  shell.main.setAttribute('aria-busy', 'true');
  markMenu();
  let made;
  try {
    made = await page({ params, signal, reload: () => show(false) });
  } catch (error) {
    if (signal.aborted || error.status === 401) return;
    made = troublePage(error);
  }
  if (signal.aborted) return;
  shell.main.removeAttribute('aria-busy');
  document.title = `${made.title} · Tutti`;
  shell.main.replaceChildren(...made.content.flat().filter(Boolean));
  if (!moved) return;
  window.scrollTo(0, 0);
  shell.main.querySelector('h1')?.focus({ preventScroll: true });
}

function start() {
  leaving?.abort();
  shell = undefined;
  document.title = 'Tutti';
  if (credentials()) {
    shell = makeShell();
    show(false);
  } else {
    app.replaceChildren(signInPage(start));
    app.querySelector('input').focus();
  }
}

window.addEventListener('hashchange', () => shell && show(true));
window.addEventListener('tutti-refused', () => {
  if (!shell) return;
  signOut(); // the credentials have ended
  start();
});

try {
  await begin();
  start();
} catch (error) {
  app.replaceChildren(h('p', { class: 'starting', role: 'alert' }, sentence(error)));
}
