// Times, as people say them. What is shown is kept right while it is looked at.

import { h } from './dom.js';

const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];
const NEAR_S = 10;
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const absolute = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });

export function ago(date, now = Date.now()) {
  const seconds = Math.round((date - now) / 1000);
  if (Math.abs(seconds) < NEAR_S) return seconds > 0 ? 'in a few seconds' : 'just now';
  for (const [unit, length] of UNITS)
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  return relative.format(seconds, 'second');
}

export const exactly = (date) => absolute.format(date);

/** "3 minutes ago"; the exact time when one points at it. `otherwise` when there is no date. */
export function when(text, otherwise = '–') {
  if (!text) return otherwise;
  const date = new Date(text);
  return h('time', { datetime: date.toISOString(), title: exactly(date) }, ago(date));
}

setInterval(() => {
  for (const element of document.querySelectorAll('time[datetime]'))
    element.textContent = ago(new Date(element.dateTime));
}, 5000);
