// The REST API: requests with the credentials of who is signed in, and addresses.

import { parse } from './json.js';

const STORED = 'tutti-credentials';

/** An answer that is no success. `status` 0: none came. */
export class ApiError extends Error {
  constructor(message, { status = 0, code = 0 } = {}) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

// --- credentials ---

/** {user, secret}, or undefined. For this tab only, and as long as it is open. */
export function credentials() {
  const stored = sessionStorage.getItem(STORED);
  return stored ? JSON.parse(stored) : undefined;
}

export function keepCredentials(user, secret) {
  sessionStorage.setItem(STORED, JSON.stringify({ user, secret }));
}

export function forgetCredentials() {
  sessionStorage.removeItem(STORED);
}

function basic({ user, secret }) {
  const bytes = new TextEncoder().encode(`${user}:${secret}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

// --- addresses ---

/**
 * A segment of a path. Browsers resolve "." and ".." even when they are percent-encoded, so the
 * server takes ".;" and "..;" for them.
 */
export function segment(name) {
  const text = String(name);
  return text === '.' || text === '..' ? `${text};` : encodeURIComponent(text);
}

export const path = (...names) => `/${names.map(segment).join('/')}`;

export const inService = (service, ...names) => path('v1', 'Services', service, ...names);

/** Where the next page is. The host is what we came by, whatever the server calls itself. */
export function neighbour(here, url) {
  return url ? here.split('?')[0] + new URL(url).search : undefined;
}

export function withQuery(target, query) {
  const params = new URLSearchParams(
    Object.entries(query).filter(([, value]) => value !== undefined && value !== ''),
  );
  return params.size ? `${target}?${params}` : target;
}

// --- requests ---

function headersOf({ as = credentials(), ifMatch, ifNoneMatch }) {
  const headers = { Accept: 'application/json', 'Tutti-Console': '1' };
  if (as) headers.Authorization = basic(as);
  if (ifMatch !== undefined) headers['If-Match'] = `"${ifMatch}"`;
  if (ifNoneMatch !== undefined) headers['If-None-Match'] = `"${ifNoneMatch}"`;
  return headers;
}

function formOf(form) {
  if (!form) return undefined;
  return new URLSearchParams(Object.entries(form).filter(([, value]) => value !== undefined));
}

function failure(status, text) {
  let told;
  try {
    told = JSON.parse(text);
  } catch {
    told = { message: `The server answered ${status}` };
  }
  if (status === 401) window.dispatchEvent(new Event('tutti-refused'));
  return new ApiError(told.message, { status, code: told.code });
}

async function exchange(method, target, options) {
  try {
    const response = await fetch(target, {
      method,
      headers: headersOf(options),
      body: formOf(options.form),
      signal: options.signal,
      credentials: 'omit',
      cache: 'no-store',
    });
    return { status: response.status, ok: response.ok, text: await response.text() };
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError('The server cannot be reached', { status: 0 });
  }
}

/**
 * One request; resolves with the JSON of the answer, undefined when it has none (204, 304).
 * Options: `form` {Name: value}, `ifMatch`, `ifNoneMatch` (revisions), `signal`, and `as`
 * {user, secret}, else who is signed in.
 */
export async function request(method, target, options = {}) {
  const { status, ok, text } = await exchange(method, target, options);
  if (status === 304) return undefined;
  if (!ok) throw failure(status, text);
  return text ? parse(text) : undefined;
}

export const get = (target, options) => request('GET', target, options);
export const post = (target, form, options) => request('POST', target, { ...options, form });
export const remove = (target, options) => request('DELETE', target, options);

/** The text of what is no JSON: /metrics. */
export async function getText(target, options = {}) {
  const { status, ok, text } = await exchange('GET', target, options);
  if (!ok) throw failure(status, text);
  return text;
}
