// The small pieces that all pages are made of.

import { h, newId, svg } from './dom.js';

const toasts = () => document.getElementById('toasts');
const TOAST_MS = 5000;

/** A line that comes, is read out, and goes. */
export function toast(text, kind = 'good') {
  const line = h('p', { class: `toast ${kind}` }, text);
  toasts().append(line);
  setTimeout(() => line.remove(), TOAST_MS);
}

/** What went wrong, for people. */
export function sentence(error) {
  return error.code ? `${error.message} (${error.code})` : error.message;
}

export function complaint(error) {
  return h('p', { class: 'complaint', role: 'alert' }, sentence(error));
}

/** A button; while what it does is under way it cannot be pressed again. */
export function button(label, run, { kind = '', ...attributes } = {}) {
  const element = h('button', { type: 'button', class: kind, ...attributes }, label);
  element.addEventListener('click', async () => {
    element.setAttribute('aria-busy', 'true');
    element.disabled = true;
    try {
      await run();
    } catch (error) {
      toast(sentence(error), 'bad');
    } finally {
      element.disabled = false;
      element.removeAttribute('aria-busy');
    }
  });
  return element;
}

/** A labelled control; `hint` is read with it. */
export function field(label, control, hint) {
  control.id ||= newId('field');
  const note = hint && h('span', { class: 'hint', id: newId('hint') }, hint);
  if (note) control.setAttribute('aria-describedby', note.id);
  if (control.type === 'checkbox')
    return h(
      'div',
      { class: 'field check' },
      control,
      h('label', { for: control.id }, label),
      note,
    );
  return h('div', { class: 'field' }, h('label', { for: control.id }, label), control, note);
}

export const input = (name, attributes) =>
  h('input', { type: 'text', name, autocomplete: 'off', spellcheck: 'false', ...attributes });

export const area = (name, attributes) =>
  h('textarea', { name, rows: 8, spellcheck: 'false', class: 'code', ...attributes });

const copySign = () =>
  svg(
    'svg',
    { viewBox: '0 0 16 16', width: 14, height: 14, 'aria-hidden': 'true', class: 'sign' },
    svg('rect', { x: 5.5, y: 5.5, width: 8, height: 8, rx: 1.5 }),
    svg('path', { d: 'M10.5 2.5h-6a2 2 0 0 0-2 2v6' }),
  );

/** A button that copies what `text()` is. */
export function copyButton(text, label) {
  const copy = h('button', { type: 'button', class: 'copy', 'aria-label': label }, copySign());
  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text());
      toast('Copied');
    } catch {
      toast('The browser does not let us copy; select the text instead', 'bad');
    }
  });
  return copy;
}

/** Text with a button that copies it. */
export function copyable(text, label = `Copy ${text}`) {
  return h(
    'span',
    { class: 'copyable' },
    h('code', null, text),
    copyButton(() => text, label),
  );
}

export const badge = (text, kind = '') => h('span', { class: `badge ${kind}` }, text);

export function empty(text, ...more) {
  return h('div', { class: 'empty' }, h('p', null, text), more);
}

/** Where we are: [[text, href]...], the last one without an address. */
export function trail(...steps) {
  const items = steps.map(([text, href]) =>
    h('li', null, href ? h('a', { href }, text) : h('span', { 'aria-current': 'page' }, text)),
  );
  return h('nav', { class: 'trail', 'aria-label': 'Breadcrumb' }, h('ol', null, items));
}

/** The head of a page: the one h1, something beside it, and buttons. */
export function heading(title, { beside, actions } = {}) {
  return h(
    'header',
    { class: 'heading' },
    h('div', { class: 'title' }, h('h1', { tabindex: '-1' }, title), beside),
    actions && h('div', { class: 'actions' }, actions),
  );
}

export function tabs(label, list, current) {
  const link = ([text, href]) =>
    h('a', { href, 'aria-current': text === current ? 'page' : null }, text);
  return h('nav', { class: 'tabs', 'aria-label': label }, list.map(link));
}

/** Facts: [[name, what]...]. */
export function facts(list) {
  const shown = list.filter(([, what]) => what !== undefined && what !== null);
  return h(
    'dl',
    { class: 'facts' },
    shown.map(([name, what]) => h('div', null, h('dt', null, name), h('dd', null, what))),
  );
}

/**
 * A table that becomes cards where there is little room. `columns`: names; "" for buttons. Roles
 * are said, for styles that change `display` take them away.
 */
export function table(caption, columns, rows) {
  const head = columns.map((name) =>
    h(
      'th',
      { role: 'columnheader', scope: 'col' },
      name || h('span', { class: 'hidden' }, 'Actions'),
    ),
  );
  return h(
    'table',
    { role: 'table' },
    h('caption', { class: 'hidden' }, caption),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, head)),
    h('tbody', { role: 'rowgroup' }, rows),
  );
}

export function row(columns, cells, attributes) {
  const cell = (content, i) =>
    h(
      'td',
      { role: 'cell', 'data-label': columns[i], class: columns[i] ? '' : 'buttons' },
      content,
    );
  return h('tr', { role: 'row', ...attributes }, cells.map(cell));
}

/** Buttons to the pages before and after; none when there is one page. */
export function pager(previous, next, show) {
  if (!previous && !next) return h('div', { class: 'pager' });
  const turn = (label, target) =>
    button(label, () => show(target), { disabled: !target, class: 'turn' });
  return h(
    'nav',
    { class: 'pager', 'aria-label': 'Pages' },
    turn('← Previous', previous),
    turn('Next →', next),
  );
}
