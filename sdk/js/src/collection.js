// What lists and maps have in common: items by name (an index or a key), known from answers, from
// pages and from events. Whichever comes first counts; by its number a later one is known to be
// older. What was removed is remembered by its number, too, until the events are past it.

import {
  EVENTS,
  Entity,
  Handle,
  asCall,
  asData,
  asMutator,
  asTtl,
  asWrite,
  changedBy,
  entityOf,
  eventOf,
  segment,
} from './entity.js';
import { NotFoundError, ValidationError } from './errors.js';
import { checkOptions } from './names.js';
import { OptimisticData, changeOf, isSame } from './optimistic.js';
import { Paginator } from './paginator.js';

const PAGE_SIZE = 50;
const PAGE_SIZE_MAX = 100;
const PAGE_OPTIONS = ['from', 'pageSize', 'limit', 'order', 'bounds'];

/** An item as it is now: it changes as the collection does. */
export class SyncItem {
  #root;
  #optimistic = null;

  constructor(root) {
    this.take(root);
  }

  /** @internal The server has said this. `write`: it answered that one. */
  take(root, write) {
    this.#root = root;
    this.#optimistic?.rebase(root.data, write);
  }

  /** @internal */
  addWrite(write) {
    this.#optimistic ??= new OptimisticData(this.#root.data);
    this.#optimistic.add(write);
  }

  /** @internal */
  cancelWrite(write) {
    return this.#optimistic?.cancel(write) ?? false;
  }

  /** @internal {data, revision} as the server has them. */
  get confirmed() {
    return this.#root;
  }

  get data() {
    return this.pending ? this.#optimistic.view : this.#root.data;
  }

  /** Whether own writes that the server has not answered are in the data. */
  get pending() {
    return this.#optimistic?.pending ?? false;
  }

  /** The same as `data`. */
  get value() {
    return this.data;
  }

  get revision() {
    return this.#root.revision;
  }

  get lastEventId() {
    return this.#root.last_event_id;
  }

  get createdBy() {
    return this.#root.created_by;
  }

  get dateUpdated() {
    return new Date(this.#root.date_updated);
  }

  get dateExpires() {
    return this.#root.date_expires;
  }

  get url() {
    return this.#root.url;
  }

  get uri() {
    return this.#root.url;
  }
}

export class CollectionEntity extends Entity {
  #items = new Map(); // name -> item
  #removed = new Map(); // name -> number of the removal, until the events are past it
  #drafts = new Map(); // name, or the write that pushes it -> item that only pending writes know

  /**
   * @param {object} kind `type`, `field` ('index' or 'key'), `Item`, `itemNotFound` (code)
   * @param {object} root may have `items`
   */
  constructor(client, kind, root) {
    super(client, kind.type, root);
    this.kind = kind;
    for (const item of root.items ?? []) this.#store(item);
  }

  // --- what is known ---

  takeFresh(root) {
    this.#items.clear();
    this.#removed.clear();
    this.takeRoot(root);
    this.broadcast('reset', {});
  }

  #name(root) {
    return root[this.kind.field];
  }

  #store(root, write) {
    const name = this.#name(root);
    const known = this.#items.get(name);
    if (known) known.take({ ...root, created_by: root.created_by ?? known.createdBy }, write);
    const item = known ?? this.#takeDraft(root, write) ?? new this.kind.Item(root);
    this.#removed.delete(name);
    this.#items.delete(name); // to the end: the oldest go first
    this.#items.set(name, item);
    if (this.#items.size > this.client.options.itemsMax)
      this.#items.delete(this.#items.keys().next().value);
    return item;
  }

  #takeDraft(root, write) {
    const name = this.#name(root);
    const key = this.#drafts.has(name) ? name : write;
    const draft = this.#drafts.get(key);
    if (!draft) return undefined;
    this.#drafts.delete(key);
    draft[this.kind.field] = name;
    draft.take(root, write);
    return draft;
  }

  // Whether what has this number is news of the item.
  #isNews(name, id, isLocal) {
    const known = this.#items.get(name)?.lastEventId ?? this.#removed.get(name);
    return known === undefined ? isLocal || id > this.lastEventId : id > known;
  }

  #advance(id, revision, date) {
    if (date > this.dateUpdated) this.dateUpdated = date;
    if (id <= this.lastEventId) return;
    this.lastEventId = id;
    if (revision !== undefined) this.revision = revision;
    for (const [name, removal] of this.#removed) if (removal <= id) this.#removed.delete(name);
  }

  // --- what happens ---

  onEstablished(lastEventId) {
    if (lastEventId > this.lastEventId) this.lastEventId = lastEventId;
  }

  onEvent(type, event) {
    if (type === `${this.type}_removed`) {
      this.onRemoved(false);
      return;
    }
    const date = new Date(event.date_created);
    const name = event[`item_${this.kind.field}`];
    if (type.endsWith('_item_removed')) {
      this.#onItemRemoved(name, event.id, event.item_data, false);
    } else if (type.endsWith('_item_added') || type.endsWith('_item_updated')) {
      this.#onItem(
        {
          [this.kind.field]: name,
          url: event.item_url,
          revision: event.item_revision,
          last_event_id: event.id,
          date_updated: event.date_created,
          date_expires: event.date_expires,
          data: event.item_data,
        },
        { added: type.endsWith('added'), isLocal: false },
      );
    }
    this.#advance(event.id, event[`${this.type}_revision`], date);
  }

  #onItem(root, { added, isLocal, write }) {
    const name = this.#name(root);
    if (!this.#isNews(name, root.last_event_id, isLocal)) return;
    const draft = this.#drafts.get(name) ?? this.#drafts.get(write);
    const known = this.#items.get(name);
    const previousItemData = (known ?? draft)?.data ?? null;
    const isPlaced = draft?.[this.kind.field] === name;
    const item = this.#store(root, write);
    if (draft && !known)
      added = false; // it was told of
    else this.#dropDraft(write);
    // An optimistic client has told of its own writes before: it tells of what looks different.
    const isTold = this.client.options.optimistic && (known || (draft && isPlaced));
    if (!isTold || !isSame(item.data, previousItemData))
      this.#reportItem(item, { added, isLocal, previousItemData });
  }

  #reportItem(item, { added, isLocal, previousItemData }) {
    const pending = this.pendingMember(item.pending);
    const members = added ? { item, isLocal } : { item, isLocal, previousItemData };
    this.report(
      added ? 'itemAdded' : 'itemUpdated',
      eventOf(item.data, { ...members, ...pending }),
    );
  }

  // --- pending writes ---

  /** `write` has `name` (null: a push) and `creates`, whether it makes an item that is not there. */
  addWrite(write) {
    const { name, creates } = write;
    const known = this.#items.get(name) ?? this.#drafts.get(name);
    if (!known && !creates) return; // what it will make is not known
    const date = new Date().toISOString();
    const item =
      known ??
      new this.kind.Item({ [this.kind.field]: name, data: {}, revision: null, date_updated: date });
    const previousItemData = item.data;
    write.item = item;
    item.addWrite(write);
    if (!known) this.#drafts.set(name ?? write, item);
    if (!known || !isSame(item.data, previousItemData))
      this.#reportItem(item, { added: !known, isLocal: true, previousItemData });
  }

  cancelWrite(write, error) {
    const { item } = write;
    const previousItemData = item?.data;
    if (!item?.cancelWrite(write)) return;
    if (!item.pending) this.#dropDraft(write.name ?? write, previousItemData);
    const isThere = this.#items.get(item[this.kind.field]) === item;
    if (isThere && !isSame(item.data, previousItemData))
      this.#reportItem(item, { added: false, isLocal: true, previousItemData });
    if (error) this.broadcast('rolledBack', { error, item });
  }

  #dropDraft(key, previousItemData) {
    const item = this.#drafts.get(key);
    if (!item) return;
    this.#drafts.delete(key);
    const { field } = this.kind;
    const members = { [field]: item[field], item, isLocal: true, previousItemData };
    this.report('itemRemoved', eventOf(previousItemData, members));
  }

  #onItemRemoved(name, id, data, isLocal) {
    if (!this.#isNews(name, id, isLocal)) return;
    const previousItemData = data ?? this.#items.get(name)?.data ?? null;
    this.#items.delete(name);
    this.#removed.set(name, id);
    const members = { [this.kind.field]: name, isLocal, previousItemData };
    this.report('itemRemoved', eventOf(previousItemData, members));
  }

  // --- reading ---

  // Of an item that memory has, memory is right as long as the events keep it so; and there is
  // nothing better while there is no connection.
  async get(name, fresh = false) {
    this.checkName(name);
    if (this.gone) throw this.goneError();
    const known = this.#items.get(name);
    if (known && !fresh && (this.client.isOffline() || this.client.subscriptions.isLive(this)))
      return known;
    const [item] = (await this.#page({ [this.kind.field]: name })).items;
    if (item) return item;
    throw this.#itemMissing(name);
  }

  /** As `get`, with an item that only pending writes know. */
  async find(name) {
    return this.#drafts.get(name) ?? this.get(name);
  }

  #itemMissing(name) {
    this.#items.delete(name);
    const message = `There is no item with ${this.kind.field} ${JSON.stringify(name)}`;
    return new NotFoundError(message, 404, this.kind.itemNotFound);
  }

  async getItems(query = {}) {
    checkOptions('getItems()', query, [...PAGE_OPTIONS, this.kind.field]);
    const { pageSize, limit, from, order = 'asc', bounds, [this.kind.field]: name } = query;
    const size = pageSize ?? limit ?? PAGE_SIZE;
    if (!(Number.isInteger(Number(size)) && size > 0))
      throw new ValidationError('pageSize must be a whole number above 0', 400, 20001);
    if (name !== undefined) return this.#page({ [this.kind.field]: name });
    if (this.client.isOffline() && this.#items.size + this.#drafts.size > 0)
      return this.#fromMemory({ from, order, size });
    return this.#page({ from, order, bounds, pageSize: Math.min(size, PAGE_SIZE_MAX) });
  }

  async #page(query) {
    const params = {};
    for (const [name, value] of Object.entries(query)) {
      if (value === undefined) continue;
      params[name[0].toUpperCase() + name.slice(1)] = segment(value);
    }
    const { body } = await this.readOf(this.path('Items'), params);
    const items = body.items.map((root) => this.#takeRead(root));
    const other = (pageToken) => pageToken && (() => this.#page({ pageToken }));
    return new Paginator(items, other(body.meta.next_token), other(body.meta.previous_token));
  }

  #takeRead(root) {
    const name = this.#name(root);
    const known = this.#items.get(name);
    if (!known && !this.#removed.has(name)) return this.#store(root);
    if (known) this.#onItem(root, { added: false, isLocal: false });
    return this.#items.get(name) ?? new this.kind.Item(root);
  }

  // As far as memory goes.
  #fromMemory({ from, order, size }) {
    const sign = order === 'desc' ? -1 : 1;
    const compare = (a, b) => (a === b ? 0 : a < b ? -sign : sign);
    const nameOf = (item) => item[this.kind.field] ?? Infinity; // pushes have none yet
    const all = [...this.#items.values(), ...this.#drafts.values()]
      .filter((item) => from === undefined || compare(nameOf(item), from) >= 0)
      .sort((a, b) => compare(nameOf(a), nameOf(b)));
    const isThere = (item) =>
      this.#items.get(nameOf(item)) === item || [...this.#drafts.values()].includes(item);
    const pageAt = (at) => {
      const items = all.slice(at, at + size).filter(isThere);
      const next = at + size < all.length && (async () => pageAt(at + size));
      const previous = at > 0 && (async () => pageAt(Math.max(0, at - size)));
      return new Paginator(items, next, previous, true);
    };
    return pageAt(0);
  }

  async readOf(path, params) {
    try {
      return await this.client.requests.read(path, params);
    } catch (error) {
      if (error.code === this.constructor.NOT_FOUND) this.onRemoved(false);
      throw error;
    }
  }

  // --- writing ---

  /** Write an item; `request` says how. Resolves with the item as it is then. */
  async putItem(request, data, write) {
    const isPush = write.name === null;
    const apply = ({ status, body }) => {
      const added = isPush || (request.method === 'PUT' && status === 201);
      this.#onItem({ ...body, data }, { added, isLocal: true, write });
    };
    const { body } = await this.write({ ...request, apply });
    return this.#items.get(this.#name(body)) ?? new this.kind.Item({ ...body, data });
  }

  setItem(name, value, options, method) {
    this.checkName(name);
    const data = asData(value);
    asWrite(options);
    const job = async (ttl, signal) => {
      // Lists: the item must be there, and its old data is part of the event.
      if (method === 'POST') await this.get(name);
      const request = { ...this.#change(name, data, ttl), method, signal, repeat: 'always' };
      return this.putItem(request, data, write);
    };
    const write = { name, creates: method === 'PUT', change: () => data };
    return this.optimistically(write, options, () => this.enqueue(name, options, job, true));
  }

  changeItem(name, mutator, options, method, absent) {
    this.checkName(name);
    asMutator(mutator);
    asWrite(options);
    const write = { name, change: changeOf((data) => changedBy(mutator, data)) };
    const job = async (ttl, signal) => {
      const target = {
        get: () =>
          this.get(name).then(
            ({ confirmed }) => confirmed,
            (error) => {
              if (!absent || error.code !== this.kind.itemNotFound) throw error;
              return absent;
            },
          ),
        put: (data, ifMatch) =>
          this.putItem({ ...this.#change(name, data, ttl), method, ifMatch, signal }, data, write),
        take: (current) => {
          if (!current) throw this.#itemMissing(name);
          this.#takeRead(current);
        },
        read: () => this.get(name, true),
      };
      const item = await this.mutate(target, mutator, signal);
      return item ?? (await this.get(name).catch(() => undefined));
    };
    return this.optimistically(write, options, () => this.enqueue(name, options, job));
  }

  #change(name, data, ttl) {
    return { path: this.path('Items', name), body: ttl === undefined ? { data } : { data, ttl } };
  }

  setItemTtl(name, ttl, options) {
    this.checkName(name);
    asTtl(ttl);
    asCall(options);
    return this.enqueue(name, options, async (_, stop) => {
      const item = await this.get(name);
      const path = this.path('Items', name);
      const apply = ({ body }) => {
        if (this.#items.get(name) === item) this.#store({ ...body, data: item.confirmed.data });
      };
      await this.write({
        method: 'POST',
        path,
        body: { ttl },
        repeat: 'always',
        apply,
        signal: stop,
      });
    });
  }

  removeItem(name, options) {
    this.checkName(name);
    asCall(options);
    return this.enqueue(name, options, async (_, signal) => {
      const { data } = await this.get(name);
      const path = this.path('Items', name);
      const apply = ({ body }) => this.#onItemRemoved(name, body.last_event_id, data, true);
      await this.write({ method: 'DELETE', path, repeat: 'always', apply, signal });
    });
  }
}

/**
 * Events: `itemAdded` {item, isLocal}, `itemUpdated` {item, previousItemData, isLocal},
 * `itemRemoved` {index or key, previousItemData, isLocal}, `removed` {isLocal}, `failure` (error),
 * `reset` (what was missed could not be told: read again), `pendingChanged` (count), `rolledBack`
 * {error, item}.
 */
export class Collection extends Handle {
  static events = [
    'itemAdded',
    'itemUpdated',
    'itemRemoved',
    'removed',
    'reset',
    'rolledBack',
    ...EVENTS,
  ];
  static itemAdded = 'itemAdded';
  static itemUpdated = 'itemUpdated';
  static itemRemoved = 'itemRemoved';
  static removed = 'removed';

  async setItemTtl(name, ttl, options) {
    return entityOf(this).setItemTtl(name, ttl, options);
  }

  /** An item; rejects with NotFoundError when there is none. */
  async get(name) {
    return entityOf(this).find(name);
  }

  async remove(name, options) {
    return entityOf(this).removeItem(name, options);
  }

  /**
   * A page of items. Query: `from` (a name, whether or not there is such an item), `order` ('asc'
   * or 'desc'), `pageSize` (50; at most 100).
   */
  async getItems(query) {
    return entityOf(this).getItems(query);
  }

  /** All items, in order, page by page. */
  async *[Symbol.asyncIterator]() {
    yield* await this.getItems({ pageSize: PAGE_SIZE_MAX });
  }
}
