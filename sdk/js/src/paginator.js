// A page of items, and the way to its neighbours.

import { SyncError } from './errors.js';

export class Paginator {
  #next;
  #previous;

  /** `next`, `previous`: make the neighbour's promise; falsy: there is none. */
  constructor(items, next, previous, fromMemory = false) {
    this.items = items;
    /** Whether there was no connection, and these are what memory has. */
    this.fromMemory = fromMemory;
    this.#next = next;
    this.#previous = previous;
  }

  get hasNextPage() {
    return Boolean(this.#next);
  }

  get hasPrevPage() {
    return Boolean(this.#previous);
  }

  async nextPage() {
    if (!this.#next) throw new SyncError('This is the last page; see hasNextPage');
    return this.#next();
  }

  async prevPage() {
    if (!this.#previous) throw new SyncError('This is the first page; see hasPrevPage');
    return this.#previous();
  }

  /** The items of this page and all that follow. */
  async *[Symbol.asyncIterator]() {
    for (let page = this; ; page = await page.nextPage()) {
      yield* page.items;
      if (!page.hasNextPage) return;
    }
  }
}
