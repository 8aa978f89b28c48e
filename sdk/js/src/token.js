// The access token: one that the application gives, or a function that makes one whenever it is
// needed: at first, before the last one ends, and after the server has refused one.

import { ValidationError, define } from './errors.js';

const REFRESH_BEFORE_S = 180;

/** The application's function gave something else than a token. */
export const NoTokenError = define('ValidationError', ValidationError);

function asToken(value) {
  if (typeof value === 'string' && value) return value;
  let meant = '';
  if (value === undefined) meant = '; is a "return" missing?';
  else if (typeof value?.token === 'string') meant = '; did you mean its member "token"?';
  const given = typeof value === 'object' && value ? 'an object' : JSON.stringify(value);
  const message = `The function for tokens must return a text that is not empty, not ${given}${meant}`;
  throw new NoTokenError(message, 400);
}

// What the token says of itself; the server is who verifies it. {} when it is no JWT.
function claimsOf(token) {
  try {
    const part = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    return JSON.parse(atob(part));
  } catch {
    return {};
  }
}

export class TokenSource {
  #make;
  #token;
  #making;

  /** @param {string | (() => Promise<string> | string)} token */
  constructor(token) {
    if (typeof token === 'function') this.#make = token;
    else this.#token = token;
  }

  /** Whether the source makes tokens by itself. */
  get makes() {
    return this.#make !== undefined;
  }

  async get() {
    return this.#token ?? this.renew();
  }

  /** A new one, made once for all who ask at the same time. */
  async renew() {
    this.#making ??= Promise.resolve()
      .then(this.#make)
      .then((token) => (this.#token = asToken(token)))
      .finally(() => (this.#making = undefined));
    return this.#making;
  }

  /** Returns the one before. */
  set(token) {
    const former = this.#token;
    this.#token = token;
    return former;
  }

  forget() {
    this.#token = undefined;
  }

  /** Milliseconds until it should be renewed; undefined when it does not say when it ends. */
  refreshInMs(now = Date.now()) {
    const { exp } = claimsOf(this.#token);
    if (typeof exp !== 'number') return undefined;
    const leftS = exp - now / 1000;
    return Math.max(1000, 1000 * (leftS - Math.min(REFRESH_BEFORE_S, leftS / 4)));
  }
}
