import { action, field, h } from '../dom.js';
import { signIn } from '../session.js';

export function signInPage(done) {
  const user = field('Account SID, or API key SID', { name: 'user', required: true, autocomplete: 'username' });
  const secret = field('Auth token, or the key’s secret', {
    name: 'secret', type: 'password', required: true, autocomplete: 'current-password',
  });
  const wrong = h('p', { class: 'bad', role: 'alert' });
  const submit = action(async () => {
    wrong.textContent = '';
    try {
      await signIn(user.input.value.trim(), secret.input.value.trim());
      done();
    } catch (error) {
      wrong.textContent = error.status === 401 ? 'The server does not know these credentials.' : error.message;
    }
  });
  return h('form', { class: 'panel signin', onsubmit: submit },
    h('h1', null, 'Sign in'),
    h('p', { class: 'quiet' }, 'With what the server printed at its start, or an API key. This tab remembers it until it is closed.'),
    h('div', { class: 'row' }, user.element), h('div', { class: 'row' }, secret.element), wrong,
    h('button', { class: 'main' }, 'Sign in'));
}
