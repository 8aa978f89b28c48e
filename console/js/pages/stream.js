import { action, button, field, h, notify, time } from '../dom.js';
import { api, get, mayWrite, segment } from '../session.js';
import { open, pill } from '../watch.js';
import { crumbs } from './objects.js';

const LOG_MAX = 200;

export async function stream({ signal }, service, sid) {
  const path = `/v1/Services/${segment(service)}/Streams/${sid}`;
  const root = await get(path);
  const state = h('span');
  const log = h('ol', { class: 'log', 'aria-label': 'Messages', tabIndex: 0 });
  const data = field('A message, a JSON object', { name: 'data' }, 'textarea');
  data.input.value = '{"text": "hello"}';
  const publish = action(async () => {
    await api('POST', `${path}/Messages`, { Data: data.input.value });
  });
  pill(state, 'waiting');
  open('stream', service, sid, signal).then((object) => {
    if (!object || signal.aborted) return;
    object.on('messagePublished', ({ message }) => {
      log.prepend(h('li', null, `${time(new Date())} · `, h('code', null, JSON.stringify(message.data))));
      while (log.children.length > LOG_MAX) log.lastChild.remove();
    });
    const watch = setInterval(() => pill(state, object.live ? 'live' : 'waiting'), 300);
    object.on('removed', () => {
      clearInterval(watch);
      pill(state, 'gone');
    });
    signal.addEventListener('abort', () => clearInterval(watch));
  }, (error) => notify(error.message, true));
  return [
    crumbs(service, 'streams', root.unique_name ?? sid),
    h('div', { class: 'row' }, h('h1', null, root.unique_name ?? sid), state),
    h('p', { class: 'quiet' }, 'Messages are kept nowhere: here are those since this page was opened.'),
    mayWrite() && h('form', { class: 'panel', onsubmit: publish }, data.element, h('div', { class: 'row' },
      h('button', { class: 'main' }, 'Publish'),
      button('Remove the stream', async () => {
        if (!confirm('Remove this stream?')) return;
        await api('DELETE', path);
        notify('Removed.');
      }))),
    h('h2', null, 'Messages'), log,
  ].filter(Boolean);
}
