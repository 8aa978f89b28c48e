// Numbers of /metrics, and what they make a second.

const FAMILIES = {
  requests: ['tutti_http_requests_total', 'tutti_session_requests_total'],
  commits: ['tutti_store_commits_total'],
  conflicts: ['tutti_core_conflicts_total'],
  events: ['tutti_events_total'],
  sessions: ['tutti_sessions'],
};
const GAP_MS = 30_000; // longer without a sample: begin anew
const SAMPLES_MAX = 150;

/** Each family's sum over its labels: {requests, commits, conflicts, events, sessions}. */
export function sums(text) {
  const total = new Map();
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || !line) continue;
    const name = line.slice(0, line.search(/[{ ]/));
    total.set(name, (total.get(name) ?? 0) + Number(line.slice(line.lastIndexOf(' ') + 1)));
  }
  const sum = (names) => names.reduce((all, name) => all + (total.get(name) ?? 0), 0);
  return Object.fromEntries(Object.entries(FAMILIES).map(([name, of]) => [name, sum(of)]));
}

/** Samples of the last minutes: [{at, requests, ...}], counters as a rate. */
export class History {
  samples = [];
  #last;

  add(text, at = Date.now()) {
    const now = sums(text);
    const last = this.#last;
    this.#last = { at, now };
    if (!last) return;
    if (at - last.at > GAP_MS) this.samples = [];
    const seconds = (at - last.at) / 1000;
    // A server that began anew counts from 0.
    const rate = (name) => Math.max(0, now[name] - last.now[name]) / seconds;
    const rates = Object.keys(now).map((name) => [
      name,
      name === 'sessions' ? now[name] : rate(name),
    ]);
    this.samples = [...this.samples, { at, ...Object.fromEntries(rates) }].slice(-SAMPLES_MAX);
  }
}
