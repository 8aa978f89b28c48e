// What a service holds, kind by kind; found by name.

import { get, inService, neighbour, post, remove, withQuery } from '../api.js';
import { ask, confirm } from '../dialogs.js';
import { h } from '../dom.js';
import { KINDS, create, isSid, serviceName } from '../objects.js';
import * as parts from '../parts.js';
import { go, to } from '../router.js';
import { canEdit } from '../session.js';
import { when } from '../time.js';
import { serviceFields, serviceForm } from './services.js';

const PAGE_SIZE = 25;
const SCAN_PAGE_SIZE = 100;
const SCAN_PAGES = 20; // looked through at a time for names that contain what is searched
const COLUMNS = ['Name', 'SID', 'Revision', 'Updated', 'Expires'];

function settings(service, reload) {
  return ask('Settings', {
    fields: serviceFields(service),
    submit: 'Save',
    run: async (values) => {
      await post(inService(service.sid), serviceForm(values));
      parts.toast('Saved');
      reload();
    },
  });
}

function removeService(service) {
  const run = async () => {
    await remove(inService(service.sid));
    parts.toast(`${serviceName(service)} removed`);
    go('services');
  };
  const text = `${serviceName(service)} goes with everything in it, at once and for everybody.`;
  return confirm('Remove this service?', text, { run });
}

function objectRow(service, kind, object) {
  return parts.row(COLUMNS, [
    h('a', { href: to('services', service, kind, object.sid) }, object.unique_name ?? '(no name)'),
    h('code', { class: 'sid' }, object.sid),
    object.revision ?? '–',
    when(object.date_updated),
    when(object.date_expires, 'never'),
  ]);
}

// The object of exactly this name or SID, in a list.
async function exactly(here, text, signal) {
  try {
    return [await get(`${here}/${encodeURIComponent(text)}`, { signal })];
  } catch (error) {
    if (error.status === 404 || error.status === 400) return [];
    throw error;
  }
}

// Up to `count` objects whose names contain `text`; {found, next, looked}.
async function containing(here, target, text, { kind, signal }) {
  const found = [];
  let looked = 0;
  for (let i = 0; i < SCAN_PAGES && target && found.length < PAGE_SIZE; i += 1) {
    const page = await get(target, { signal });
    looked += page[kind].length;
    found.push(...page[kind].filter(({ unique_name: name }) => name?.includes(text)));
    target = neighbour(here, page.meta.next_page_url);
  }
  return { found, looked, next: target };
}

class Objects {
  constructor(service, kind, signal) {
    Object.assign(this, { service, kind, signal, place: h('div') });
    this.here = inService(service, KINDS[kind].path);
  }

  list(objects, ...more) {
    const rows = objects.map((object) => objectRow(this.service, this.kind, object));
    const { title } = KINDS[this.kind];
    this.place.replaceChildren(parts.table(title, COLUMNS, rows), ...more);
  }

  none(text, ...more) {
    this.place.replaceChildren(parts.empty(text), ...more);
  }

  async page(target = withQuery(this.here, { PageSize: PAGE_SIZE })) {
    this.searched = '';
    const page = await get(target, { signal: this.signal });
    const turn = parts.pager(
      neighbour(this.here, page.meta.previous_page_url),
      neighbour(this.here, page.meta.next_page_url),
      (other) => this.page(other),
    );
    const objects = page[this.kind];
    if (objects.length) this.list(objects, turn);
    else this.none(`There are no ${this.kind} here.`, turn);
  }

  async search(text) {
    if (!text) return this.page();
    this.searched = text;
    const first = await exactly(this.here, text, this.signal);
    const start = withQuery(this.here, { PageSize: SCAN_PAGE_SIZE });
    return isSid(text) ? this.result(text, first) : this.more(text, first, start);
  }

  async more(text, known, target) {
    const { kind, signal } = this;
    const { found, looked, next } = await containing(this.here, target, text, { kind, signal });
    if (this.searched !== text) return; // something else is searched by now
    const news = found.filter(({ sid }) => known.every((one) => one.sid !== sid));
    this.result(text, [...known, ...news], next, looked);
  }

  result(text, objects, next, looked) {
    const told = h('p', { class: 'hint', role: 'status' }, `${objects.length} found`);
    const on =
      next && parts.button(`Search on after ${looked} more`, () => this.more(text, objects, next));
    if (objects.length) this.list(objects, told, on || '');
    else this.none(`No name here contains “${text}”.`, on || '');
  }
}

function searchBox(objects) {
  const box = h('input', {
    type: 'search',
    name: 'search',
    placeholder: 'Name, a part of it, or SID',
    'aria-label': 'Search by name or SID',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const form = h('form', { role: 'search', class: 'search' }, box, h('button', null, 'Search'));
  const run = () =>
    objects.search(box.value.trim()).catch((error) => parts.toast(parts.sentence(error), 'bad'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    run();
  });
  box.addEventListener('input', () => box.value === '' && run());
  return form;
}

export async function servicePage({ params, signal, reload }) {
  const kind = params.kind in KINDS ? params.kind : 'documents';
  const service = await get(inService(params.service), { signal });
  const objects = new Objects(service.sid, kind, signal);
  await objects.page();
  const kinds = Object.entries(KINDS).map(([one, { title }]) => [
    title,
    to('services', service.sid, one),
  ]);
  const actions = canEdit() && [
    parts.button(
      `New ${KINDS[kind].one}`,
      async () => {
        const made = await create(service.sid, kind);
        if (made) go('services', service.sid, kind, made.sid);
      },
      { kind: 'primary' },
    ),
    parts.button('Settings', () => settings(service, reload)),
    parts.button('Remove', () => removeService(service), { kind: 'danger' }),
  ];
  return {
    title: `${KINDS[kind].title} of ${serviceName(service)}`,
    content: [
      parts.trail(['Services', to('services')], [serviceName(service)]),
      parts.heading(serviceName(service), {
        beside: parts.badge(service.acl_enabled ? 'permissions on' : 'open'),
        actions: actions || null,
      }),
      parts.facts([
        ['SID', parts.copyable(service.sid)],
        ['Created', when(service.date_created)],
      ]),
      parts.tabs('Kinds of objects', kinds, KINDS[kind].title),
      searchBox(objects),
      objects.place,
    ],
  };
}
