// Who is signed in, and how this server is run.

import { credentials, forgetCredentials, get, keepCredentials } from './api.js';
import { closeClients } from './live.js';

const LEFT = 'tutti-signed-out'; // somebody wants to be signed out, in development too

let about = { version: '', development: false, read_only: false };

export const server = () => about;
export const canEdit = () => !about.read_only;

/** Who is signed in with an API key, which may not manage keys. */
export const isKey = () => credentials()?.user.startsWith('SK') ?? false;

/** Rejects with an ApiError when they are not right. */
export async function signIn(user, secret) {
  await get('/v1/Services?PageSize=1', { as: { user, secret } });
  keepCredentials(user, secret);
  sessionStorage.removeItem(LEFT);
}

/** Development mode: the account of this machine's server. */
export async function signInLocally() {
  const { account_sid: user, auth_token: secret } = await get('/console/session');
  await signIn(user, secret);
}

export function signOut() {
  forgetCredentials();
  closeClients();
  sessionStorage.setItem(LEFT, 'yes');
}

/** Learn how the server is run; in development sign in by the way. */
export async function begin() {
  about = await get('/console/about');
  if (credentials() || !about.development || sessionStorage.getItem(LEFT)) return;
  await signInLocally().catch(() => {}); // not from this machine: the form is there
}
