'use strict';
// What the official helper package sends its requests through, with every exchange held against
// the published description of the API, and what was tried noted down.

const assert = require('node:assert/strict');
const { RequestClient } = require('twilio');
const openapi = require('./openapi.js');
const { assertProblem } = require('./shapes.js');

const ORIGIN = 'https://app.example.com';

// What the operations are upon: Services, their Objects, or Items, Permissions or Messages.
function areaOf({ path }) {
  const [, , , , object, , part] = path.split('/');
  return part ?? (object ? 'Objects' : 'Services');
}

const operationsOf = (area) =>
  Object.entries(openapi.operations).filter(([, operation]) => areaOf(operation) === area);

const sentWith = ({ uri, params = {}, data = {}, headers = {} }) => [
  ...new URL(uri).searchParams.keys(),
  ...[params, data, headers].flatMap(Object.keys),
];

class CheckingClient extends RequestClient {
  constructor() {
    super();
    this.succeeded = new Map(); // operation to the set of what was sent with it
  }

  async request(options) {
    const headers = { ...options.headers, Origin: ORIGIN };
    const response = await super.request({ ...options, headers });
    if (new URL(options.uri).pathname.startsWith('/v1/')) this.judge(options, response);
    return response;
  }

  judge(options, { statusCode: status, headers, body }) {
    const operation = openapi.operationOf(options.method.toUpperCase(), options.uri);
    if (status >= 400)
      return assertProblem({ status, json: body, text: JSON.stringify(body) }, status);
    openapi.assertSuccess(operation, { status, headers, body });
    const sent = this.succeeded.get(operation) ?? new Set();
    sentWith(options).forEach((name) => sent.add(name));
    this.succeeded.set(operation, sent);
  }

  // Every operation of the area has succeeded, and with all that can be sent with it.
  assertCovered(area) {
    for (const [operation, { parameters }] of operationsOf(area)) {
      const sent = this.succeeded.get(operation);
      assert.ok(sent, `${operation} was never tried`);
      for (const name of parameters) assert.ok(sent.has(name), `${operation} without ${name}`);
    }
  }
}

module.exports = { CheckingClient, operationsOf, ORIGIN };
