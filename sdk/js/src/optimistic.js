// Data as the application sees it while own writes are pending, with the client's option `optimistic`:
// what the server said last, and over it what each pending write makes of that. When the server says
// something else, the pending writes are applied once more over that (a rebase).

/** @typedef {{change: (data: object) => object, after?: object}} PendingWrite `after`: what it gave */

export const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** The change of a mutator; `change(data)` gives the new data, null for none, or a promise. */
export function changeOf(change) {
  return (data) => {
    try {
      const next = change(data);
      if (typeof next?.then !== 'function') return next ?? data;
      next.then(undefined, () => {}); // an asynchronous mutator shows when the server has answered
    } catch {
      // the call itself rejects
    }
    return data;
  };
}

export class OptimisticData {
  #confirmed;
  #writes = [];

  constructor(confirmed) {
    this.#confirmed = confirmed;
    this.view = confirmed;
  }

  get pending() {
    return this.#writes.length > 0;
  }

  /** @param {PendingWrite} write */
  add(write) {
    this.#writes.push(write);
    write.after = this.view = write.change(this.view);
  }

  /** The server has said what the data is. `write`: it answered that one, and all before it. */
  rebase(confirmed, write) {
    this.#confirmed = confirmed;
    this.#writes.splice(0, this.#writes.indexOf(write) + 1);
    if (!this.pending || !write || !isSame(confirmed, write.after)) this.#apply();
  }

  /** Take back what is pending no more. Returns whether it was. */
  cancel(write) {
    const at = this.#writes.indexOf(write);
    if (at < 0) return false;
    this.#writes.splice(at, 1);
    this.#apply();
    return true;
  }

  #apply() {
    this.view = this.#confirmed;
    for (const write of this.#writes) write.after = this.view = write.change(this.view);
  }
}
