// A JSON value as a tree that shows what has changed.

import { h } from './dom.js';

const SHOWN_MAX = 2000; // values; more are counted

/** Paths that differ: [{path, before, after}]; undefined where there is nothing. */
export function differences(before, after, path = '') {
  if (Object.is(before, after)) return [];
  const both = [before, after].every((value) => typeof value === 'object' && value !== null);
  if (!both || Array.isArray(before) !== Array.isArray(after)) return [{ path: path || '/', before, after }];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => differences(before[key], after[key], `${path}/${key}`));
}

/** The element of `value`; what differs from `before` is marked for a moment. */
export function tree(value, before = value) {
  const changed = new Set(differences(before, value).map(({ path }) => path));
  const budget = { left: SHOWN_MAX };
  const element = h('div', { class: 'tree' }, h('ul', null, branch(null, value, '', changed, budget)));
  setTimeout(() => element.querySelectorAll('.changed').forEach((one) => one.classList.remove('changed')), 1500);
  return element;
}

function branch(key, value, path, changed, budget) {
  if (--budget.left < 0) return [];
  const label = key === null ? null : [h('span', { class: 'key' }, key), ': '];
  const mark = changed.has(path || '/') ? 'changed' : '';
  if (typeof value !== 'object' || value === null) {
    const kind = value === null ? 'null' : typeof value;
    return h('li', null, label, h('span', { class: `${kind} ${mark}` }, JSON.stringify(value)));
  }
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const entries = Object.entries(value);
  if (!entries.length) return h('li', null, label, h('span', { class: mark }, open + close));
  const shown = entries.map(([name, one]) => branch(name, one, `${path}/${name}`, changed, budget)).flat();
  const hidden = budget.left < 0 && h('li', { class: 'quiet' }, '… more than is shown');
  return h('li', null, label, h('span', { class: mark }, open), h('ul', null, shown, hidden), close);
}

export const brief = (value, max = 160) => {
  const text = JSON.stringify(value) ?? '–';
  return text.length > max ? `${text.slice(0, max)} …` : text;
};
