// Mutations that the server has not answered yet, in the order in which they were made. This is the seam for a queue
// that survives a reload: whoever replaces it keeps the items and `last` with the client id.
// Invariant: numbers are given when a mutation is first sent, are contiguous, and never change afterwards unless the
// server says that it has lost count.

/**
 * @typedef {{mid: number, op: string, collection: string, id: any, data: any, done: (error: any, row?: any, seq?: number) => void}} Mutation
 */

export function createOutbox() {
  let items = [];
  let last = 0;
  return {
    /** @returns {Mutation[]} */
    get items() { return items; },
    /** The highest number of which, as of all below it, the answer is here. */
    get settled() { const first = items.find((item) => item.mid); return first ? first.mid - 1 : last; },
    add(item) { items.push(item); },
    remove(item) { items = items.filter((other) => other !== item); },
    byMid: (mid) => items.find((item) => item.mid === mid),
    /** Numbers what has no number yet, and gives the wire form of `list`. @param {Mutation[]} list */
    frame(list) {
      return ['M', list.map((item) => {
        if (!item.mid) item.mid = ++last;
        return [item.mid, item.op, item.collection, item.id, item.data];
      })];
    },
    /** The server has seen numbers up to `seen` only: the rest is numbered again. @param {number} seen */
    renumber(seen) {
      last = seen;
      items.forEach((item) => { if (item.mid > seen) item.mid = ++last; });
    },
  };
}
