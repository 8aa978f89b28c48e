// Requests over the connection. What is asked while there is none waits, and what was sent and not
// answered when the connection was lost is sent again, in the same order. Each write has an
// Idempotency-Key, by which a server that has done it already gives its answer once more.
//
// The server does not remember keys for ever, and none from before it was started. So a write that
// is sent again says when it was first sent, by the server's own clock, and the server says if it
// cannot know; if the server was started since, we know that. Then a write with a precondition is
// sent once more without all that, as it fails if it was done; another is an UnknownOutcomeError.

import { DisconnectedError, UnknownOutcomeError, errorOf } from './errors.js';

const RETRIES_MAX = 4; // of an answer that says: not now
const RETRY_MIN_MS = 500;
const FORGOTTEN = 20409;
const CLOCK_PACE = 0.999; // our clock may be a little faster than the server's

let made = 0;

// Unlike crypto.randomUUID this is there on pages without TLS, too.
function randomName() {
  const word = () => Math.random().toString(36).slice(2, 10);
  return `${word()}${word()}${(made += 1)}`;
}

function unknown(why) {
  const message = `The connection was lost before the answer came, and ${why}`;
  return new UnknownOutcomeError(`${message}; read, and see whether it was done`);
}

/** @typedef {{status: number, body: any}} Answer */

export class Requests {
  #connection;
  #name = randomName();
  #count = 0;
  #open = new Set(); // in the order in which they were asked
  #server = {}; // {bootId, serverMs, localMs}: the same moment, or the server's a little earlier
  #closed = null;
  #refused = null;

  constructor(connection) {
    this.#connection = connection;
    connection.on('open', (server) => this.#onOpen(server));
    connection.on('lost', () => this.#onLost());
  }

  read(path, params) {
    return this.ask({ method: 'GET', path, params, repeat: 'always' });
  }

  /** An `ask` with a key. */
  write(request) {
    return this.ask({ repeat: 'guarded', ...request, key: `${this.#name}-${(this.#count += 1)}` });
  }

  /** Reject whatever waits, with `error`, and from now on all that is asked. */
  close(error) {
    this.#closed = error;
    this.fail(error);
  }

  /** Reject whatever waits, and all that is asked until this is called with null. */
  refuse(error) {
    this.#refused = error;
    if (error) this.fail(error);
  }

  /** Reject whatever waits. */
  fail(error) {
    for (const entry of [...this.#open]) this.#settle(entry, () => entry.reject(error));
  }

  /**
   * @param {object} request `method`, `path`, `params`, `body`; `ifMatch`, a revision; `repeat`, when
   *   the connection is lost: 'always' (it does no harm to be done twice), 'guarded' (only if the
   *   server knows the key, or ifMatch keeps it from being done twice), 'never'; `apply`, which gets
   *   a good answer before anything that came behind it; `signal`, by which what was not sent is not
   * @returns {Promise<Answer>} Rejects with a SyncError.
   */
  ask(request) {
    const never = this.#closed ?? this.#refused;
    if (never) return Promise.reject(never);
    return new Promise((resolve, reject) => {
      const entry = { request, resolve, reject, attempts: 0, sent: false, unsure: false };
      this.#open.add(entry);
      request.signal?.addEventListener('abort', () => this.#onAbort(entry), { once: true });
      if (this.#connection.state === 'connected') this.#send(entry);
    });
  }

  // What was sent may have been done, and its answer counts.
  #onAbort(entry) {
    if (entry.sent || entry.unsure) return;
    this.#settle(entry, () => entry.reject(entry.request.signal.reason));
  }

  #settle(entry, how) {
    if (this.#open.delete(entry)) how();
  }

  #onOpen({ timeMs, bootId }) {
    this.#server = { bootId, serverMs: timeMs, localMs: performance.now() };
    for (const entry of [...this.#open]) {
      const known = bootId !== undefined && bootId === entry.bootId;
      if (entry.unsure && !known) this.#onForgotten(entry);
      else this.#send(entry);
    }
  }

  // Nobody knows whether it was done.
  #onForgotten(entry) {
    const { repeat, ifMatch } = entry.request;
    if (repeat === 'always' || ifMatch !== undefined) {
      entry.guarded = true;
      this.#send(entry);
    } else {
      this.#settle(entry, () => entry.reject(unknown('the server does not know')));
    }
  }

  #onLost() {
    for (const entry of [...this.#open]) {
      entry.unsure = entry.unsure || entry.sent;
      entry.sent = false;
      if (entry.request.repeat === 'never')
        this.#settle(entry, () => entry.reject(new DisconnectedError('the connection was lost')));
    }
  }

  // Not later than now.
  #serverTime() {
    const { serverMs, localMs } = this.#server;
    return Math.floor(serverMs + CLOCK_PACE * (performance.now() - localMs));
  }

  #send(entry) {
    const { method, path, params, body, ifMatch, key } = entry.request;
    const headers = {};
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (key) headers['Idempotency-Key'] = key;
    if (ifMatch !== undefined) {
      headers['If-Match'] = ifMatch;
      headers.Prefer = 'return=representation';
    }
    if (entry.unsure && !entry.guarded && entry.request.repeat === 'guarded')
      headers['Tutti-First-Sent'] = String(entry.firstSentMs);
    entry.bootId ??= this.#server.bootId;
    entry.firstSentMs ??= this.#serverTime();
    entry.sent = true;
    this.#connection
      .send(
        {
          method: 'message',
          active_grant: 'data_sync',
          http_request: { host: 'tutti', path, method, params: params ?? {}, headers },
        },
        body,
        (reply) => this.#onReply(entry, reply),
      )
      .catch((error) => {
        if (!(error instanceof DisconnectedError)) this.#settle(entry, () => entry.reject(error));
      });
  }

  #onReply(entry, { header, payload }) {
    const transport = header.status?.code;
    const status = transport === 200 ? header.http_status?.code : transport;
    if (status >= 200 && status < 300) {
      const answer = { status, body: payload };
      this.#settle(entry, () => {
        entry.request.apply?.(answer);
        entry.resolve(answer);
      });
      return;
    }
    const later = status === 429 || (status >= 502 && status <= 504);
    if (later && entry.attempts < RETRIES_MAX) {
      this.#again(entry, header.http_headers);
      return;
    }
    if (payload?.code === FORGOTTEN && entry.unsure && !entry.guarded) {
      this.#onForgotten(entry);
      return;
    }
    const error =
      status === 412 && entry.guarded
        ? unknown('the revision has changed since')
        : errorOf(status, payload ?? { message: header.status?.status });
    this.#settle(entry, () => entry.reject(error));
  }

  // It was refused for the moment.
  #again(entry, headers) {
    const least = RETRY_MIN_MS * 2 ** entry.attempts;
    const asked = 1000 * Number(headers?.['Retry-After'] ?? 0);
    entry.attempts += 1;
    entry.sent = false;
    setTimeout(
      () => {
        if (this.#open.has(entry) && !entry.sent && this.#connection.state === 'connected')
          this.#send(entry);
      },
      Math.max(asked, least) * (1 + Math.random() / 2),
    );
  }
}
