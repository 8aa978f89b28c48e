// React (18 or newer): what there is of an object now, for components.
//
// A component that appears opens the object, one that goes closes its handle of it. What it renders
// is one immutable snapshot, made anew with each change.

import { SyncError } from './errors.js';
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';

const LOADING = { status: 'loading', error: null, data: undefined, items: [], live: false };

// One object as a store. `read(object)`: what a snapshot has of it; `names`: events that change it.
class Store {
  #listeners = new Set();
  #object = null;
  snapshot = LOADING;

  constructor(open, read, names) {
    Object.assign(this, { open, read, names });
  }

  subscribe = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  get = () => this.snapshot;

  get object() {
    return this.#object;
  }

  /** Open the object; returns what closes it. */
  start() {
    let gone = false;
    this.open()
      .then(
        async (object) => {
          if (gone) {
            object.close();
            return;
          }
          this.#object = object;
          const changed = () => this.#show(object, 'ready');
          for (const name of this.names) object.on(name, changed);
          object.on('failure', (error) => this.#put({ ...this.snapshot, error }));
          object.on('removed', () => this.#show(object, 'removed'));
          await this.load?.(object, () => gone, changed);
          if (!gone && this.snapshot.status === 'loading') changed();
        },
        (error) => !gone && this.#put({ ...LOADING, status: 'error', error }),
      )
      .catch((error) => !gone && this.#put({ ...LOADING, status: 'error', error }));
    return () => {
      gone = true;
      this.#object?.close();
      this.#object = null;
      this.snapshot = LOADING;
    };
  }

  #show(object, status) {
    this.#put({ ...LOADING, ...this.read(object), status, live: object.live });
  }

  #put(snapshot) {
    this.snapshot = snapshot;
    this.#listeners.forEach((listener) => listener());
  }
}

function useStore(make, dependencies) {
  const store = useMemo(make, dependencies);
  const snapshot = useSyncExternalStore(store.subscribe, store.get, store.get);
  useEffect(() => store.start(), [store]);
  const call = useCallback(
    (method) =>
      (...values) =>
        store.object
          ? store.object[method](...values)
          : Promise.reject(
              new SyncError('The object is not open yet: wait for the status "ready"'),
            ),
    [store],
  );
  return { snapshot, call, store };
}

// Options as an object literal are new at each rendering; what they say is not.
function useOptions(options) {
  const text = JSON.stringify(options ?? {});
  const [kept] = useState(() => ({ current: options ?? {} }));
  const before = useRef(text);
  if (before.current !== text) {
    before.current = text;
    kept.current = options ?? {};
  }
  return [kept.current, text];
}

/** {status, data, error, live, document, set, mutate, update} */
export function useDocument(client, id, options) {
  const [given, text] = useOptions(options);
  const { snapshot, call, store } = useStore(
    () =>
      new Store(
        () => client.document({ ...given, id }),
        ({ data }) => ({ data }),
        ['updated'],
      ),
    [client, id, text],
  );
  const { status, data, error, live } = snapshot;
  return {
    status,
    data,
    error,
    live,
    document: store.object,
    ...methods(call, ['set', 'mutate', 'update']),
  };
}

/** {status, items, error, live, list, push, set, mutate, update, remove} */
export function useList(client, id, options) {
  return useCollection(client, 'list', 'index', id, options, [
    'push',
    'set',
    'mutate',
    'update',
    'remove',
  ]);
}

/** {status, items, error, live, map, set, mutate, update, remove} */
export function useMap(client, id, options) {
  return useCollection(client, 'map', 'key', id, options, ['set', 'mutate', 'update', 'remove']);
}

function useCollection(client, kind, field, id, options, names) {
  const [given, text] = useOptions(options);
  const { snapshot, call, store } = useStore(
    () => collectionStore(client, kind, field, { ...given, id }),
    [client, kind, id, text],
  );
  const { status, items, error, live } = snapshot;
  return { status, items, error, live, [kind]: store.object, ...methods(call, names) };
}

// Items of all pages, then events; a snapshot of an item never changes.
function collectionStore(client, kind, field, options) {
  const known = new Map();
  const take = ({ item }) => {
    known.delete(item); // a push that has got its index
    const { data, revision, pending } = item;
    known.set(item[field] ?? item, { [field]: item[field], data, revision, pending });
  };
  // Pushes that have no index yet come last.
  const sorted = () =>
    [...known.values()].sort((a, b) => compare(a[field] ?? Infinity, b[field] ?? Infinity));
  const open = async () => {
    known.clear();
    const object = await client[kind](options);
    for (const name of ['itemAdded', 'itemUpdated']) object.on(name, take);
    object.on('itemRemoved', (event) => known.delete(event[field] ?? event.item));
    return object;
  };
  const store = new Store(open, () => ({ items: sorted() }), [
    'itemAdded',
    'itemUpdated',
    'itemRemoved',
  ]);
  store.load = async (object, isGone, changed) => {
    const load = async () => {
      known.clear();
      for await (const item of object) {
        if (isGone()) return;
        take({ item });
      }
      changed();
    };
    object.on('reset', () => load().catch(() => {}));
    await load();
  };
  return store;
}

const compare = (a, b) => (a === b ? 0 : a < b ? -1 : 1);

const methods = (call, names) => Object.fromEntries(names.map((name) => [name, call(name)]));
