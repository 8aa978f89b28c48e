// Light or dark: as the system has it, until somebody says otherwise here (early.js reads that).

import { h } from './dom.js';

const NEXT = { system: 'light', light: 'dark', dark: 'system' };
const SIGNS = { system: '◐', light: '☀', dark: '☾' };

const chosen = () => document.documentElement.dataset.theme ?? 'system';

function choose(theme) {
  if (theme === 'system') {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem('tutti-theme');
  } else {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem('tutti-theme', theme);
  }
}

export function themeSwitch() {
  const sign = h('span', { 'aria-hidden': 'true' });
  const name = h('span');
  const button = h('button', { type: 'button', class: 'quiet', onclick: next }, sign, name);
  function show() {
    sign.textContent = SIGNS[chosen()];
    name.textContent = `Colours: ${chosen()}`;
  }
  function next() {
    choose(NEXT[chosen()]);
    show();
  }
  show();
  return button;
}
