// The four kinds of objects: what they are called, and what is done to all of them.

import { get, inService, post, remove } from './api.js';
import { ask, confirm } from './dialogs.js';
import { dataFields, formOf } from './editor.js';
import { button, copyable, facts, field, heading, input, tabs, toast, trail } from './parts.js';
import { go, to } from './router.js';
import { canEdit } from './session.js';
import { h } from './dom.js';
import { when } from './time.js';

export const KINDS = {
  documents: { one: 'document', path: 'Documents', title: 'Documents', prefix: 'ET' },
  lists: { one: 'list', path: 'Lists', title: 'Lists', prefix: 'ES' },
  maps: { one: 'map', path: 'Maps', title: 'Maps', prefix: 'MP' },
  streams: { one: 'stream', path: 'Streams', title: 'Streams', prefix: 'TO' },
};

export const nameOf = (object) => object.unique_name ?? object.sid;
export const serviceName = (service) => service.friendly_name || service.unique_name || service.sid;

export const isSid = (text) => /^[A-Z]{2}[0-9a-f]{32}$/.test(text);

/** A number of seconds, or left as it is. */
export const ttlInput = () => input('ttl', { inputmode: 'numeric', pattern: '[0-9]*' });

/** Ask for a new object; resolves with it. */
export function create(service, kind) {
  const { one, path, title } = KINDS[kind];
  const name = field(
    'Unique name',
    input('name', { maxlength: 320 }),
    'Empty: it goes by its SID.',
  );
  const ttl = field('Time to live (seconds)', ttlInput(), 'Empty or 0: for ever.');
  const fields = kind === 'documents' ? [dataFields('{}', { ttl: false }), ttl] : [ttl];
  return ask(`New ${one}`, {
    fields: [name, ...fields],
    submit: `Create ${one}`,
    run: async (values) => {
      const form = kind === 'documents' ? formOf(values) : { Ttl: values.ttl || undefined };
      const made = await post(inService(service, path), {
        UniqueName: values.name || undefined,
        ...form,
      });
      toast(`${title.slice(0, -1)} created`);
      return made;
    },
  });
}

function setTtl(service, kind, object) {
  return ask('Time to live', {
    fields: field('Seconds from now', ttlInput(), '0: for ever.'),
    submit: 'Set',
    run: async ({ ttl }) => {
      await post(inService(service, KINDS[kind].path, object.sid), { Ttl: ttl });
      toast('Time to live set');
    },
  });
}

function removeObject(service, kind, object) {
  const { one, path } = KINDS[kind];
  const run = async () => {
    await remove(inService(service, path, object.sid));
    toast(`${nameOf(object)} removed`);
    go('services', service, kind);
  };
  return confirm(
    `Remove this ${one}?`,
    `${nameOf(object)} goes with all that is in it, at once and for everybody.`,
    { run },
  );
}

/** The object and its service. */
export async function load({ service, kind, object }, signal) {
  const [ofService, found] = await Promise.all([
    get(inService(service), { signal }),
    get(inService(service, KINDS[kind].path, object), { signal }),
  ]);
  return { service: ofService, object: found };
}

/** What the state of following an object is called. */
const STATES = {
  connecting: ['Connecting', ''],
  live: ['Live', 'good'],
  reconnecting: ['Reconnecting', 'warn'],
  polling: ['Every 2 s', 'warn'],
  gone: ['Removed', 'bad'],
};

/** {element, show(state)} */
export function liveBadge() {
  const element = h('span', { class: 'badge live', role: 'status' });
  const show = (state) => {
    const [text, kind] = STATES[state];
    element.textContent = text;
    element.className = `badge live ${kind}`;
    element.title =
      state === 'polling'
        ? 'Permissions keep the identity “console” out, so we ask again and again'
        : '';
  };
  show('connecting');
  return { element, show };
}

/** Head of an object's page: where we are, its name, tabs, facts, and what can be done. */
export function objectHead({ service, kind, object, beside, actions = [], current, changed }) {
  const at = (...more) => to('services', service.sid, kind, object.sid, ...more);
  const main = { documents: 'Data', streams: 'Messages' }[kind] ?? 'Items';
  const sections = [[main, at()]];
  if (kind !== 'streams') sections.push(['Permissions', at('permissions')]);
  const edits = canEdit() && [
    ...actions,
    button('Time to live', async () => (await setTtl(service.sid, kind, object)) && changed()),
    button('Remove', () => removeObject(service.sid, kind, object), { kind: 'danger' }),
  ];
  return h(
    'div',
    { class: 'object-head' },
    trail(
      ['Services', to('services')],
      [serviceName(service), to('services', service.sid, kind)],
      [nameOf(object)],
    ),
    heading(nameOf(object), { beside, actions: edits || null }),
    sections.length > 1 ? tabs('Parts', sections, current ?? main) : null,
  );
}

export function objectFacts(object) {
  return facts([
    ['SID', copyable(object.sid)],
    ['Revision', object.revision && h('code', { id: 'revision' }, object.revision)],
    ['Updated', h('span', { id: 'updated' }, when(object.date_updated))],
    ['Created', h('span', null, when(object.date_created), ` by ${object.created_by}`)],
    ['Expires', h('span', { id: 'expires' }, when(object.date_expires, 'never'))],
  ]);
}

/** Newer facts of the same object. */
export function renewFacts(root, { revision, date_updated: updated, date_expires: expires }) {
  const set = (id, content) => root.querySelector(`#${id}`)?.replaceChildren(content);
  if (revision !== undefined) set('revision', revision);
  if (updated) set('updated', when(updated));
  set('expires', when(expires, 'never'));
}
