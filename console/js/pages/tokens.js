import { action, button, field, h, notify, time } from '../dom.js';
import { about, get, mint } from '../session.js';

const part = (text) => {
  const bytes = Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (one) => one.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
};

function claims(token) {
  const [header, payload] = token.split('.').slice(0, 2).map(part);
  return [
    h('h2', null, 'Claims'), h('pre', { tabIndex: 0 }, JSON.stringify({ header, payload }, null, 2)),
    h('p', null, `For ${payload.grants?.identity ?? 'nobody'}, until ${time(payload.exp * 1000)}.`),
  ];
}

export async function tokens() {
  const { services } = await get('/v1/Services?PageSize=100');
  const identity = field('Identity', { name: 'identity', required: true, maxLength: 256, value: about.read_only ? 'console' : 'alice', readOnly: about.read_only });
  const service = field('Service', { name: 'service' }, 'select', services.map((one) =>
    h('option', { value: one.sid }, one.unique_name || one.friendly_name || one.sid)));
  const ttl = field('Lives for, seconds', { name: 'ttl', type: 'number', min: 1, max: about.read_only ? 3600 : 86400, value: '3600' });
  const made = h('div', { role: 'status' });
  const show = (token) => made.replaceChildren(
    h('h2', null, 'Token'), h('pre', { tabIndex: 0 }, token),
    button('Copy', async () => {
      await navigator.clipboard.writeText(token);
      notify('Copied.');
    }), ...claims(token));
  const make = action(async () => show((await mint(identity.input.value, service.input.value, ttl.input.value)).token));
  const pasted = field('Or look into one: paste it here', { name: 'pasted' });
  const look = action(async () => {
    try {
      made.replaceChildren(...claims(pasted.input.value.trim()));
    } catch {
      throw new Error('That is no access token.');
    }
  });
  return [
    h('h1', null, 'Access tokens'),
    h('p', { class: 'quiet' }, 'What a client shows when it connects. Nothing is kept of it here.'),
    h('form', { class: 'row', onsubmit: make }, identity.element, service.element, ttl.element, h('button', { class: 'main' }, 'Make a token')),
    h('form', { class: 'row', onsubmit: look }, pasted.element, h('button', null, 'Look')),
    made,
  ];
}
