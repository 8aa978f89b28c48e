// A list or a map: its items, page by page, in step.

import { action, button, field, h, notify, table, time } from '../dom.js';
import { editor } from '../editor.js';
import { api, get, mayWrite, segment } from '../session.js';
import { brief } from '../tree.js';
import { open, pill } from '../watch.js';
import { crumbs } from './objects.js';

const PAGE_SIZE = 50;
const REFRESH_MS = 2000;
const SETTLE_MS = 100;

export async function collection({ signal }, service, kind, sid) {
  const one = kind === 'lists' ? { name: 'index', type: 'list', folder: 'Lists' } : { name: 'key', type: 'map', folder: 'Maps' };
  const path = `/v1/Services/${segment(service)}/${one.folder}/${sid}`;
  const root = await get(path);
  const view = { from: '', url: null, marked: new Set(), page: null };
  const state = h('span');
  const rows = h('div');
  const edit = h('div');
  const pages = h('div', { class: 'row' });
  const first = () => `${path}/Items?PageSize=${PAGE_SIZE}${view.from ? `&From=${encodeURIComponent(view.from)}` : ''}`;

  const load = async () => {
    view.page = await get(view.url ?? first());
    const items = view.page.items;
    rows.replaceChildren(items.length
      ? table('Items', [one.name === 'key' ? 'Key' : 'Index', 'Data', 'Revision', 'Updated', 'Expires', 'Change'], items.map((item) => row(item)))
      : h('p', { class: 'quiet' }, 'No items here.'));
    view.marked.clear();
    const go = (url) => async () => {
      view.url = url.replace(/^https?:\/\/[^/]+/, '');
      await load();
    };
    const { previous_page_url: previous, next_page_url: next } = view.page.meta;
    pages.replaceChildren(button('Previous page', go(previous ?? ''), { disabled: !previous }), button('Next page', go(next ?? ''), { disabled: !next }));
  };
  const itemPath = (item) => `${path}/Items/${segment(String(item[one.name]))}`;
  const row = (item) => {
    const line = h('tr', { class: view.marked.has(item[one.name]) ? 'changed' : '' },
      h('td', null, h('code', null, String(item[one.name]))), h('td', null, h('code', null, brief(item.data))),
      h('td', { class: 'short' }, item.revision), h('td', { class: 'short' }, time(item.date_updated)), h('td', { class: 'short' }, time(item.date_expires)),
      h('td', { class: 'short' }, mayWrite() && [
        button('Edit', () => startEdit(item), { 'aria-label': `Edit ${item[one.name]}` }), ' ',
        button('Remove', async () => {
          await api('DELETE', itemPath(item));
          await load();
        }, { 'aria-label': `Remove ${item[one.name]}` })]));
    setTimeout(() => line.classList.remove('changed'), 1500);
    return line;
  };
  const startEdit = (item) => {
    edit.replaceChildren(h('h2', null, `Item ${item[one.name]}`), editor({
      read: () => get(itemPath(item)),
      write: (data, revision) => api('POST', itemPath(item), { Data: JSON.stringify(data) }, { 'If-Match': revision }),
      done: () => {
        edit.replaceChildren();
        return load();
      },
    }, item));
    edit.querySelector('textarea').focus();
  };

  await load();
  follow({ service, sid, signal, state, one, view, load });
  const from = field(`From ${one.name}`, { name: 'from', type: 'search' });
  const jump = action(async () => {
    view.from = from.input.value;
    view.url = null;
    await load();
  });
  return [
    crumbs(service, kind, root.unique_name ?? sid),
    h('div', { class: 'row' }, h('h1', null, root.unique_name ?? sid), state),
    h('dl', { class: 'facts' }, ...[['SID', root.sid], ['Revision', root.revision], ['Expires', time(root.date_expires)], ['Created by', root.created_by]]
      .flatMap(([name, value]) => [h('dt', null, name), h('dd', null, value)])),
    h('form', { class: 'row', role: 'search', onsubmit: jump }, from.element, h('button', null, 'Go')),
    rows, pages, edit,
    mayWrite() && addition(path, one, load),
    h('p', null, h('a', { href: `#/services/${service}/${kind}/${sid}/permissions` }, 'Permissions')),
  ].filter(Boolean);
}

function addition(path, one, load) {
  const key = one.name === 'key' && field('Key', { name: 'key', required: true, maxLength: 320 });
  const data = field('Data, a JSON object', { name: 'data', required: true }, 'textarea');
  const ttl = field('Time to live, seconds (empty: for ever)', { name: 'ttl', type: 'number', min: 0 });
  data.input.value = '{}';
  const add = action(async () => {
    await api('POST', `${path}/Items`, { Key: key ? key.input.value : undefined, Data: data.input.value, ItemTtl: ttl.input.value || undefined });
    notify('It is there.');
    await load();
  });
  return h('details', { class: 'panel' }, h('summary', null, 'A new item'),
    h('form', { onsubmit: add }, h('div', { class: 'row' }, key && key.element, ttl.element), data.element,
      h('div', { class: 'row' }, h('button', { class: 'main' }, 'Add'))));
}

// Events say that a page is to be read anew; a run of them, once.
async function follow({ service, sid, signal, state, one, view, load }) {
  pill(state, 'waiting');
  let timer = null;
  const soon = (name) => {
    view.marked.add(name);
    timer ??= setTimeout(() => {
      timer = null;
      if (!signal.aborted) load().catch(() => {});
    }, SETTLE_MS);
  };
  const object = await open(one.type, service, sid, signal).catch(() => null);
  if (signal.aborted) return;
  let watch;
  if (object) {
    for (const name of ['itemAdded', 'itemUpdated']) object.on(name, ({ item }) => soon(item[one.name]));
    object.on('itemRemoved', (event) => soon(event[one.name])).on('reset', () => soon());
    watch = setInterval(() => pill(state, object.live ? 'live' : 'waiting'), 300);
    object.on('removed', () => {
      clearInterval(watch);
      pill(state, 'gone');
    });
  } else {
    pill(state, 'polling');
    watch = setInterval(soon, REFRESH_MS);
  }
  signal.addEventListener('abort', () => clearInterval(watch));
}
