// The objects of a service, by kind, with pages and search.

import { action, button, field, h, notify, table, time } from '../dom.js';
import { api, get, mayWrite, segment } from '../session.js';

export const KINDS = { documents: 'Documents', lists: 'Lists', maps: 'Maps', streams: 'Streams' };
const SEARCH_MAX = 1000;
const PAGE_SIZE = 50;

export const crumbs = (service, kind, object) =>
  h('p', { class: 'crumbs' }, h('a', { href: '#/' }, 'Services'), ' / ',
    h('a', { href: `#/services/${service}` }, service), kind && [' / ', h('a', { href: `#/services/${service}/${kind}` }, KINDS[kind])],
    object && [' / ', object]);

// Links of answers name the server as it sees itself; only where they lead to counts.
const local = (url) => url && url.replace(/^https?:\/\/[^/]+/, '');

async function search(folder, key, text) {
  try {
    return [await get(`${folder}/${segment(text)}`)];
  } catch (error) {
    if (error.status !== 404) throw error;
  }
  const found = [];
  let seen = 0;
  for (let url = `${folder}?PageSize=100`; url && seen < SEARCH_MAX; ) {
    const page = await get(url);
    seen += page[key].length;
    found.push(...page[key].filter((object) => (object.unique_name ?? object.sid).includes(text)));
    url = local(page.meta.next_page_url);
  }
  return found;
}

export async function objects({ again }, service, kind) {
  const folder = `/v1/Services/${segment(service)}/${KINDS[kind]}`;
  const rows = h('div');
  const show = (list) => {
    rows.replaceChildren(list.length
      ? table(KINDS[kind], ['Name', 'SID', 'Revision', 'Updated', 'Expires'], list.map((object) => [
        h('a', { href: `#/services/${service}/${kind}/${object.sid}` }, object.unique_name ?? object.sid),
        h('code', null, object.sid), object.revision ?? '–', time(object.date_updated), time(object.date_expires),
      ]))
      : h('p', { class: 'quiet' }, 'There is nothing here.'));
  };
  const pages = h('div', { class: 'row' });
  const showPage = async (url) => {
    const page = await get(url);
    show(page[kind]);
    pages.replaceChildren(
      button('Previous page', () => showPage(local(page.meta.previous_page_url)), { disabled: !page.meta.previous_page_url }),
      button('Next page', () => showPage(local(page.meta.next_page_url)), { disabled: !page.meta.next_page_url }));
  };
  await showPage(`${folder}?PageSize=${PAGE_SIZE}`);
  const wanted = field('Search by SID, name, or a part of the name', { type: 'search', name: 'search' });
  const find = action(async () => {
    const text = wanted.input.value.trim();
    if (!text) return showPage(`${folder}?PageSize=${PAGE_SIZE}`);
    pages.replaceChildren();
    show(await search(folder, kind, text));
  });
  return [
    crumbs(service),
    h('h1', null, (await get(`/v1/Services/${segment(service)}`)).friendly_name || service),
    h('nav', { class: 'tabs', 'aria-label': 'Kinds of objects' }, Object.entries(KINDS).map(([name, text]) =>
      h('a', { href: `#/services/${service}/${name}`, 'aria-current': name === kind ? 'page' : undefined }, text))),
    h('form', { class: 'row', role: 'search', onsubmit: find }, wanted.element, h('button', null, 'Search')),
    rows, pages,
    mayWrite() && creation(folder, kind, again),
  ].filter(Boolean);
}

function creation(folder, kind, again) {
  const name = field('Unique name (may be empty)', { name: 'name', maxLength: 320 });
  const ttl = field('Time to live, seconds (empty: for ever)', { name: 'ttl', type: 'number', min: 0 });
  const data = kind === 'documents' && field('Data, a JSON object', { name: 'data', value: '{}' }, 'textarea');
  if (data) data.input.value = '{}';
  const create = action(async () => {
    await api('POST', folder, {
      UniqueName: name.input.value || undefined,
      Ttl: ttl.input.value || undefined,
      Data: data ? data.input.value : undefined,
    });
    notify('It is there.');
    again();
  });
  return h('details', { class: 'panel' }, h('summary', null, 'A new one'),
    h('form', { onsubmit: create }, h('div', { class: 'row' }, name.element, ttl.element), data && data.element,
      h('div', { class: 'row' }, h('button', { class: 'main' }, 'Create'))));
}
