'use strict';
// Reduces the published description of the API to the facts that the tests check:
//
//   node openapi.extract.js path/to/twilio_sync_v1.json > openapi.json
//
// Of each object: its fields, where it is found, and what its links add to its URL. Of each
// operation: how it is asked, what may be sent with it, and what comes back when it succeeds.

const assert = require('node:assert/strict');
const fs = require('node:fs');

const METHODS = ['get', 'post', 'delete'];
const FACTS = ['type', 'format', 'pattern', 'nullable'];
const FORM = 'application/x-www-form-urlencoded';

const nameOf = (reference) => reference.split('.').at(-1);

const mapped = (object, change) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));

const factsOf = (field) =>
  Object.fromEntries(FACTS.filter((fact) => fact in field).map((fact) => [fact, field[fact]]));

const fieldsOf = (schema) => mapped(schema.properties, factsOf);

function* operationsOf(description) {
  for (const [path, entry] of Object.entries(description.paths))
    for (const method of METHODS)
      if (entry[method]) yield { path, method, operation: entry[method] };
}

function parametersOf({ parameters = [], requestBody }) {
  const sent = parameters.filter((each) => each.in !== 'path').map(({ name }) => name);
  return [...sent, ...Object.keys(requestBody?.content[FORM].schema.properties ?? {})];
}

// The one success of an operation.
function successOf(operation) {
  const [[status, response], ...others] = Object.entries(operation.responses);
  assert.equal(others.length, 0, operation.operationId);
  return {
    status: Number(status),
    response,
    schema: response.content?.['application/json'].schema,
  };
}

function bodyOf(schema) {
  if (!schema) return {};
  if (schema.$ref) return { object: nameOf(schema.$ref) };
  const { meta, ...rest } = schema.properties;
  const [[key, { items }]] = Object.entries(rest);
  return { page: { key, of: nameOf(items.$ref) } };
}

function reducedOperation({ path, method, operation }) {
  const { status, response, schema } = successOf(operation);
  return {
    method: method.toUpperCase(),
    path,
    parameters: parametersOf(operation),
    status,
    headers: Object.keys(response.headers ?? {}),
    ...bodyOf(schema),
  };
}

// The fields of `meta`, which are those of every page.
function metaOf(description) {
  const metas = [...operationsOf(description)]
    .map(({ operation }) => successOf(operation).schema?.properties?.meta)
    .filter((meta) => meta)
    .map(fieldsOf);
  for (const meta of metas) assert.deepEqual(meta, metas[0]);
  return metas[0];
}

// Where an object is found: the path of the operation that fetches it.
function placeOf(description, reference) {
  for (const { path, method, operation } of operationsOf(description)) {
    const { response, schema } = successOf(operation);
    if (method !== 'get' || schema.$ref !== reference) continue;
    const { value } = response.content['application/json'].examples.fetch;
    const links = mapped(value.links ?? {}, (link) => link.slice(value.url.length));
    return { path, links };
  }
  return {};
}

function objectsOf(description) {
  const objects = {};
  for (const [name, schema] of Object.entries(description.components.schemas)) {
    if (schema.type !== 'object') continue;
    const place = placeOf(description, `#/components/schemas/${name}`);
    objects[nameOf(name)] = { ...place, fields: fieldsOf(schema) };
  }
  return objects;
}

function reduced(description) {
  const operations = [...operationsOf(description)].map((each) => [
    each.operation.operationId,
    reducedOperation(each),
  ]);
  return {
    version: description.info.version,
    meta: metaOf(description),
    objects: objectsOf(description),
    operations: Object.fromEntries(operations),
  };
}

// One line an entry: small, and easy to compare.
function printed(facts) {
  const line = ([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`;
  const parts = Object.entries(facts).map(([name, value]) => {
    if (typeof value !== 'object') return `  ${line([name, value])}`;
    const lines = Object.entries(value).map((entry) => `    ${line(entry)}`);
    return `  ${JSON.stringify(name)}: {\n${lines.join(',\n')}\n  }`;
  });
  return `{\n${parts.join(',\n')}\n}\n`;
}

const description = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
process.stdout.write(printed(reduced(description)));
