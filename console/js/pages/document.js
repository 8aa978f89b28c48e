// A document: its data, as it changes.

import { get, inService, post } from '../api.js';
import { edit } from '../editor.js';
import { differences, pathText } from '../diff.js';
import { flash, h } from '../dom.js';
import { mayBeRounded } from '../json.js';
import { follow } from '../live.js';
import { liveBadge, load, objectFacts, objectHead, renewFacts } from '../objects.js';
import { button } from '../parts.js';
import { when } from '../time.js';
import { tree } from '../tree.js';

const CHANGES_MAX = 100;
const PATHS_MAX = 5;

// What happened while this page is open, the newest first.
function changes() {
  const list = h('ol', { class: 'changes', tabindex: 0, 'aria-label': 'Changes' });
  const none = h('p', { class: 'hint' }, 'What changes while this page is open is listed here.');
  const add = (root, before, by) => {
    none.hidden = true;
    const paths = differences(before, before, root.data).map(({ path }) => pathText(path));
    const more = paths.length > PATHS_MAX ? ` and ${paths.length - PATHS_MAX} more` : '';
    const where = paths.slice(0, PATHS_MAX).join(', ') || 'nothing but dates';
    list.prepend(
      h(
        'li',
        null,
        when(root.date_updated),
        ` · revision ${root.revision}${by ? ` · ${by}` : ''} · `,
        h('code', null, where),
        more,
      ),
    );
    if (list.children.length > CHANGES_MAX) list.lastChild.remove();
  };
  return { content: [h('h2', null, 'Changes'), none, list], add };
}

export async function documentPage({ params, signal, reload }) {
  const { service, object } = await load({ ...params, kind: 'documents' }, signal);
  const target = inService(service.sid, 'Documents', object.sid);
  const live = liveBadge();
  const data = tree(object.data, 'Data');
  const facts = objectFacts(object);
  const log = changes();
  let seen = object.revision;
  let last = object.data;

  function show(root, by) {
    if (root.revision !== seen) {
      flash(facts.querySelector('#revision'));
      log.add(root, last, by);
    }
    seen = root.revision;
    last = root.data;
    renewFacts(facts, root);
    data.show(root.data);
  }

  const read = () => get(target);
  const write = async (form, revision) =>
    show(await post(target, form, { ifMatch: revision }), 'this page');

  async function poll() {
    try {
      const root = await get(target, { ifNoneMatch: seen, signal });
      if (root) show(root);
    } catch (error) {
      if (error.status === 404) live.show('gone');
    }
  }

  // The SDK's numbers are JavaScript's.
  async function showHandle(handle, by) {
    if (mayBeRounded(handle.data)) {
      show(await read(), by);
      return;
    }
    const root = {
      revision: handle.revision,
      date_updated: handle.dateUpdated,
      date_expires: handle.dateExpires,
      data: handle.data,
    };
    show(root, by);
  }

  let handle;
  follow(
    { kind: 'document', service: service.sid, sid: object.sid },
    {
      opened: (opened) => {
        handle = opened;
        if (handle.revision !== seen) showHandle(handle);
      },
      on: {
        updated: ({ changedBy }) => showHandle(handle, changedBy),
        removed: () => live.show('gone'),
      },
      poll,
      state: live.show,
    },
    signal,
  );

  const name = object.unique_name ?? 'document';
  const actions = [
    button('Edit', () => edit(`Edit ${name}`, { read, write }), { kind: 'primary' }),
  ];
  return {
    title: name,
    content: [
      objectHead({
        service,
        kind: 'documents',
        object,
        beside: live.element,
        actions,
        changed: reload,
      }),
      facts,
      h('section', { class: 'card', 'aria-label': 'Data' }, data.element),
      h('section', { class: 'card', 'aria-label': 'Changes' }, log.content),
    ],
  };
}
