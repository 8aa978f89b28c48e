'use strict';
// The Prometheus text format, read strictly: every sample belongs to a family with a type and
// a help text, and histograms add up.

const assert = require('node:assert/strict');

const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]?Inf|[+-]?[0-9.]+(?:e[+-]?\d+)?)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(?:,|$)/gy;

function parseLabels(text = '') {
  const labels = {};
  let end = 0;
  for (const match of text.matchAll(LABEL)) {
    assert.ok(!(match[1] in labels), `label ${match[1]} twice`);
    labels[match[1]] = match[2];
    end = match.index + match[0].length;
  }
  assert.equal(end, text.length, `labels {${text}}`);
  return labels;
}

const familyOf = (families, name) =>
  families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));

// Map of family name → {type, help, samples: [{name, labels, value}]}.
function parse(text) {
  assert.ok(text.endsWith('\n'), 'the last line ends');
  const families = new Map();
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, keyword, name, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword) {
      if (!families.has(name)) families.set(name, { samples: [] });
      const key = keyword.toLowerCase();
      assert.ok(!(key in families.get(name)), `${keyword} of ${name} twice`);
      families.get(name)[key] = rest;
      continue;
    }
    const [, sample, labels, value] = SAMPLE.exec(line) ?? assert.fail(`not a sample: ${line}`);
    const family = familyOf(families, sample) ?? assert.fail(`${sample} belongs to no family`);
    family.samples.push({ name: sample, labels: parseLabels(labels), value: Number(value) });
  }
  for (const [name, family] of families) checkFamily(name, family);
  return families;
}

function checkFamily(name, family) {
  assert.ok(['counter', 'gauge', 'histogram'].includes(family.type), `${name}: ${family.type}`);
  assert.ok(family.help.length > 3, `${name} has a help text`);
  const keys = family.samples.map((sample) => sample.name + JSON.stringify(sample.labels));
  assert.equal(new Set(keys).size, keys.length, `${name}: a sample twice`);
  if (family.type === 'histogram') checkHistogram(name, family.samples);
  if (family.type === 'counter') assert.ok(family.samples.every(({ value }) => value >= 0));
}

function seriesOf(samples) {
  const series = new Map();
  for (const { name, labels, value } of samples) {
    const { le, ...rest } = labels;
    const key = JSON.stringify(rest);
    if (!series.has(key)) series.set(key, { buckets: [] });
    if (name.endsWith('_bucket'))
      series.get(key).buckets.push([Number(le.replace('+', '')), value]);
    else series.get(key)[name.slice(name.lastIndexOf('_') + 1)] = value;
  }
  return series;
}

// Number('Inf') is NaN: the bucket of everything is told from the others by that.
function checkHistogram(name, samples) {
  for (const { buckets, sum, count } of seriesOf(samples).values()) {
    assert.ok(buckets.length > 1 && sum >= 0 && count >= 0, `${name} is complete`);
    assert.ok(Number.isNaN(buckets.at(-1)[0]), `${name}: the last bucket is +Inf`);
    assert.equal(buckets.at(-1)[1], count, `${name}: the last bucket counts all`);
    for (let i = 1; i < buckets.length; i++) {
      assert.ok(buckets[i][1] >= buckets[i - 1][1], `${name}: buckets add up`);
      if (i < buckets.length - 1) assert.ok(buckets[i][0] > buckets[i - 1][0], `${name}: in order`);
    }
  }
}

// The sum of all samples, of families whose name matches, with these labels.
function total(families, pattern, labels = {}) {
  let sum = 0;
  for (const [name, { samples }] of families) {
    if (!pattern.test(name)) continue;
    for (const sample of samples)
      if (Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
        sum += sample.value;
  }
  return sum;
}

module.exports = { parse, total };
