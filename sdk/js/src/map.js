// A map: items by key, any text of 1 to 320 characters, in the order of JavaScript's strings.

import { Collection, CollectionEntity, SyncItem } from './collection.js';
import { entityOf, updater } from './entity.js';
import { ValidationError } from './errors.js';

export class SyncMapItem extends SyncItem {
  constructor(root) {
    super(root);
    this.key = root.key;
  }

  get cacheKey() {
    return this.key;
  }
}

const MAP = { type: 'map', field: 'key', Item: SyncMapItem, itemNotFound: 54201 };
const ABSENT = { data: {}, revision: '-1' }; // as If-Match: only if there is no such item

export class MapEntity extends CollectionEntity {
  static NOT_FOUND = 54200;

  constructor(client, root) {
    super(client, MAP, root);
  }

  checkName(key) {
    if (typeof key !== 'string' || key === '')
      throw new ValidationError('A key is a text that is not empty', 400, 54209);
  }

  change(key, mutator, options) {
    return this.changeItem(key, mutator, options, 'PUT', ABSENT);
  }
}

export class SyncMap extends Collection {
  static type = 'map';

  /** Create the item or replace its data. Resolves with the item. */
  async set(key, data, options) {
    return entityOf(this).setItem(key, data, options, 'PUT');
  }

  /** As of documents; of a key that is not there the mutator gets {}. */
  async mutate(key, mutator, options) {
    return entityOf(this).change(key, mutator, options);
  }

  async update(key, members, options) {
    return this.mutate(key, updater(members), options);
  }

  async removeMap(options) {
    return entityOf(this).remove(options);
  }
}
