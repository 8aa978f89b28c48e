// Which objects the server is to tell us of. On each connection all that are wanted are asked for,
// from where each has got to; what follows is what was missed, in order, and then what happens.
//
//   wanted ──asked──▶ asked ──established──▶ live ──connection lost──▶ wanted
//                       └──failed──▶ failed (until the next connection)

import { errorOf } from './errors.js';

const PROTOCOL = 4;
const BATCH_MAX = 1000;
const AGAIN_MIN_MS = 500;
const AGAIN_MAX_MS = 30_000;
const ANSWER_MS = 10_000; // for the notification behind the answer

/**
 * A subject has `sid`, `type`, `lastEventId` (or null), of live queries `indexName` and
 * `queryString`; and takes `onEvent(type, event)`, `onEstablished(lastEventId)` and
 * `onFailed(error)`.
 */
export class Subscriptions {
  #connection;
  #requests;
  #entries = new Map(); // sid -> {subject, state, correlation}
  #cancels = new Map(); // sid -> type
  #correlation = 0;
  #failures = 0;
  #timer;

  constructor(connection, requests) {
    this.#connection = connection;
    this.#requests = requests;
    connection.on('open', () => this.#onOpen());
    connection.on('notification', (payload) => this.#onNotification(payload));
  }

  add(subject) {
    this.#cancels.delete(subject.sid);
    this.#entries.set(subject.sid, { subject, state: 'wanted' });
    this.#plan(0);
  }

  /** `tell`: whether the server has to be told; not when the object is gone. */
  remove(subject, tell) {
    const entry = this.#entries.get(subject.sid);
    if (entry?.subject !== subject) return;
    this.#entries.delete(subject.sid);
    if (tell && entry.state !== 'failed') {
      this.#cancels.set(subject.sid, subject.type);
      this.#plan(0);
    }
  }

  /** Whether what memory holds of the subject is kept up to date. */
  isLive(subject) {
    const entry = this.#entries.get(subject.sid);
    return entry?.state === 'live' && this.#connection.state === 'connected';
  }

  close() {
    clearTimeout(this.#timer);
    this.#entries.clear();
    this.#cancels.clear();
  }

  #onOpen() {
    this.#cancels.clear(); // the old connection's subscriptions went with it
    this.#failures = 0;
    for (const entry of this.#entries.values()) entry.state = 'wanted';
    this.#plan(0);
  }

  #plan(delayMs) {
    if (this.#connection.state !== 'connected') return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), delayMs);
  }

  #flush() {
    const cancels = [...this.#cancels].map(([sid, type]) => ({
      object_sid: sid,
      object_type: type,
    }));
    this.#cancels.clear();
    const wanted = [...this.#entries.values()].filter(({ state }) => state === 'wanted');
    for (let at = 0; at < cancels.length; at += BATCH_MAX)
      this.#post('cancel', cancels.slice(at, at + BATCH_MAX)).catch(() => {});
    for (let at = 0; at < wanted.length; at += BATCH_MAX)
      this.#establish(wanted.slice(at, at + BATCH_MAX));
  }

  async #establish(entries) {
    const correlation = (this.#correlation += 1);
    for (const entry of entries) Object.assign(entry, { state: 'asked', correlation });
    try {
      await this.#post('establish', entries.map(describe), correlation);
    } catch {
      this.#askAgain(correlation);
      return;
    }
    setTimeout(() => this.#askAgain(correlation), ANSWER_MS).unref?.();
  }

  #post(action, requests, correlation = (this.#correlation += 1)) {
    return this.#requests.ask({
      method: 'POST',
      path: '/v4/Subscriptions',
      repeat: 'never',
      body: {
        event_protocol_version: PROTOCOL,
        action,
        correlation_id: correlation,
        retried_requests: 0,
        ttl_in_s: -1,
        requests,
      },
    });
  }

  #askAgain(correlation) {
    let some = false;
    for (const entry of this.#entries.values()) {
      if (entry.state !== 'asked' || entry.correlation !== correlation) continue;
      entry.state = 'wanted';
      some = true;
    }
    if (!some) return;
    this.#failures += 1;
    this.#plan(Math.min(AGAIN_MAX_MS, AGAIN_MIN_MS * 2 ** this.#failures));
  }

  #onNotification({ event_type: type, correlation_id: correlation, events }) {
    for (const event of events ?? []) {
      if (type.startsWith('subscription_')) {
        this.#onAnswer(type, event, correlation);
        continue;
      }
      const sid =
        event.document_sid ?? event.list_sid ?? event.map_sid ?? event.stream_sid ?? event.query_id;
      this.#entries.get(sid)?.subject.onEvent(type, event);
    }
  }

  #onAnswer(type, event, correlation) {
    const entry = this.#entries.get(event.object_sid);
    const asked = entry?.state === 'asked' && entry.correlation === correlation;
    if (type === 'subscription_established' && asked) {
      this.#failures = 0;
      entry.state = 'live';
      entry.subject.onEstablished(event.last_event_id);
      if (event.replay_status === 'interrupted') this.add(entry.subject);
    } else if (type === 'subscription_failed' && (asked || (entry && correlation === null))) {
      entry.state = 'failed';
      entry.subject.onFailed(errorOf(event.error.status, event.error));
    }
  }
}

function describe({ subject }) {
  return {
    object_sid: subject.sid,
    object_type: subject.type,
    last_event_id: subject.lastEventId ?? undefined,
    index_name: subject.indexName,
    query_string: subject.queryString,
  };
}
