// Mutations that the server has not answered yet, in the order in which they were made. This is the seam for a queue
// that survives a reload: whoever replaces it keeps `items` and the last number with the client id.
// Invariant: numbers are given when a mutation is first sent, are contiguous, and never change afterwards unless the
// server says that it has lost count.

/**
 * @typedef {object} Mutation
 * @property {number} [mid]
 * @property {string} op
 * @property {string} collection
 * @property {any} id
 * @property {any} data
 * @property {number} [seq] where the write is in the log, once it is answered
 * @property {(error: any, row?: any, seq?: number) => void} done
 */

export function createOutbox() {
  let last = 0;
  const outbox = {
    /** @type {Mutation[]} */
    items: [],
    /** The wire form of `list`; what has no number yet gets one. @param {Mutation[]} list */
    frame: (list = outbox.items) => ['M', list.map((item) => [item.mid = item.mid || ++last, item.op, item.collection, item.id, item.data])],
    /** The highest number of which, as of all below it, the answer is here. */
    settled: () => (outbox.items[0]?.mid || last + 1) - 1,
    /** The server has seen numbers up to `seen` only: the rest is numbered again. @param {number} seen */
    renumber(seen) {
      last = seen;
      outbox.items.forEach((item) => { if (item.mid > seen) item.mid = ++last; });
    },
  };
  return outbox;
}
