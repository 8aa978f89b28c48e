// Listeners by name of event. What is emitted before anybody listens to it is kept (the last of
// it) for the first who does: an object may change between its opening and the next line of code.

import { OverflowError, ValidationError } from './errors.js';
import { unknownName } from './names.js';

const KEPT_MAX = 100;
const QUEUE_MAX = 1000;
const NODES_OWN = 'error'; // events.once() of Node listens to it, too, whatever it is asked for

export class Emitter {
  #listeners = new Map();
  #kept = new Map();

  /** Classes that know all names of their events have them as `static events`. */
  on(name, listener) {
    const known = this.constructor.events;
    if (known && !known.includes(name) && name !== NODES_OWN)
      throw unknownName('event', name, known);
    if (typeof listener !== 'function')
      throw new ValidationError(`What listens to "${String(name)}" must be a function`, 400);
    const listeners = this.#listeners.get(name) ?? [];
    this.#listeners.set(name, [...listeners, listener]);
    const kept = this.#kept.get(name);
    this.#kept.delete(name);
    kept?.forEach((values) => call(listener, this, values));
    return this;
  }

  once(name, listener) {
    const first = (...values) => {
      this.off(name, first);
      listener.apply(this, values);
    };
    first.listener = listener;
    return this.on(name, first);
  }

  off(name, listener) {
    const listeners = this.#listeners.get(name) ?? [];
    const at = listeners.findLastIndex((one) => one === listener || one.listener === listener);
    if (at >= 0)
      this.#listeners.set(
        name,
        listeners.filter((_, i) => i !== at),
      );
    return this;
  }

  addListener(name, listener) {
    return this.on(name, listener);
  }

  removeListener(name, listener) {
    return this.off(name, listener);
  }

  removeAllListeners(name) {
    for (const map of [this.#listeners, this.#kept]) {
      if (name === undefined) map.clear();
      else map.delete(name);
    }
    return this;
  }

  listenerCount(name) {
    return this.#listeners.get(name)?.length ?? 0;
  }

  emit(name, ...values) {
    const listeners = this.#listeners.get(name);
    if (listeners) {
      listeners.forEach((listener) => call(listener, this, values));
      return listeners.length > 0;
    }
    const kept = this.#kept.get(name) ?? [];
    this.#kept.set(name, [...kept.slice(1 - KEPT_MAX), values]);
    return false;
  }

  /**
   * The events of one name, one after the other: `for await (const event of doc.events('updated'))`.
   * Ends without an error when `signal` aborts or the object is closed; fails with OverflowError
   * when `limit` events wait for a loop that does not take them.
   */
  events(name, { signal, limit = QUEUE_MAX } = {}) {
    const queue = [];
    let wake = () => {};
    let ended = signal?.aborted ?? false;
    let error;
    const take = (value) => {
      if (queue.length < limit) queue.push(value);
      else error = new OverflowError(`${limit} events wait to be taken; take them faster`);
      wake();
    };
    const end = () => {
      ended = true;
      this.off(name, take).off('closed', end);
      signal?.removeEventListener('abort', end);
      wake();
    };
    if (!ended) {
      this.on('closed', end).on(name, take);
      signal?.addEventListener('abort', end);
    }
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      async next() {
        while (!queue.length && !ended && !error) await new Promise((resolve) => (wake = resolve));
        if (queue.length && !signal?.aborted) return { value: queue.shift(), done: false };
        end();
        const failure = error;
        error = undefined;
        if (failure && !signal?.aborted) throw failure;
        return { value: undefined, done: true };
      },
      async return() {
        end();
        return { value: undefined, done: true };
      },
    };
  }
}

// One listener that throws must not keep the others from hearing.
function call(listener, self, values) {
  try {
    listener.apply(self, values);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
