// A list: items with indexes that the server gives, from 0, never given twice.

import { Collection, CollectionEntity, SyncItem } from './collection.js';
import { asData, asWrite, entityOf, updater } from './entity.js';
import { ValidationError } from './errors.js';

export class SyncListItem extends SyncItem {
  constructor(root) {
    super(root);
    this.index = root.index;
  }

  get cacheKey() {
    return this.index;
  }
}

const LIST = { type: 'list', field: 'index', Item: SyncListItem, itemNotFound: 54151 };

export class ListEntity extends CollectionEntity {
  static NOT_FOUND = 54150;

  constructor(client, root) {
    super(client, LIST, root);
  }

  checkName(index) {
    if (!Number.isSafeInteger(index) || index < 0)
      throw new ValidationError('An index is a whole number from 0', 400, 54152);
  }

  push(value, options) {
    const data = asData(value);
    asWrite(options);
    // Pushes need not wait for each other: the server takes them as they were sent.
    const write = { name: null, creates: true, change: () => data };
    const job = (ttl, signal) => {
      const body = ttl === undefined ? { data } : { data, ttl };
      const request = { method: 'POST', path: this.path('Items'), body, signal };
      return this.putItem(request, data, write);
    };
    return this.optimistically(write, options, () => this.enqueue(Symbol('push'), options, job));
  }

  async context() {
    const { body } = await this.readOf(this.path('Context'));
    return body.data;
  }
}

export class SyncList extends Collection {
  static type = 'list';
  // twilio-sync has that name, too, and never tells of it.
  static events = [...Collection.events, 'contextUpdated'];

  /** Add an item at the end. Resolves with it. */
  async push(data, options) {
    return entityOf(this).push(data, options);
  }

  async set(index, data, options) {
    return entityOf(this).setItem(index, data, options, 'POST');
  }

  async mutate(index, mutator, options) {
    return entityOf(this).changeItem(index, mutator, options, 'POST');
  }

  async update(index, members, options) {
    return this.mutate(index, updater(members), options);
  }

  async getContext() {
    return entityOf(this).context();
  }

  async removeList(options) {
    return entityOf(this).remove(options);
  }
}
