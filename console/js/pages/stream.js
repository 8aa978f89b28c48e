// A stream: say something, and hear what is said. Nothing of it is kept anywhere.

import { inService, post } from '../api.js';
import { flash, h } from '../dom.js';
import { readObject } from '../json.js';
import { follow } from '../live.js';
import { liveBadge, load, objectFacts, objectHead } from '../objects.js';
import { area, complaint, empty, field } from '../parts.js';
import { canEdit } from '../session.js';
import { when } from '../time.js';
import { tree } from '../tree.js';

const SHOWN_MAX = 200;

function publisher(target) {
  const text = area('data', { rows: 4, value: '{\n  "text": "hello"\n}', required: true });
  const trouble = h('div');
  const submit = h('button', { type: 'submit', class: 'primary' }, 'Publish');
  const form = h(
    'form',
    { class: 'card' },
    field('Message', text, 'A JSON object.'),
    trouble,
    submit,
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      readObject(text.value);
      await post(target, { Data: text.value });
      trouble.replaceChildren();
    } catch (error) {
      trouble.replaceChildren(complaint(error));
    } finally {
      submit.disabled = false;
    }
  });
  return form;
}

// The messages heard while this page is open, the newest first.
function hearing() {
  const none = empty('Messages come here while this page is open. Earlier ones are not kept.');
  const list = h('ol', { class: 'messages', 'aria-label': 'Messages', 'aria-live': 'polite' });
  const add = ({ message }) => {
    none.hidden = true;
    const line = h(
      'li',
      null,
      h('p', { class: 'hint' }, when(new Date().toISOString()), ' ', h('code', null, message.sid)),
      tree(message.data, 'Message').element,
    );
    list.prepend(line);
    flash(line);
    if (list.children.length > SHOWN_MAX) list.lastChild.remove();
  };
  return { element: h('section', { 'aria-label': 'Heard' }, none, list), add };
}

export async function streamPage({ params, signal, reload }) {
  const { service, object } = await load({ ...params, kind: 'streams' }, signal);
  const live = liveBadge();
  const heard = hearing();
  follow(
    { kind: 'stream', service: service.sid, sid: object.sid },
    { on: { messagePublished: heard.add, removed: () => live.show('gone') }, state: live.show },
    signal,
  );
  const target = inService(service.sid, 'Streams', object.sid, 'Messages');
  return {
    title: object.unique_name ?? 'stream',
    content: [
      objectHead({ service, kind: 'streams', object, beside: live.element, changed: reload }),
      objectFacts(object),
      canEdit() && publisher(target),
      heard.element,
    ],
  };
}
