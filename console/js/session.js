// Who is signed in, and how the pages talk to the server.

import { SyncClient } from '/sdk/index.js';

const STORED = 'tutti-credentials';

export class ApiError extends Error {
  constructor(status, body) {
    super(body?.message ?? `The server answered with status ${status}`);
    Object.assign(this, { status, code: body?.code });
  }
}

let credentials = null; // {user, secret}
let live = null; // {service, client}

export const about = await (await fetch('/console/about')).json();

export const account = () => credentials?.account;
export const isSignedIn = () => credentials !== null;
export const mayWrite = () => !about.read_only;

// "." and ".." would be taken out of a path; with an empty parameter they are not.
export const segment = (name) => {
  const text = encodeURIComponent(name);
  return text === '.' || text === '..' ? `${text};` : text;
};

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** {status, body, etag}; throws an ApiError, except for 304. */
export async function api(method, path, fields, headers = {}) {
  const response = await fetch(path, {
    method,
    credentials: 'omit',
    headers: {
      Authorization: `Basic ${base64(`${credentials.user}:${credentials.secret}`)}`,
      'Tutti-Console': '1',
      ...headers,
    },
    body: fields && new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== undefined)),
  });
  const text = await response.text();
  const body = response.headers.get('content-type')?.includes('json') && text ? JSON.parse(text) : text;
  if (!response.ok && response.status !== 304) throw new ApiError(response.status, body);
  return { status: response.status, body, etag: response.headers.get('etag') };
}

export const get = async (path) => (await api('GET', path)).body;

async function tryCredentials(given) {
  credentials = given;
  try {
    const { body } = await api('GET', '/v1/Services?PageSize=1');
    credentials.account = body.services[0]?.account_sid;
  } catch (error) {
    credentials = null;
    throw error;
  }
}

export async function signIn(user, secret) {
  await tryCredentials({ user, secret });
  sessionStorage.setItem(STORED, JSON.stringify({ user, secret }));
}

/** From this tab's memory or, in development mode, from the server. */
export async function restore() {
  const stored = sessionStorage.getItem(STORED);
  try {
    if (stored) await tryCredentials(JSON.parse(stored));
    else if (about.development) {
      const response = await fetch('/console/session', { credentials: 'omit' });
      const { account_sid: user, auth_token: secret } = await response.json();
      if (response.ok) await tryCredentials({ user, secret });
    }
  } catch {
    signOut();
  }
}

export function signOut() {
  sessionStorage.removeItem(STORED);
  credentials = null;
  live?.client.shutdown();
  live = null;
}

export const mint = async (identity, service, ttl) =>
  (await api('POST', '/console/tokens', { identity, service, ttl })).body;

/** The one realtime client of the console, for the service that is looked at. */
export function clientFor(service) {
  if (live?.service !== service) {
    live?.client.shutdown();
    const token = async () => (await mint('console', service)).token;
    live = { service, client: new SyncClient(token, { url: location.origin }) };
  }
  return live.client;
}
