// Questions: a form in a dialog, and "are you sure?".

import { h, newId } from './dom.js';
import { complaint } from './parts.js';

/** Show `build(close)` as a dialog; resolves with what `close` is given, undefined on Escape. */
export function open(title, build, { wide } = {}) {
  return new Promise((resolve) => {
    const id = newId('dialog');
    let result;
    const dialog = h('dialog', { 'aria-labelledby': id, class: wide ? 'wide' : '' });
    const close = (value) => {
      result = value;
      dialog.close();
    };
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(result);
    });
    window.addEventListener('hashchange', () => dialog.close(), { once: true });
    dialog.append(h('h2', { id }, title), ...[build(close)].flat());
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * A form in a dialog. `run(values)` does what is asked; its errors are shown, and the dialog stays.
 * Resolves with what `run` resolved with, undefined when it was left.
 */
export function ask(title, { fields, submit, run, danger = false, wide = false }) {
  return open(
    title,
    (close) => {
      const trouble = h('div');
      const go = h('button', { type: 'submit', class: danger ? 'danger' : 'primary' }, submit);
      const leave = h('button', { type: 'button', onclick: () => close() }, 'Cancel');
      const form = h('form', null, fields, trouble, h('div', { class: 'choices' }, leave, go));
      form.addEventListener('submit', async (event) => {
        event.preventDefault();
        go.disabled = true;
        try {
          const values = Object.fromEntries(new FormData(form));
          close((await run(values)) ?? true);
        } catch (error) {
          trouble.replaceChildren(complaint(error));
        } finally {
          go.disabled = false;
        }
      });
      return form;
    },
    { wide },
  );
}

export function confirm(title, text, { submit = 'Remove', run }) {
  return ask(title, { fields: h('p', null, text), submit, run, danger: true });
}
