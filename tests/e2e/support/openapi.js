'use strict';
// Responses held against the published description of the API: openapi.json, which
// openapi.extract.js makes.
//
// The description is laxer than the API: it lets any field be missing and nearly any be null.
// Here all of an object's fields are there, and only those are null that can be unset.

const assert = require('node:assert/strict');
const { meta, objects, operations } = require('./openapi.json');
const { ACCOUNT } = require('./server.js');

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const REVISION = /^(0|[1-9a-f][0-9a-f]*)$/;
const URL_TEXT = /^https?:\/\/[^\s/]+(\/\S*)?$/;

const CAN_BE_UNSET = [
  ...['unique_name', 'friendly_name', 'webhook_url', 'date_expires'],
  ...['previous_page_url', 'next_page_url'],
];
// Declared for every answer, and not asked for here: browsers heed the first two in the answer to
// a preflight only, and the third means nothing beside an Allow-Origin of `*`.
const NOT_ASKED_FOR = [
  'Access-Control-Allow-Methods',
  'Access-Control-Allow-Headers',
  'Access-Control-Allow-Credentials',
];

const isText = (value) => typeof value === 'string';
const isBoolean = (value) => typeof value === 'boolean';
const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const matches = (pattern) => (value) => isText(value) && pattern.test(value);
const orNull = (check) => (value) => value === null || check(value);
const isUrl = matches(URL_TEXT);

const TYPES = { string: isText, integer: isCount, boolean: isBoolean, object: isObject };
const FORMATS = {
  'date-time': (value) => DATE.test(value) && !Number.isNaN(Date.parse(value)),
  uri: isUrl,
  'uri-map': (value) => Object.values(value).every(isUrl),
};
// What is known of a field beyond its type.
const KNOWN = { data: isObject, revision: matches(REVISION) };

// The server writes its SIDs in small letters, as those are that no name may look like. The
// account is what the operator says; most tests say what examples do, which is no SID.
function sidCheckOf(name, pattern) {
  const isSid = matches(new RegExp(pattern));
  if (name === 'account_sid') return (value) => value === ACCOUNT || isSid(value);
  return (value) => isSid(value) && !/[A-F]/.test(value.slice(2));
}

function checkOf(name, { type, format, pattern }) {
  const checks = [TYPES[type], FORMATS[format], KNOWN[name]].filter((check) => check);
  if (pattern) checks.push(sidCheckOf(name, pattern));
  const check = (value) => checks.every((each) => each(value));
  return CAN_BE_UNSET.includes(name) ? orNull(check) : check;
}

// `fields`: how to check each. They are all there, and no others.
function assertShape(body, fields, what) {
  assert.ok(isObject(body), `${what}: a JSON object, not ${JSON.stringify(body)}`);
  assert.deepEqual(Object.keys(body).sort(), Object.keys(fields).sort(), `${what}: its fields`);
  for (const [name, check] of Object.entries(fields))
    assert.ok(check(body[name]), `${what}: ${name} is ${JSON.stringify(body[name])}`);
}

const checksOf = (fields) =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, checkOf(name, field)]));

// ---- objects and pages ----

const inSnakeCase = (name) => name.replace(/\B[A-Z]/g, (letter) => `_${letter}`).toLowerCase();

// A value as a segment of a path that every client leaves as it is.
function segmentOf(value) {
  const text = encodeURIComponent(value).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return text === '.' || text === '..' ? `${text};` : text;
}

const filledIn = (path, body) =>
  path.replace(/\{(\w+)\}/g, (_, name) => segmentOf(body[inSnakeCase(name)]));

// An object of the description: all its fields, its own URL, and the links below that.
function assertObject(name, body) {
  const { path, links, fields } = objects[name];
  assertShape(body, checksOf(fields), name);
  if (!path) return;
  assert.equal(body.url.replace(/^\w+:\/\/[^/]+/, ''), filledIn(path, body), `${name}: its URL`);
  for (const [link, tail] of Object.entries(links))
    assert.equal(body.links[link], body.url + tail, `${name}: its links`);
  assert.deepEqual(Object.keys(body.links ?? {}).sort(), Object.keys(links).sort());
}

function assertPageOf({ key, of }, body) {
  assert.deepEqual(Object.keys(body).sort(), [key, 'meta'].sort());
  assertShape(body.meta, checksOf(meta), 'meta');
  assert.equal(body.meta.key, key);
  assert.ok(body[key].length <= body.meta.page_size, `at most ${body.meta.page_size}`);
  body[key].forEach((each) => assertObject(of, each));
}

// ---- operations ----

const patternOf = (path) => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`);

// The operation's name in the description; `url` is absolute.
function operationOf(method, url) {
  const path = new URL(url).pathname.replace('/v1/Sync/', '/v1/');
  const found = Object.entries(operations).find(
    ([, each]) => each.method === method && patternOf(each.path).test(path),
  );
  assert.ok(found, `the description has no ${method} ${path}`);
  return found[0];
}

function assertHeaders(declared, headers, body) {
  for (const name of declared.filter((each) => !NOT_ASKED_FOR.includes(each)))
    assert.ok(headers[name.toLowerCase()] !== undefined, `the header ${name} is missing`);
  const revision = body?.revision === undefined ? undefined : `"${body.revision}"`;
  assert.equal(headers.etag, revision, 'the ETag is the revision');
}

// A success as the description has it. Header names are in lower case, `body` is parsed; the
// request was sent with an Origin.
function assertSuccess(operation, { status, headers, body }) {
  const { status: expected, headers: declared, object, page } = operations[operation];
  assert.equal(status, expected, `the status of ${operation}`);
  assertHeaders(declared, headers, body);
  if (!object && !page) return assert.ok(!body, `${operation} answers without a body`);
  assert.match(headers['content-type'], /^application\/json\b/);
  if (object) assertObject(object, body);
  else assertPageOf(page, body);
}

// A page of any kind: which one, its URL tells.
function assertPage(body) {
  assertPageOf(operations[operationOf('GET', body.meta.url)].page, body);
}

module.exports = {
  operations,
  operationOf,
  assertShape,
  assertObject,
  assertPage,
  assertSuccess,
  DATE,
  isText,
  isCount,
  isUrl,
  matches,
  orNull,
};
