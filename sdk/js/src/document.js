// A document: one JSON object with a revision.

import { EVENTS, Entity, Handle, asData, asMutator, asWrite, entityOf, eventOf, updater } from './entity.js';

export class DocumentEntity extends Entity {
  static NOT_FOUND = 54100;

  constructor(client, root) {
    super(client, 'document', root);
    this.data = root.data ?? {};
  }

  /** Newer state than what there is, from whoever: note it, and say so. */
  take({ data, isLocal, ...root }) {
    if (root.last_event_id <= this.lastEventId) return;
    const previousData = this.data;
    this.takeRoot({ ...root, date_expires: root.date_expires ?? null });
    this.data = data;
    const event = eventOf(data, { data, isLocal, previousData });
    // Also when nobody knows: no member of the data is to stand in for it.
    const value = root.changed_by;
    Object.defineProperty(event, 'changedBy', { value, enumerable: value !== undefined });
    this.report('updated', event);
  }

  takeFresh(root) {
    this.take({ ...root, isLocal: false });
  }

  removal(isLocal) {
    return eventOf(this.data, { isLocal, previousData: this.data });
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
    return this.enqueue(
      'data',
      options,
      (ttl, signal) => this.#put(data, undefined, ttl, signal),
      true,
    );
  }

  change(mutator, options) {
    asMutator(mutator);
    asWrite(options);
    return this.enqueue('data', options, async (ttl, signal) => {
      const target = {
        get: () => this,
        put: (data, revision) => this.#put(data, revision, ttl, signal),
        take: (current) => (current ? this.takeFresh(current) : this.onRemoved(false)),
        read: () => this.#read(),
      };
      await this.mutate(target, mutator, signal);
      return this.data;
    });
  }

  async #put(data, ifMatch, ttl, signal) {
    const body = ttl === undefined ? { data } : { data, ttl };
    const repeat = ifMatch === undefined ? 'always' : 'guarded';
    const apply = (answer) => this.take({ ...answer.body, data, isLocal: true });
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
 * (error), `pendingChanged` (count). An event inherits from its data: `event.count` works, too.
 */
export class SyncDocument extends Handle {
  static type = 'document';
  static events = ['updated', 'removed', ...EVENTS];
  static updated = 'updated';
  static removed = 'removed';

  #entity;

  constructor(entity) {
    super(entity);
    this.#entity = entity;
  }

  get data() {
    return this.#entity.data;
  }

  /** The same as `data`. */
  get value() {
    return this.#entity.data;
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
