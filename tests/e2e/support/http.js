'use strict';
// One HTTP request, with nothing between the test and the wire but node:http.

const http = require('node:http');

const RESPONSE_TIMEOUT_MS = 60_000;

const basic = (user, password) => 'Basic ' + Buffer.from(`${user}:${password}`).toString('base64');

// `fields`: an object, a list of pairs (for repeated fields), or text as it stands.
function encodeForm(fields) {
  return typeof fields === 'string' ? fields : new URLSearchParams(fields).toString();
}

function encodeBody({ form, json, body }, headers) {
  if (form !== undefined) {
    headers['Content-Type'] ??= 'application/x-www-form-urlencoded';
    return encodeForm(form);
  }
  if (json !== undefined) {
    headers['Content-Type'] ??= 'application/json';
    return typeof json === 'string' ? json : JSON.stringify(json);
  }
  return body;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function collect(response, resolve, reject) {
  const chunks = [];
  response.on('data', (chunk) => chunks.push(chunk));
  response.on('error', reject);
  response.on('end', () => {
    const bytes = Buffer.concat(chunks);
    const text = bytes.toString('utf8');
    const { statusCode: status, headers } = response;
    resolve({ status, headers, bytes, text, json: parsed(text) });
  });
}

// `target` is a path or an absolute URL. Without an `agent` the request has a connection of its
// own. Rejects when no complete response comes.
function request(base, method, target, options = {}) {
  const at = new URL(base);
  const path = target.startsWith('http') ? absolutePath(target) : target;
  const headers = { ...options.headers };
  const body = encodeBody(options, headers);
  if (body !== undefined) headers['Content-Length'] = Buffer.byteLength(body);
  if (options.auth) headers.Authorization ??= basic(...options.auth);
  return new Promise((resolve, reject) => {
    const outgoing = http.request(
      { host: at.hostname, port: at.port, method, path, headers, agent: options.agent ?? false },
      (response) => collect(response, resolve, reject),
    );
    outgoing.setTimeout(RESPONSE_TIMEOUT_MS, () =>
      outgoing.destroy(new Error(`no response to ${method} ${path}`)),
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function absolutePath(url) {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

// An agent that is one connection: requests on it go one after the other.
const connection = () => new http.Agent({ keepAlive: true, maxSockets: 1 });

module.exports = { request, basic, connection };
