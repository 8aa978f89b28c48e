'use strict';
// What the published API says each body holds: these keys, all of them, and no others.

const assert = require('node:assert/strict');

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const RFC2822 = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$/;
const REVISION = /^(0|[1-9a-f][0-9a-f]*)$/;

const sid = (prefix) => new RegExp(`^${prefix}[0-9a-f]{32}$`);
const matches = (pattern) => (value) => typeof value === 'string' && pattern.test(value);
const isBoolean = (value) => typeof value === 'boolean';
const isCount = (value) => Number.isInteger(value) && value >= 0;
const isText = (value) => typeof value === 'string';
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const orNull = (check) => (value) => value === null || check(value);
const isAccount = matches(/^AC[0-9a-zA-Z]{32}$/);
const isUrl = matches(/^http:\/\/\S+$/);

const SERVICE = {
  sid: matches(sid('IS')),
  unique_name: orNull(isText),
  account_sid: isAccount,
  friendly_name: orNull(isText),
  date_created: matches(DATE),
  date_updated: matches(DATE),
  url: isUrl,
  webhook_url: orNull(isText),
  webhooks_from_rest_enabled: isBoolean,
  reachability_webhooks_enabled: isBoolean,
  acl_enabled: isBoolean,
  reachability_debouncing_enabled: isBoolean,
  reachability_debouncing_window: isCount,
  links: isObject,
};

const DOCUMENT = {
  sid: matches(sid('ET')),
  unique_name: orNull(isText),
  account_sid: isAccount,
  service_sid: matches(sid('IS')),
  url: isUrl,
  links: isObject,
  revision: matches(REVISION),
  data: isObject,
  date_expires: orNull(matches(DATE)),
  date_created: matches(DATE),
  date_updated: matches(DATE),
  created_by: isText,
};

const META = {
  page: isCount,
  page_size: isCount,
  first_page_url: isUrl,
  previous_page_url: orNull(isUrl),
  url: isUrl,
  next_page_url: orNull(isUrl),
  key: isText,
};

const PROBLEM = { code: isCount, message: isText, more_info: isUrl, status: isCount };

const KEY = {
  sid: matches(sid('SK')),
  friendly_name: orNull(isText),
  date_created: matches(RFC2822),
  date_updated: matches(RFC2822),
};

const NEW_KEY = { ...KEY, secret: matches(/^\S{32,}$/) };

function assertShape(body, shape, what) {
  assert.ok(isObject(body), `${what}: a JSON object, not ${JSON.stringify(body)}`);
  assert.deepEqual(Object.keys(body).sort(), Object.keys(shape).sort(), `${what}: its fields`);
  for (const [name, check] of Object.entries(shape))
    assert.ok(check(body[name]), `${what}: ${name} is ${JSON.stringify(body[name])}`);
}

function assertService(body) {
  assertShape(body, SERVICE, 'service');
  assert.ok(body.url.endsWith(`/v1/Services/${body.sid}`), body.url);
  assert.deepEqual(body.links, {
    documents: `${body.url}/Documents`,
    lists: `${body.url}/Lists`,
    maps: `${body.url}/Maps`,
    streams: `${body.url}/Streams`,
  });
}

function assertDocument(body) {
  assertShape(body, DOCUMENT, 'document');
  const url = `/v1/Services/${body.service_sid}/Documents/${body.sid}`;
  assert.ok(body.url.endsWith(url), body.url);
  assert.deepEqual(body.links, { permissions: `${body.url}/Permissions` });
}

const ASSERT_ITEM = { services: assertService, documents: assertDocument };

function assertPage(body, key) {
  assert.deepEqual(Object.keys(body).sort(), [key, 'meta'].sort());
  assertShape(body.meta, META, 'meta');
  assert.equal(body.meta.key, key);
  body[key].forEach((item) => ASSERT_ITEM[key](item));
}

function assertKey(body) {
  assertShape(body, KEY, 'key');
}

function assertNewKey(body) {
  assertShape(body, NEW_KEY, 'new key');
}

// A refusal says the same thing on the status line and in the body. `code` undefined: any.
function assertProblem(response, status, code) {
  assert.equal(response.status, status, response.text);
  const { details, ...problem } = response.json ?? {};
  assertShape(problem, PROBLEM, 'problem');
  assert.equal(problem.status, status);
  if (code !== undefined) assert.equal(problem.code, code, response.text);
  assert.ok(problem.more_info.endsWith(`/docs/errors/${problem.code}`), problem.more_info);
  assert.ok(problem.message.length > 5, 'a sentence');
}

module.exports = {
  assertService,
  assertDocument,
  assertPage,
  assertKey,
  assertNewKey,
  assertProblem,
  DATE,
};
