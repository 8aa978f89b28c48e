'use strict';
// What a body holds: these keys, all of them, and no others. What the published description
// (openapi.js) does not know of stands here.

const assert = require('node:assert/strict');
const openapi = require('./openapi.js');

const { assertShape, isText, isCount, isUrl, matches, orNull } = openapi;

const RFC2822 = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$/;

const PROBLEM = { code: isCount, message: isText, more_info: isUrl, status: isCount };

const KEY = {
  sid: matches(/^SK[0-9a-f]{32}$/),
  friendly_name: orNull(isText),
  date_created: matches(RFC2822),
  date_updated: matches(RFC2822),
};

const NEW_KEY = { ...KEY, secret: matches(/^\S{32,}$/) };

const assertService = (body) => openapi.assertObject('service', body);
const assertDocument = (body) => openapi.assertObject('document', body);

// A page of any kind of list, told by its URL; `key` is what holds its objects.
function assertPage(body, key) {
  assert.equal(body.meta.key, key);
  openapi.assertPage(body);
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
  DATE: openapi.DATE,
};
