// A document: one JSON object with a revision.

import {
  EVENTS,
  Entity,
  Handle,
  asData,
  asMutator,
  asWrite,
  entityOf,
  changedBy,
  eventOf,
  updater,
} from './entity.js';
import { OptimisticData, changeOf, isSame } from './optimistic.js';

export class DocumentEntity extends Entity {
  static NOT_FOUND = 54100;

  #optimistic;

  constructor(client, root) {
    super(client, 'document', root);
    this.data = root.data ?? {};
    this.#optimistic = new OptimisticData(this.data);
  }

  /** The data with what pending writes make of it. */
  get view() {
    return this.#optimistic.view;
  }

  /**
   * Newer state than what there is, from whoever: note it, and say so. `write`: the own one that made
   * it.
   */
  take({ data, isLocal, write, ...root }) {
    if (root.last_event_id <= this.lastEventId) return;
    const previousData = this.view;
    this.takeRoot({ ...root, date_expires: root.date_expires ?? null });
    this.data = data;
    this.#optimistic.rebase(data, write);
    this.#report(previousData, isLocal, root.changed_by);
  }

  // An optimistic client has told of its own writes before: it tells of what looks different.
  #report(previousData, isLocal, changedBy) {
    const data = this.view;
    if (this.client.options.optimistic && isSame(data, previousData)) return;
    const pending = this.pendingMember(this.#optimistic.pending);
    const event = eventOf(data, { data, isLocal, previousData, ...pending });
    // Also when nobody knows: no member of the data is to stand in for it.
    Object.defineProperty(event, 'changedBy', {
      value: changedBy,
      enumerable: changedBy !== undefined,
    });
    this.report('updated', event);
  }

  addWrite(write) {
    const previousData = this.view;
    this.#optimistic.add(write);
    this.#report(previousData, true);
  }

  cancelWrite(write, error) {
    const previousData = this.view;
    if (!this.#optimistic.cancel(write)) return;
    if (!this.gone) this.#report(previousData, true);
    if (error) this.broadcast('rolledBack', { error, data: this.view, previousData });
  }

  takeFresh(root) {
    this.take({ ...root, isLocal: false });
  }

  removal(isLocal) {
    return eventOf(this.view, { isLocal, previousData: this.view });
  }

  onEvent(type, event) {
    if (type === 'document_removed') this.onRemoved(false);
    else if (type === 'document_updated') {
      this.takeFresh({
        revision: event.document_revision,
        last_event_id: event.id,
        date_updated: event.date_created,
        date_expires: event.date_expires,
        data: event.document_data,
        changed_by: event.changed_by,
      });
    }
  }

  set(value, options) {
    const data = asData(value);
    asWrite(options);
    const write = { change: () => data };
    const job = (ttl, signal) => this.#put(write, data, undefined, ttl, signal);
    return this.optimistically(write, options, () => this.enqueue('data', options, job, true));
  }

  change(mutator, options) {
    asMutator(mutator);
    asWrite(options);
    const write = { change: changeOf((data) => changedBy(mutator, data)) };
    const job = async (ttl, signal) => {
      const target = {
        get: () => this,
        put: (data, revision) => this.#put(write, data, revision, ttl, signal),
        take: (current) => (current ? this.takeFresh(current) : this.onRemoved(false)),
        read: () => this.#read(),
      };
      await this.mutate(target, mutator, signal);
      return this.data;
    };
    return this.optimistically(write, options, () => this.enqueue('data', options, job));
  }

  async #put(write, data, ifMatch, ttl, signal) {
    const body = ttl === undefined ? { data } : { data, ttl };
    const repeat = ifMatch === undefined ? 'always' : 'guarded';
    const apply = (answer) => this.take({ ...answer.body, data, isLocal: true, write });
    await this.write({ method: 'POST', path: this.path(), body, ifMatch, repeat, apply, signal });
    return this.data;
  }

  async #read() {
    const { body } = await this.client.requests.read(this.path());
    this.takeFresh(body);
  }
}

/**
 * Events: `updated` {data, previousData, isLocal, changedBy}, `removed` {previousData, isLocal}, `failure`
 * (error), `pendingChanged` (count), `rolledBack` {error, data, previousData}. An event inherits from its data: `event.count` works, too.
 */
export class SyncDocument extends Handle {
  static type = 'document';
  static events = ['updated', 'removed', 'rolledBack', ...EVENTS];
  static updated = 'updated';
  static removed = 'removed';

  #entity;

  constructor(entity) {
    super(entity);
    this.#entity = entity;
  }

  get data() {
    return this.#entity.view;
  }

  /** The same as `data`. */
  get value() {
    return this.#entity.view;
  }

  /** Replace the data, whatever there is. Resolves with the data. */
  async set(data, options) {
    return entityOf(this).set(data, options);
  }

  /**
   * Change the data to what `mutator` makes of a copy, again and again until nobody else has
   * changed it in between; see Entity.mutate. Resolves with the data.
   */
  async mutate(mutator, options) {
    return entityOf(this).change(mutator, options);
  }

  /** Set the given members, leave the others. */
  async update(members, options) {
    return this.mutate(updater(members), options);
  }

  async removeDocument(options) {
    return entityOf(this).remove(options);
  }
}
