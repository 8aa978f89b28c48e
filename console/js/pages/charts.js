// What /metrics counts, as curves of the last minutes.

import { h, s } from '../dom.js';
import { get } from '../session.js';

const PAUSE_MS = 2000;
const SAMPLES_MAX = 150;

const CHARTS = [
  { title: 'Requests a second', names: ['tutti_http_requests_total', 'tutti_session_requests_total'], rate: true },
  { title: 'Commands of the core a second', names: ['tutti_core_commands_total'], rate: true },
  { title: 'Conflicts a second', names: ['tutti_core_conflicts_total'], rate: true },
  { title: 'Events to clients a second', names: ['tutti_events_total'], rate: true },
  { title: 'Clients', names: ['tutti_sessions'] },
  { title: 'Subscriptions', names: ['tutti_subscriptions'] },
];

/** Prometheus text: name -> sum over all its labels. */
export function sums(text) {
  const found = new Map();
  for (const [, name, value] of text.matchAll(/^(\w+)(?:\{[^\n]*\})? (\S+)$/gm))
    found.set(name, (found.get(name) ?? 0) + Number(value));
  return found;
}

function draw(chart) {
  const { samples } = chart;
  const peak = Math.max(0, ...samples);
  const most = peak || 1;
  const points = samples.map((value, i) => `${(100 * i) / (SAMPLES_MAX - 1)},${38 - (36 * value) / most}`);
  const last = samples.at(-1) ?? 0;
  const shown = last >= 100 ? Math.round(last).toLocaleString() : last.toFixed(chart.rate ? 1 : 0);
  chart.element.replaceChildren(
    h('h2', null, chart.title), h('p', { class: 'value' }, shown),
    s('svg', { viewBox: '0 0 100 40', preserveAspectRatio: 'none', role: 'img', 'aria-label': `${chart.title}: now ${shown}, at most ${peak.toFixed(1)}` },
      points.length > 1 && s('polygon', { class: 'area', points: `0,40 ${points.join(' ')} ${(100 * (points.length - 1)) / (SAMPLES_MAX - 1)},40` }),
      s('polyline', { class: 'line', points: points.join(' ') })),
    h('p', { class: 'quiet' }, `at most ${Math.round(peak).toLocaleString()} in the last 5 minutes`));
}

export async function charts({ signal }) {
  const all = CHARTS.map((chart) => ({ ...chart, samples: [], element: h('section', { class: 'panel chart' }) }));
  let before = null;
  const sample = async () => {
    const now = performance.now();
    const values = sums(await get('/metrics'));
    const seconds = before && (now - before.now) / 1000;
    for (const chart of all) {
      const total = (from) => chart.names.reduce((sum, name) => sum + (from.get(name) ?? 0), 0);
      if (chart.rate && !before) continue;
      chart.samples.push(chart.rate ? (total(values) - total(before.values)) / seconds : total(values));
      chart.samples = chart.samples.slice(-SAMPLES_MAX);
    }
    before = { now, values };
    all.forEach(draw);
  };
  await sample();
  const timer = setInterval(() => sample().catch(() => {}), PAUSE_MS);
  signal.addEventListener('abort', () => clearInterval(timer));
  return [h('h1', null, 'Charts'), h('div', { class: 'charts' }, all.map(({ element }) => element))];
}
