// A page in React, in its strict mode, for test/react.test.js.

import { StrictMode, createElement as h, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { SyncClient } from '../../src/index.js';
import { useDocument, useList, useMap } from '../../src/react.js';

function Counter({ client }) {
  const { status, data, error, mutate } = useDocument(client, 'counter', { data: { n: 0 } });
  const more = () => mutate(({ n }) => ({ n: n + 1 }));
  return h(
    'p',
    null,
    h('output', { id: 'counter' }, `${status} ${data?.n ?? error?.message ?? ''}`),
    h('button', { id: 'more', onClick: more }, 'more'),
  );
}

function Moves({ client }) {
  const { status, items, push, remove } = useList(client, 'moves');
  return h(
    'p',
    null,
    h(
      'output',
      { id: 'moves' },
      `${status} ${items.map(({ index, data }) => `${index ?? 'new'}:${data.move}`).join(' ')}`,
    ),
    h('button', { id: 'push', onClick: () => push({ move: 'e4' }) }, 'push'),
    h('button', { id: 'remove', onClick: () => remove(0) }, 'remove'),
  );
}

function Players({ client }) {
  const { status, items } = useMap(client, 'players');
  return h(
    'output',
    { id: 'players' },
    `${status} ${items.map(({ key, data }) => `${key}=${data.score}`).join(' ')}`,
  );
}

function Missing({ client }) {
  const { status, error } = useDocument(client, 'missing', { mode: 'open_existing' });
  return h('output', { id: 'missing' }, `${status} ${error?.code ?? ''}`);
}

function App({ client }) {
  const [shown, setShown] = useState(true);
  return h(
    'div',
    null,
    h('button', { id: 'hide', onClick: () => setShown(!shown) }, 'hide'),
    shown && [Counter, Moves, Players, Missing].map((part) => h(part, { key: part.name, client })),
  );
}

window.start = (url, token, options) => {
  const client = new SyncClient(async () => token, { url, ...options });
  window.root = createRoot(document.getElementById('root'));
  window.root.render(h(StrictMode, null, h(App, { client })));
};
