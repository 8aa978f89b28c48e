// The console: which page the address asks for, and the frame around it.
//
//   #/                                             services
//   #/services/{IS}/{documents|lists|maps|streams}/{SID}/{...}
//   #/connections  #/charts  #/keys  #/tokens

import { button, h, notify } from './dom.js';
import { charts } from './pages/charts.js';
import { collection } from './pages/collection.js';
import { connections } from './pages/connections.js';
import { documentPage } from './pages/document.js';
import { keys } from './pages/keys.js';
import { objects } from './pages/objects.js';
import { permissions } from './pages/permissions.js';
import { services } from './pages/services.js';
import { signInPage } from './pages/signin.js';
import { stream } from './pages/stream.js';
import { tokens } from './pages/tokens.js';
import { about, isSignedIn, restore, signOut } from './session.js';

const PAGES = [
  [/^\/$/, services],
  [/^\/services\/([^/]+)$/, (context, service) => objects(context, service, 'documents')],
  [/^\/services\/([^/]+)\/(documents|lists|maps|streams)$/, objects],
  [/^\/services\/([^/]+)\/documents\/([^/]+)$/, documentPage],
  [/^\/services\/([^/]+)\/(lists|maps)\/([^/]+)$/, collection],
  [/^\/services\/([^/]+)\/streams\/([^/]+)$/, stream],
  [/^\/services\/([^/]+)\/(documents|lists|maps)\/([^/]+)\/permissions$/, permissions],
  [/^\/connections$/, connections],
  [/^\/charts$/, charts],
  [/^\/keys$/, keys],
  [/^\/tokens$/, tokens],
];

const LINKS = [
  ['#/', 'Services'],
  ['#/connections', 'Connections'],
  ['#/charts', 'Charts'],
  ['#/keys', 'Keys'],
  ['#/tokens', 'Tokens'],
];

const main = document.getElementById('main');
let leave = new AbortController(); // what a page started ends with it

const path = () => location.hash.slice(1) || '/';

function frame() {
  const here = path();
  const isHere = (href) => (href === '#/' ? here === '/' || here.startsWith('/services') : here === href.slice(1));
  document.getElementById('nav').replaceChildren(
    ...(isSignedIn() ? LINKS : []).map(([href, text]) =>
      h('a', { href, 'aria-current': isHere(href) ? 'page' : undefined }, text)),
    about.development ? h('a', { href: '/demo/counter' }, 'Demo') : '',
  );
  document.getElementById('tools').replaceChildren(
    button(theme() === 'dark' ? 'Light' : 'Dark', () => setTheme(theme() === 'dark' ? 'light' : 'dark'), { class: 'plain' }),
    isSignedIn() ? button('Sign out', () => { signOut(); show(); }, { class: 'plain' }) : '',
  );
}

const theme = () =>
  document.documentElement.dataset.theme ??
  (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');

function setTheme(name) {
  localStorage.setItem('tutti-theme', name);
  document.documentElement.dataset.theme = name;
  frame();
}

async function show() {
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  frame();
  if (!isSignedIn()) {
    main.replaceChildren(signInPage(show));
    return;
  }
  const [page, groups] = find(path());
  try {
    const content = await page({ signal, again: show }, ...groups);
    if (signal.aborted) return;
    main.replaceChildren(...[content].flat());
  } catch (error) {
    if (signal.aborted) return;
    main.replaceChildren(h('h1', null, error.status === 404 ? 'Not there' : 'That went wrong'), h('p', null, error.message));
  }
  document.title = `${main.querySelector('h1')?.textContent ?? 'Console'} – Tutti`;
  if (moved) main.focus();
}

function find(here) {
  for (const [pattern, page] of PAGES) {
    const match = pattern.exec(here);
    if (match) return [page, match.slice(1).map(decodeURIComponent)];
  }
  return [() => [h('h1', null, 'Not there'), h('p', null, 'No page has this address.')], []];
}

let moved = false;
const stored = localStorage.getItem('tutti-theme');
if (stored) document.documentElement.dataset.theme = stored;
await restore();
addEventListener('hashchange', () => {
  moved = true;
  show().catch((error) => notify(error.message, true));
});
show();
