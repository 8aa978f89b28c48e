// What the server does, over the last minutes.

import { getText } from '../api.js';
import { every, h, svg } from '../dom.js';
import { History } from '../metrics.js';
import { badge, heading } from '../parts.js';

const SAMPLE_MS = 2000;
const SPAN_MIN_MS = 60_000; // while there is little to show
const WIDTH = 600;
const HEIGHT = 120;
const TOP = 8;

const CHARTS = [
  ['requests', 'Requests', 'a second'],
  ['commits', 'Commits', 'a second'],
  ['conflicts', 'Conflicts', 'a second'],
  ['events', 'Events', 'a second'],
  ['sessions', 'Sessions', 'connected'],
];

const history = new History(); // goes on from visit to visit

const round = (value) => (value >= 100 ? Math.round(value) : Math.round(value * 10) / 10);
const number = (value) => round(value).toLocaleString('en');

// The next of 1, 2, 5, 10, 20, ... that is not below.
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value);
}

class Chart {
  constructor([name, title, unit]) {
    Object.assign(this, { name, title, unit });
    this.now = h('strong');
    this.most = h('span', { class: 'most' });
    this.area = svg('path', { class: 'area' });
    this.line = svg('path', { class: 'line' });
    this.mark = svg('line', { class: 'mark', y1: 0, y2: HEIGHT });
    this.picture = svg(
      'svg',
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        preserveAspectRatio: 'none',
        role: 'img',
        'aria-label': title,
      },
      [0, 0.5, 1].map((part) => {
        const y = TOP + (HEIGHT - TOP) * part;
        return svg('line', { class: 'rule', x1: 0, x2: WIDTH, y1: y, y2: y });
      }),
      this.area,
      this.line,
      this.mark,
    );
    this.told = h('p', { class: 'told' });
    const head = h('h2', null, title);
    const value = h('p', { class: 'now' }, this.now, ` ${unit}`);
    this.element = h(
      'section',
      { class: 'card chart' },
      head,
      value,
      this.most,
      this.picture,
      this.told,
    );
    this.picture.addEventListener('pointermove', (event) => this.point(event));
    this.picture.addEventListener('pointerleave', () => this.point(undefined));
  }

  x({ at }) {
    return WIDTH - ((this.end - at) / this.span) * WIDTH;
  }

  show(samples) {
    this.samples = samples;
    if (!samples.length) return;
    const values = samples.map((sample) => sample[this.name]);
    const top = ceiling(Math.max(...values));
    const y = (value) => HEIGHT - (value / top) * (HEIGHT - TOP);
    this.end = samples.at(-1).at;
    this.span = Math.max(SPAN_MIN_MS, this.end - samples[0].at);
    const points = samples.map(
      (one) => `${this.x(one).toFixed(1)},${y(one[this.name]).toFixed(1)}`,
    );
    this.line.setAttribute('d', `M${points.join('L')}`);
    const first = this.x(samples[0]).toFixed(1);
    this.area.setAttribute('d', `M${first},${HEIGHT}L${points.join('L')}L${WIDTH},${HEIGHT}Z`);
    const now = number(values.at(-1));
    const most = number(Math.max(...values));
    this.now.textContent = now;
    this.most.textContent = number(top);
    this.picture.setAttribute(
      'aria-label',
      `${this.title}: ${now} ${this.unit} now, at most ${most} in the last minutes`,
    );
    if (!this.pointed) this.told.textContent = `at most ${most} in the last 5 minutes`;
  }

  // What there was under the pointer.
  point(event) {
    this.pointed = event !== undefined && this.samples?.length > 0;
    this.mark.classList.toggle('shown', this.pointed);
    if (!this.pointed) {
      if (this.samples) this.show(this.samples);
      return;
    }
    const box = this.picture.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * WIDTH;
    const distance = (sample) => Math.abs(this.x(sample) - x);
    const nearest = this.samples.reduce((a, b) => (distance(a) <= distance(b) ? a : b));
    this.mark.setAttribute('x1', this.x(nearest));
    this.mark.setAttribute('x2', this.x(nearest));
    const time = new Date(nearest.at).toLocaleTimeString('en');
    this.told.textContent = `${number(nearest[this.name])} ${this.unit} at ${time}`;
  }
}

export async function chartsPage({ signal }) {
  const charts = CHARTS.map((names) => new Chart(names));
  const state = badge('', 'live');
  every(
    SAMPLE_MS,
    async () => {
      try {
        history.add(await getText('/metrics', { signal }));
        state.textContent = 'Every 2 s';
        state.className = 'badge live good';
      } catch {
        state.textContent = 'No answer';
        state.className = 'badge live bad';
      }
      for (const chart of charts) chart.show(history.samples);
    },
    signal,
  );
  return {
    title: 'Charts',
    content: [
      heading('Charts', { beside: state }),
      h(
        'div',
        { class: 'charts' },
        charts.map(({ element }) => element),
      ),
    ],
  };
}
