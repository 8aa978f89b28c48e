// Signing in.

import { h } from '../dom.js';
import { button, complaint, field, input } from '../parts.js';
import { server, signIn, signInLocally } from '../session.js';

/** `done` is called once somebody is signed in. */
export function signInPage(done) {
  const trouble = h('div');
  const user = input('user', { required: true, autocomplete: 'username', placeholder: 'AC…' });
  const secret = input('secret', {
    type: 'password',
    required: true,
    autocomplete: 'current-password',
  });
  const submit = h('button', { type: 'submit', class: 'primary' }, 'Sign in');
  const form = h(
    'form',
    { class: 'card signin' },
    h('img', { src: '/console/icon.svg', alt: '', width: 40, height: 40 }),
    h('h1', { tabindex: -1 }, 'Sign in to Tutti'),
    h('p', { class: 'hint' }, 'With the account, or with an API key. They stay in this tab.'),
    field('Account SID or API key', user),
    field('Auth token or secret', secret),
    trouble,
    submit,
    server().development &&
      button('Use this machine’s account', () => signInLocally().then(done), { kind: 'wide' }),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      await signIn(user.value.trim(), secret.value.trim());
      done();
    } catch (error) {
      const wrong = error.status === 401 && 'These are not the credentials of this server.';
      trouble.replaceChildren(complaint(wrong ? new Error(wrong) : error));
      secret.select();
    } finally {
      submit.disabled = false;
    }
  });
  return h('main', { class: 'alone', id: 'main' }, form);
}
