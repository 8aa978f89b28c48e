// Queries over the items of a map: once, or with whatever changes from then on.

import { Emitter } from './emitter.js';
import { EVENTS, Entity, Handle, entityOf } from './entity.js';
import { ValidationError } from './errors.js';

/** An item that matches, as `itemUpdated` of a live query brings it. */
export class InsightsItem {
  constructor(key, value, lastEventId) {
    this.key = key;
    this.value = value;
    this.lastEventId = lastEventId;
  }
}

/** Ask once. Resolves with {query_id, last_event_id, items: [{key, data, revision}]}. */
export async function runQuery(client, indexName, queryString, options) {
  if (typeof queryString !== 'string')
    throw new ValidationError('A query is a text; "" matches all', 400, 54507);
  const { body } = await client.requests.ask({
    method: 'POST',
    path: `/v3/Insights/${encodeURIComponent(indexName)}/Items`,
    body: { query_string: queryString, ...options },
    repeat: 'always',
  });
  return body;
}

function snapshotOf(items) {
  return Object.fromEntries([...items].map(({ key, value }) => [key, value]));
}

export class LiveQueryEntity extends Entity {
  static NOT_FOUND = 54502;

  #items = new Map(); // key -> InsightsItem
  #removed = new Map(); // key -> number

  constructor(client, indexName, queryString, { query_id: sid, last_event_id, items }) {
    super(client, 'live_query', { sid, last_event_id });
    this.indexName = indexName;
    this.queryString = queryString;
    for (const { key, data, revision } of items ?? [])
      this.#items.set(key, new InsightsItem(key, data, revision));
  }

  snapshot() {
    return snapshotOf(this.#items.values());
  }

  onEvent(type, event) {
    if (type === 'live_query_item_updated') this.#update(event);
    else if (type === 'live_query_item_removed') this.#remove(event);
    else if (type === 'live_query_updated') this.#replace(event.items ?? []);
    if (event.last_event_id > this.lastEventId) this.#advance(event.last_event_id);
  }

  #advance(id) {
    this.lastEventId = id;
    for (const [key, removal] of this.#removed) if (removal <= id) this.#removed.delete(key);
  }

  #isNews(key, revision) {
    const known = this.#items.get(key)?.lastEventId ?? this.#removed.get(key);
    return known === undefined || revision === undefined || revision > known;
  }

  #update({ item_key: key, item_data: data, item_revision: revision }) {
    if (!this.#isNews(key, revision)) return;
    const item = new InsightsItem(key, data, revision);
    this.#removed.delete(key);
    this.#items.set(key, item);
    this.broadcast('itemUpdated', item);
  }

  // Events may tell of items that never matched; they are no removals to anybody.
  #remove({ item_key: key, item_revision: revision }) {
    if (!this.#isNews(key, revision)) return;
    if (revision !== undefined) this.#removed.set(key, revision);
    if (this.#items.delete(key)) this.broadcast('itemRemoved', { key });
  }

  #replace(items) {
    const keys = new Set(items.map(({ key }) => key));
    for (const key of [...this.#items.keys()]) if (!keys.has(key)) this.#remove({ item_key: key });
    for (const { key, data, revision } of items)
      this.#update({ item_key: key, item_data: data, item_revision: revision });
  }

  // What was missed is not kept: ask the query once more.
  async resync() {
    try {
      const answer = await runQuery(this.client, this.indexName, this.queryString, {
        type: 'live_query',
      });
      this.#replace(answer.items);
      this.lastEventId = answer.last_event_id;
    } catch (error) {
      this.broadcast('failure', error);
      return;
    }
    if (this.handles.size && !this.gone) this.client.subscriptions.add(this);
  }
}

/** Events: `itemUpdated` (InsightsItem), `itemRemoved` {key}, `removed`, `failure` (error). */
export class LiveQuery extends Handle {
  static type = 'live_query';
  static events = ['itemUpdated', 'itemRemoved', 'removed', ...EVENTS];
  static itemUpdated = 'itemUpdated';
  static itemRemoved = 'itemRemoved';

  /** What matches now: data by key. */
  getItems() {
    return entityOf(this).snapshot();
  }
}

/** Events: `searchResult` (data by key). */
export class InstantQuery extends Emitter {
  static type = 'instant_query';
  static events = ['searchResult'];
  static searchResult = 'searchResult';

  #client;
  #indexName;
  #queryString = null;
  #items = {};

  constructor(client, indexName) {
    super();
    this.#client = client;
    this.updateIndexName(indexName);
  }

  get type() {
    return InstantQuery.type;
  }

  /** Ask; `searchResult` follows when there is an answer. */
  async search(queryString) {
    this.#items = {};
    this.#queryString = null;
    const { items } = await runQuery(this.#client, this.#indexName, queryString);
    this.#queryString = queryString;
    this.#items = snapshotOf(items.map(({ key, data }) => ({ key, value: data })));
    this.emit('searchResult', this.#items);
  }

  /** The last search as a live query. */
  async subscribe() {
    if (this.#queryString === null)
      throw new ValidationError('There was no search yet: call search() first', 400, 54507);
    return this.#client.liveQuery(this.#indexName, this.#queryString);
  }

  getItems() {
    return this.#items;
  }

  updateIndexName(indexName) {
    if (typeof indexName !== 'string' || indexName === '')
      throw new ValidationError('An index is named by a text that is not empty', 400, 54502);
    this.#indexName = indexName;
  }
}
