import { action, button, field, h, table, time } from '../dom.js';
import { account, api, get, mayWrite } from '../session.js';

export async function keys({ again }) {
  const path = `/2010-04-01/Accounts/${account()}/Keys`;
  const { keys: all } = await get(`${path}.json`);
  const name = field('Friendly name', { name: 'friendly', maxLength: 64 });
  const secret = h('div', { role: 'status' });
  const create = action(async () => {
    const { body } = await api('POST', `${path}.json`, { FriendlyName: name.input.value || undefined });
    secret.replaceChildren(h('div', { class: 'panel' }, h('p', null, 'The secret is shown this once:'),
      h('pre', { tabIndex: 0 }, `${body.sid}\n${body.secret}`), button('I have it', again)));
  });
  return [
    h('h1', null, 'API keys'),
    h('p', { class: 'quiet' }, 'A key signs in to the REST API and signs access tokens of clients. Whoever came in by a removed key is out.'),
    table('API keys', ['Name', 'SID', 'Created', 'Change'], all.map((key) => [
      key.friendly_name || '–', h('code', null, key.sid), time(key.date_created),
      mayWrite() ? button('Remove', async () => {
        if (!confirm('Remove this key, and cut off who came in by it?')) return;
        await api('DELETE', `${path}/${key.sid}.json`);
        again();
      }, { 'aria-label': `Remove ${key.friendly_name || key.sid}` }) : '',
    ])),
    secret,
    mayWrite() && h('form', { class: 'row', onsubmit: create }, name.element, h('button', { class: 'main' }, 'Create a key')),
  ].filter(Boolean);
}
