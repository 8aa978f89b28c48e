// Access tokens: make one, and read what one says.

import { get } from '../api.js';
import { h } from '../dom.js';
import { mint } from '../live.js';
import { serviceName } from '../objects.js';
import { area, badge, complaint, copyButton, facts, field, heading, input } from '../parts.js';
import { canEdit } from '../session.js';
import { when } from '../time.js';
import { tree } from '../tree.js';

function part(text) {
  const bytes = Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) =>
    c.charCodeAt(0),
  );
  return JSON.parse(new TextDecoder().decode(bytes));
}

// {header, claims}, or an Error that says it is no token.
function decode(token) {
  try {
    const [header, claims] = token.trim().split('.', 2).map(part);
    return { header, claims };
  } catch (cause) {
    throw new Error('This is no JSON Web Token', { cause });
  }
}

const date = (seconds) => (seconds ? new Date(seconds * 1000).toISOString() : undefined);

/** What a token says of itself; nobody has checked its signature here. */
function claimsCard(token) {
  const { header, claims } = decode(token);
  const over = claims.exp * 1000 < Date.now();
  return [
    facts([
      ['Identity', claims.grants?.identity],
      ['Service', claims.grants?.data_sync?.service_sid],
      ['Made with', claims.iss],
      ['Account', claims.sub],
      ['Ends', h('span', null, when(date(claims.exp)), ' ', over && badge('over', 'bad'))],
    ]),
    h('div', { class: 'sides' }, [
      h('section', null, h('h3', null, 'Header'), tree(header, 'Header').element),
      h('section', null, h('h3', null, 'Claims'), tree(claims, 'Claims').element),
    ]),
  ];
}

function maker(services, onToken) {
  const fixed = !canEdit(); // read-only: for looking, no more
  const identity = input('identity', {
    required: true,
    maxlength: 256,
    value: fixed ? 'console' : '',
    readonly: fixed,
  });
  const service = h(
    'select',
    { name: 'service' },
    services.map((one) => h('option', { value: one.sid }, serviceName(one))),
  );
  const ttl = input('ttl', { type: 'number', min: 1, max: fixed ? 3600 : 86_400, value: 3600 });
  const trouble = h('div');
  const form = h(
    'form',
    { class: 'card' },
    h('h2', null, 'Make one'),
    field('Identity', identity, fixed ? 'Read-only: for the console alone.' : 'Who the client is.'),
    field('Service', service),
    field('Seconds it lasts', ttl, `At most ${ttl.max}.`),
    trouble,
    h('button', { type: 'submit', class: 'primary' }, 'Make token'),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      trouble.replaceChildren();
      onToken((await mint(service.value, identity.value, ttl.value)).token);
    } catch (error) {
      trouble.replaceChildren(complaint(error));
    }
  });
  return form;
}

export async function tokensPage({ signal }) {
  const { services } = await get('/v1/Services?PageSize=100', { signal });
  const made = h('p', { role: 'status', class: 'hint' });
  const said = h('div', { class: 'said' });
  const text = area('token', { rows: 4, placeholder: 'eyJ…' });

  function read() {
    try {
      said.replaceChildren(...(text.value.trim() ? claimsCard(text.value) : []));
    } catch (error) {
      said.replaceChildren(complaint(error));
    }
  }

  text.addEventListener('input', read);
  const onToken = (token) => {
    made.replaceChildren(
      'Made. ',
      copyButton(() => token, 'Copy token'),
    );
    text.value = token;
    read();
  };
  return {
    title: 'Tokens',
    content: [
      heading('Access tokens'),
      maker(services, onToken),
      h(
        'section',
        { class: 'card' },
        h('h2', null, 'Read one'),
        field('Token', text, 'It stays in this page. Its signature is not checked here.'),
        made,
        said,
      ),
    ],
  };
}
