// What all objects have in common. An entity is the one copy that a client keeps of an object; the
// application holds handles of it, as many as it has opened, and each has its own listeners.

import { Emitter } from './emitter.js';
import { NotFoundError, SyncError, TimeoutError, ValidationError } from './errors.js';
import { CALL_OPTIONS, WRITE_OPTIONS, checkOptions } from './names.js';
import { isSame } from './optimistic.js';

/** Events that every handle has. */
export const EVENTS = ['failure', 'pendingChanged', 'closed'];

const RESYNC = 410; // what we missed is no longer kept
const PAUSE_MIN_MS = 5;
const PAUSE_MAX_MS = 500;
const HASTE = 2; // attempts without a pause: the server lets losers in one after the other

/** Data that an event is about, seen through the event: `event.count` is `event.data.count`. */
export function eventOf(data, members) {
  return Object.assign(Object.create(data ?? Object.prototype), members);
}

/** A copy as the others will see it: what JSON keeps. */
export function asData(value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ValidationError('Data must be an object, such as { count: 1 }', 400, 54006);
  try {
    return JSON.parse(JSON.stringify(value));
  } catch (cause) {
    throw new ValidationError(`Data cannot be JSON: ${cause.message}`, 400, 54006, { cause });
  }
}

export function asTtl(ttl) {
  if (ttl !== undefined && !(Number.isInteger(ttl) && ttl >= 0))
    throw new ValidationError('ttl must be a whole number of seconds, 0 for ever', 400, 54011);
  return ttl;
}

export function asCall(options) {
  checkOptions('this call', options, CALL_OPTIONS);
}

export function asWrite(options) {
  asTtl(checkOptions('this call', options, WRITE_OPTIONS).ttl);
}

export function asMutator(mutator) {
  if (typeof mutator !== 'function')
    throw new ValidationError('mutate() takes a function that gets the data', 400);
}

/** A mutator that sets these members. */
export function updater(members) {
  if (typeof members !== 'object' || members === null || Array.isArray(members))
    throw new ValidationError('update() takes an object with the members to set', 400, 54006);
  return (data) => Object.assign(data, members);
}

// Keys may be "." and "..": paths of this protocol are never normalised.
export function segment(name) {
  try {
    return encodeURIComponent(name);
  } catch (cause) {
    throw new ValidationError('The name is not valid Unicode', 400, 54209, { cause });
  }
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * What `start` promises, or sooner an error when `signal` aborts or `timeout` ms are over. `start`
 * is told by a signal of its own.
 */
export async function within({ signal, timeout } = {}, start) {
  signal?.throwIfAborted();
  if (!signal && timeout === undefined) return start();
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal.reason);
  const onLate = () => stop.abort(new TimeoutError(`Not done within ${timeout} ms; it may be yet`));
  const timer = timeout === undefined ? undefined : setTimeout(onLate, timeout);
  signal?.addEventListener('abort', onAbort);
  const stopped = new Promise((_, reject) => {
    stop.signal.addEventListener('abort', () => reject(stop.signal.reason));
  });
  try {
    return await Promise.race([start(stop.signal), stopped]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/**
 * What the mutator makes of a copy of the data, as JSON keeps it; null: it is to stay. A promise of
 * that when the mutator gives one.
 */
export function changedBy(mutator, data) {
  const copy = structuredClone(data);
  const take = (next) => {
    if (next) return asData(next);
    if (next !== undefined) return null;
    const changed = asData(copy);
    return isSame(changed, data) ? null : changed;
  };
  const next = mutator(copy);
  return typeof next?.then === 'function' ? next.then(take) : take(next);
}

export class Entity {
  #lanes = new Map(); // key -> jobs, of which the first is under way
  #pending = 0;

  /**
   * @param {object} client `requests`, `subscriptions`, `forget(entity)`
   * @param {object} root the object's body, as the server gives it
   */
  constructor(client, type, root) {
    this.client = client;
    this.type = type;
    this.handles = new Set();
    this.gone = false;
    this.sid = root.sid;
    this.uniqueName = root.unique_name || null;
    this.url = root.url;
    this.links = root.links;
    this.createdBy = root.created_by;
    this.dateCreated = new Date(root.date_created);
    this.takeRoot(root);
  }

  /** The path of the object, or of something in it. */
  path(...names) {
    const folder = `${this.type[0].toUpperCase()}${this.type.slice(1)}s`;
    return ['', 'v3', folder, this.sid, ...names.map(segment)].join('/');
  }

  takeRoot(root) {
    this.revision = root.revision;
    this.lastEventId = root.last_event_id ?? null;
    this.dateUpdated = new Date(root.date_updated);
    this.dateExpires = root.date_expires;
  }

  attach(handle) {
    if (!this.handles.size && !this.gone) this.client.subscriptions.add(this);
    this.handles.add(handle);
  }

  detach(handle) {
    if (!this.handles.delete(handle) || this.handles.size || this.gone) return;
    this.client.subscriptions.remove(this, true);
    this.client.forget(this);
  }

  broadcast(name, ...values) {
    for (const handle of [...this.handles]) handle.emit(name, ...values);
  }

  /** What events of an optimistic client have besides. */
  pendingMember(pending) {
    return this.client.options.optimistic ? { pending } : {};
  }

  /** An event about a change. An own one is over when its call is: it does not wait for listeners. */
  report(name, event) {
    for (const handle of [...this.handles])
      if (!event.isLocal || handle.listenerCount(name)) handle.emit(name, event);
  }

  // --- the server's word ---

  onEstablished() {}

  onFailed(error) {
    if (error.status === 404) {
      this.onRemoved(false);
      return;
    }
    this.broadcast('failure', error);
    if (error.status === RESYNC) this.resync();
  }

  /** What was missed cannot be told: read what there is, and go on from there. */
  async resync() {
    try {
      const { body } = await this.client.requests.read(this.path());
      this.takeFresh(body);
    } catch (error) {
      if (error.status === 404) this.onRemoved(false);
      else this.broadcast('failure', error);
      return;
    }
    if (this.handles.size && !this.gone) this.client.subscriptions.add(this);
  }

  onRemoved(isLocal) {
    if (this.gone) return;
    this.gone = true;
    this.client.subscriptions.remove(this, false);
    this.client.forget(this);
    this.broadcast('removed', this.removal(isLocal));
  }

  removal(isLocal) {
    return { isLocal };
  }

  // --- the application's writes ---

  get pending() {
    return this.#pending;
  }

  #count(by) {
    this.#pending += by;
    this.client.count(by);
    this.broadcast('pendingChanged', this.#pending);
  }

  /**
   * Run `job(ttl, signal)` when those asked before it with the same `key` have ended. `merge`: a job
   * of this sort takes the place of another that waits directly before it; both end as it does.
   */
  async enqueue(key, options, job, merge = false) {
    this.client.admit();
    return within(options, (signal) => {
      this.#count(1);
      const lane = this.#lanes.get(key) ?? [];
      const wish = { job, ttl: options?.ttl, signal };
      let entry = lane.at(-1);
      if (merge && lane.length > 1 && entry.merge) {
        entry.wishes.push(wish);
      } else {
        entry = { merge, wishes: [wish] };
        entry.done = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
        lane.push(entry);
        if (lane.length === 1) this.#work(key, lane);
      }
      return entry.done.finally(() => this.#count(-1));
    });
  }

  /**
   * Start a call that writes. When the client is optimistic, `write` is seen at once (`addWrite`), until
   * the server has answered, or it is taken back (`cancelWrite`, with an error if it failed).
   */
  async optimistically(write, options, start) {
    if (!this.client.options.optimistic || this.gone) return start();
    this.client.admit();
    options?.signal?.throwIfAborted();
    const done = start();
    this.addWrite(write);
    try {
      return await done;
    } catch (error) {
      this.cancelWrite(write, error);
      throw error;
    } finally {
      this.cancelWrite(write);
    }
  }

  async #work(key, lane) {
    this.#lanes.set(key, lane);
    while (lane.length) {
      const { wishes, resolve, reject } = lane[0];
      const wanted = wishes.filter(({ signal }) => !signal?.aborted);
      try {
        if (!wanted.length) throw wishes[0].signal.reason;
        const { job, signal } = wanted.at(-1);
        const ttl = wanted.findLast((wish) => wish.ttl !== undefined)?.ttl;
        // What others wait for, too, does not end with one of them.
        resolve(await job(ttl, wanted.length === 1 ? signal : undefined));
      } catch (error) {
        reject(error);
      }
      lane.shift();
    }
    this.#lanes.delete(key);
  }

  /** One write. 404 with the code of this kind of object means that it is no more. */
  async write(request) {
    if (this.gone) throw this.goneError();
    try {
      return await this.client.requests.write(request);
    } catch (error) {
      if (error.code === this.constructor.NOT_FOUND) this.onRemoved(false);
      throw error;
    }
  }

  goneError() {
    const name = this.type[0].toUpperCase() + this.type.slice(1);
    return new NotFoundError(`The ${name} has been removed`, 404, this.constructor.NOT_FOUND);
  }

  /**
   * Change what is there until nobody else has in between.
   *
   * @param {object} target `get()`, newest known {data, revision}, may be a promise; `put(data,
   *   revision)`, write it; `take(current)`, note what the server says there is; `read()`, ask it
   * @param {(data: object) => object | null | undefined} mutator gets a copy, and returns what there
   *   is to be; undefined: the copy, if it has changed it; null: leave all as it is
   * @returns what `put` returns, or undefined when it was left
   */
  async mutate(target, mutator, signal) {
    for (let attempt = 1; ; attempt += 1) {
      const { data, revision } = await target.get();
      const next = await changedBy(mutator, data);
      if (!next) return undefined;
      try {
        return await target.put(next, revision);
      } catch (error) {
        if (error.status !== 412) throw error;
        if (error.current === undefined) await target.read();
        else target.take(error.current);
      }
      signal?.throwIfAborted();
      const most = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** (attempt - HASTE));
      if (attempt > HASTE) await sleep(Math.random() * most);
    }
  }

  async setTtl(ttl, options) {
    asTtl(ttl);
    asCall(options);
    return this.enqueue(undefined, options, async () => {
      const apply = ({ body }) => {
        this.dateExpires = body.date_expires;
      };
      await this.write({
        method: 'POST',
        path: this.path(),
        body: { ttl },
        repeat: 'always',
        apply,
      });
    });
  }

  async remove(options) {
    asCall(options);
    return this.enqueue(undefined, options, async (_, signal) => {
      const apply = () => this.onRemoved(true);
      await this.write({ method: 'DELETE', path: this.path(), repeat: 'always', apply, signal });
    });
  }
}

const ENTITY = Symbol('entity');

/** The entity behind a handle that is open. */
export function entityOf(handle) {
  if (handle[ENTITY].handles.has(handle)) return handle[ENTITY];
  throw new SyncError('This handle has been closed; open the object once more');
}

/** What the application holds of an object. */
export class Handle extends Emitter {
  constructor(entity) {
    super();
    Object.defineProperty(this, ENTITY, { value: entity });
    entity.attach(this);
  }

  get sid() {
    return this[ENTITY].sid;
  }

  get type() {
    return this[ENTITY].type;
  }

  get uniqueName() {
    return this[ENTITY].uniqueName;
  }

  get uri() {
    return this[ENTITY].url;
  }

  get links() {
    return this[ENTITY].links;
  }

  get revision() {
    return this[ENTITY].revision;
  }

  get lastEventId() {
    return this[ENTITY].lastEventId;
  }

  get createdBy() {
    return this[ENTITY].createdBy;
  }

  get dateCreated() {
    return this[ENTITY].dateCreated;
  }

  get dateUpdated() {
    return this[ENTITY].dateUpdated;
  }

  get dateExpires() {
    return this[ENTITY].dateExpires;
  }

  /** Whether what is known of the object is kept up to date: subscribed, and connected. */
  get live() {
    return this[ENTITY].client.subscriptions.isLive(this[ENTITY]);
  }

  /** Own writes to the object that the server has not answered yet. */
  get pending() {
    return this[ENTITY].pending;
  }

  async setTtl(ttl, options) {
    return entityOf(this).setTtl(ttl, options);
  }

  /** End the work with this handle: no more events, and every other call is an error. */
  close() {
    this[ENTITY].detach(this);
    this.emit('closed');
    this.removeAllListeners();
  }

  [Symbol.dispose ?? Symbol('dispose')]() {
    this.close();
  }
}
