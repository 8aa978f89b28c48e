import { button, h, notify, time } from '../dom.js';
import { editor } from '../editor.js';
import { api, get, mayWrite, segment } from '../session.js';
import { differences, tree } from '../tree.js';
import { open, pill, poll } from '../watch.js';
import { crumbs } from './objects.js';

const LOG_MAX = 50;

export async function documentPage({ signal }, service, sid) {
  const path = `/v1/Services/${segment(service)}/Documents/${sid}`;
  let current = await get(path);
  const state = h('span');
  const facts = h('dl', { class: 'facts' });
  const data = h('div', { class: 'panel' });
  const log = h('ol', { class: 'log', 'aria-label': 'Changes since this page was opened', tabIndex: 0 });
  const edit = h('div');

  const render = (before) => {
    const rows = { SID: current.sid, Revision: current.revision, Updated: time(current.date_updated), Expires: time(current.date_expires), 'Created by': current.created_by };
    facts.replaceChildren(...Object.entries(rows).flatMap(([name, value]) => [h('dt', null, name), h('dd', null, value)]));
    data.replaceChildren(tree(current.data, before));
  };
  const take = (next, changedBy) => {
    if (next.revision === current.revision && next.date_expires === current.date_expires) return;
    const before = current.data;
    current = { ...current, ...next };
    render(before);
    const paths = differences(before, current.data).map((one) => one.path);
    log.prepend(h('li', null, `${time(current.date_updated)} · revision ${current.revision}${changedBy ? ` · ${changedBy}` : ''} · `, h('code', null, paths.join(', ') || 'nothing but dates')));
    while (log.children.length > LOG_MAX) log.lastChild.remove();
  };
  const gone = () => {
    pill(state, 'gone');
    edit.replaceChildren(h('p', { class: 'bad' }, 'The document has been removed.'));
  };
  const target = {
    read: () => get(path),
    write: async (value, revision) => {
      const { body } = await api('POST', path, { Data: JSON.stringify(value) }, { 'If-Match': revision });
      take(body, 'this page');
    },
    done: () => edit.replaceChildren(...tools()),
  };
  const tools = () => (mayWrite() ? [h('div', { class: 'row' },
    button('Edit', () => {
      edit.replaceChildren(editor(target, current));
      edit.querySelector('textarea').focus();
    }, { class: 'main' }),
    button('Remove', async () => {
      if (!confirm('Remove this document?')) return;
      await api('DELETE', path);
      notify('Removed.');
    }))] : []);

  render();
  target.done();
  pill(state, 'waiting');
  follow({ service, sid, path, signal, state, take, gone });
  return [
    crumbs(service, 'documents', current.unique_name ?? sid),
    h('div', { class: 'row' }, h('h1', null, current.unique_name ?? sid), state),
    facts, data, edit,
    h('p', null, h('a', { href: `#/services/${service}/documents/${sid}/permissions` }, 'Permissions')),
    h('h2', null, 'Changes'), log,
  ];
}

async function follow({ service, sid, path, signal, state, take, gone }) {
  const doc = await open('document', service, sid, signal).catch(() => null);
  if (signal.aborted) return;
  if (!doc) {
    pill(state, 'polling');
    poll(path, signal, take, gone);
    return;
  }
  const heard = (event) => take({ data: doc.data, revision: doc.revision, date_updated: doc.dateUpdated, date_expires: doc.dateExpires }, event?.changedBy);
  doc.on('updated', heard).on('removed', gone);
  doc.on('failure', () => {
    pill(state, 'polling');
    poll(path, signal, take, gone);
  });
  heard();
  const watch = setInterval(() => pill(state, doc.live ? 'live' : 'waiting'), 300);
  doc.on('removed', () => clearInterval(watch)).on('failure', () => clearInterval(watch));
  signal.addEventListener('abort', () => clearInterval(watch));
}
