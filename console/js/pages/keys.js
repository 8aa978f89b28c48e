// API keys: whoever has one may do what the account may, but for managing keys.

import { credentials, get, neighbour, path, post, remove, withQuery } from '../api.js';
import { ask, confirm } from '../dialogs.js';
import { h } from '../dom.js';
import { button, copyable, empty, field, heading, input, pager, row, table } from '../parts.js';
import { canEdit, isKey } from '../session.js';
import { when } from '../time.js';

const COLUMNS = ['Name', 'SID', 'Created'];

function secretCard(key) {
  return h(
    'section',
    { class: 'card secret', role: 'status', 'aria-label': 'The new key' },
    h('h2', null, `Key ${key.friendly_name || key.sid}`),
    h('p', null, 'This is its secret. It is shown now and never again: copy it.'),
    h('p', null, 'SID ', copyable(key.sid)),
    h('p', null, 'Secret ', copyable(key.secret, 'Copy secret')),
  );
}

// Keys come with dates as in e-mail.
const dateOf = (text) => (text ? new Date(text).toISOString() : undefined);

const forTheAccount = () => ({
  title: 'API keys',
  content: [
    heading('API keys'),
    empty('You are signed in with an API key. Sign in with the account to see and manage keys.'),
  ],
});

export async function keysPage({ signal }) {
  if (isKey()) return forTheAccount();
  const here = path('2010-04-01', 'Accounts', credentials().user, 'Keys');
  const fresh = h('div');
  const place = h('div');

  function take(key) {
    const text = `No request with ${key.friendly_name || key.sid} succeeds any more, and no token made with it.`;
    return confirm('Delete this key?', text, {
      submit: 'Delete',
      run: async () => {
        await remove(`${here}/${key.sid}`);
        fresh.replaceChildren();
        await show();
      },
    });
  }

  function keyRow(key) {
    const cells = [
      key.friendly_name || '(no name)',
      h('code', { class: 'sid' }, key.sid),
      when(dateOf(key.date_created)),
    ];
    const label = { 'aria-label': `Delete ${key.friendly_name || key.sid}` };
    return canEdit()
      ? row([...COLUMNS, ''], [...cells, button('Delete', () => take(key), label)])
      : row(COLUMNS, cells);
  }

  async function show(target = withQuery(here, { PageSize: 50 })) {
    const page = await get(target, { signal });
    const columns = canEdit() ? [...COLUMNS, ''] : COLUMNS;
    place.replaceChildren(
      page.keys.length
        ? table('API keys', columns, page.keys.map(keyRow))
        : empty('There are no keys.'),
      pager(neighbourHere(page.previous_page_uri), neighbourHere(page.next_page_uri), show),
    );
  }

  // These addresses come without a host.
  const neighbourHere = (uri) => uri && neighbour(here, new URL(uri, location.origin));

  const create = () =>
    ask('New API key', {
      fields: field('Name', input('name', { maxlength: 64 }), 'For people, to tell them apart.'),
      submit: 'Create key',
      run: async ({ name }) => {
        fresh.replaceChildren(secretCard(await post(here, { FriendlyName: name || undefined })));
        await show();
      },
    });

  await show();
  const actions = canEdit() ? button('New key', create, { kind: 'primary' }) : null;
  return { title: 'API keys', content: [heading('API keys', { actions }), fresh, place] };
}
