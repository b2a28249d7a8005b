// What a client holds of the server's log: one position, and the rows of each subscription. `tests/protocol/apply.json`
// says what each frame does to it, for every implementation.
// Invariant: the rows are exactly the queries' answers at `position`; a frame that does not continue from there is not
// applied, and the client resumes.

/**
 * @typedef {{v: number, row: Object<string, any>}} Version
 * @typedef {object} Subscription
 * @property {number} sid
 * @property {any} query
 * @property {Map<any, Version>} [rows] none until the first snapshot is whole
 * @property {{n: number, rows: Map<any, Version>, ops: any[]}} [next] the snapshot that is arriving
 * @property {boolean} [live] the rows are those at the position: else there is no cursor
 * @typedef {{epoch?: string, position: number, seq?: number, cols?: Object<string, string[]>, ids?: Object<string, string>, subs: Map<number, Subscription>}} Replica
 *   `seq`: where the log was at the last welcome
 * @typedef {(sub: Subscription, id: any, v?: number) => void} Watch told of a row that is about to change
 */

/** @returns {Replica} */
export function createReplica() {
  return {position: 0, subs: new Map()};
}

/** Where a subscription can be taken up again; null asks for a snapshot. @param {Replica} replica @param {Subscription} sub */
export function cursorOf(replica, sub) {
  return sub.live ? [replica.epoch, replica.position] : null;
}

/**
 * Applies one frame of the server; frames that don't concern the rows, unknown ones included, do nothing.
 * @param {Replica} replica
 * @param {any[]} frame
 * @param {Watch} watch
 * @returns {any} something truthy: this connection cannot go on, the client has to resume
 */
export function applyFrame(replica, [kind, a, b, c, d], watch) {
  const {subs, position} = replica;
  const rowOf = (sub, tuple) => Object.fromEntries(replica.cols[sub.query.collection].map((name, i) => [name, tuple[i]]));

  // A version that is there already is not applied again; a change of a row that isn't there, or one of a kind that
  // isn't known, is a loss.
  const applyOps = (sub, rows, ops, changed) => {
    for (const [op, id, v, data] of ops) {
      const old = rows.get(id);
      const row = op === '+' ? rowOf(sub, data) : op === '~' && {...old?.row, ...data};
      if (op === '~' ? !old : op !== '+' && op !== '-') {
        sub.live = false;
      } else if (row ? !(old?.v >= v) : old) {
        changed?.(sub, id, row && v);
        if (row) rows.set(id, {v, row});
        else rows.delete(id);
      }
    }
    return !sub.live;
  };

  if (kind === 'W') {
    let replay;
    subs.forEach((sub) => {
      sub.next = null;
      // Until its new snapshot is whole, a reset subscription has no cursor: its rows are of another time.
      sub.live = a.subs?.[sub.sid] === 'replay';
      if (sub.live) replay = true;
    });
    Object.assign(replica, a, {subs});
    // A replay starts from the old position: its transition brings the new one.
    if (!replay) replica.position = a.seq;
  } else if (kind === 'C') {
    const sub = subs.get(a);
    if (!sub) return;
    if (!b) sub.next = {n: 0, rows: new Map(), ops: []};
    const {next} = sub;
    if (!next || next.n++ !== b) return true;
    c.forEach(([v, tuple]) => {
      const row = rowOf(sub, tuple);
      next.rows.set(row[replica.ids[sub.query.collection]], {v, row});
    });
    if (!d) return;
    sub.next = null;
    sub.live = true;
    applyOps(sub, next.rows, next.ops);
    new Map([...(sub.rows || []), ...next.rows]).forEach((_, id) => watch?.(sub, id, next.rows.get(id)?.v));
    sub.rows = next.rows;
    return !sub.live;
  } else if (kind === 'T' && b > position) {
    if (a !== position) return true;
    replica.position = b;
    return d.filter(([sid, ops]) => {
      const sub = subs.get(sid);
      // Changes that arrive between the pages of a snapshot wait for its last page.
      if (sub?.next) sub.next.ops.push(...ops);
      else return sub?.live && applyOps(sub, sub.rows, ops, watch);
    }).length;
  } else if (kind === 'G') {
    replica.position = Math.max(position, a);
  } else if (kind === 'X') {
    subs.delete(a.sid);
  }
}
