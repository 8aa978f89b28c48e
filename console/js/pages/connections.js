// Who is connected now.

import { get } from '../api.js';
import { every, h } from '../dom.js';
import { badge, empty, heading, row, sentence, table } from '../parts.js';
import { to } from '../router.js';
import { when } from '../time.js';

const ASK_MS = 2000;
const COLUMNS = ['Identity', 'Service', 'SDK', 'Address', 'Since', 'Subscriptions', 'Queued'];

function connectionRow(one) {
  const { sdk, sdk_version: version } = one;
  return row(COLUMNS, [
    h('strong', null, one.identity),
    h(
      'a',
      { href: to('services', one.service_sid, 'documents') },
      h('code', null, one.service_sid),
    ),
    sdk ? `${sdk} ${version ?? ''}` : '–',
    h('code', null, one.address),
    when(one.since),
    String(one.subscriptions),
    `${one.queued_bytes} B`,
  ]);
}

export async function connectionsPage({ signal }) {
  const count = badge('');
  const place = h('div');
  const filter = h('input', {
    type: 'search',
    'aria-label': 'Filter by identity, address or SDK',
    placeholder: 'Identity, address or SDK',
    autocomplete: 'off',
  });
  let last = { connections: [], truncated: false };

  function show() {
    const text = filter.value.trim().toLowerCase();
    const fits = (one) =>
      [one.identity, one.address, one.sdk].some((part) => part?.toLowerCase().includes(text));
    const shown = last.connections.filter((one) => !text || fits(one));
    count.textContent = `${last.connections.length}${last.truncated ? ' and more' : ''}`;
    place.replaceChildren(
      shown.length
        ? table('Connections', COLUMNS, shown.map(connectionRow))
        : empty(text ? 'Nobody like this is connected.' : 'Nobody is connected.'),
    );
  }

  filter.addEventListener('input', show);
  every(
    ASK_MS,
    async () => {
      try {
        last = await get('/console/connections', { signal });
        show();
      } catch (error) {
        if (!signal.aborted) place.replaceChildren(empty(sentence(error)));
      }
    },
    signal,
  );
  return {
    title: 'Connections',
    content: [
      heading('Connections', { beside: count }),
      h('div', { class: 'search' }, filter),
      place,
    ],
  };
}
