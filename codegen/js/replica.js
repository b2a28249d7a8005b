// What a client holds of the server's log: one position, and the rows of each subscription. `tests/protocol/apply.json`
// says what each frame does to it, for every implementation.
// Invariant: the rows are exactly the queries' answers at `position`; a frame that does not continue from there is not
// applied, and the client resumes.

/**
 * @typedef {{v: number, row: Object<string, any>}} Version
 * @typedef {{sid: number, query: any, rows: Map<any, Version>|null, next: {n: number, rows: Map<any, Version>, ops: any[]}|null, lost?: boolean}} Subscription
 * @typedef {{epoch: string|null, position: number, cols: Object<string, string[]>, ids: Object<string, string>, subs: Map<number, Subscription>}} Replica
 * @typedef {{changed?: (sub: Subscription, id: any, old: Version|undefined, v: number) => void,
 *   loaded?: (sub: Subscription, old: Map<any, Version>|null) => void}} Watch
 */

/** @returns {Replica} */
export function createReplica() {
  return {epoch: null, position: 0, cols: {}, ids: {}, subs: new Map()};
}

/**
 * @param {Replica} replica
 * @param {number} sid
 * @param {any} query
 * @returns {Subscription}
 */
export function addSubscription(replica, sid, query) {
  const sub = {sid, query, rows: null, next: null};
  replica.subs.set(sid, sub);
  return sub;
}

/** Where a subscription can be taken up again; null asks for a snapshot. @param {Replica} replica @param {Subscription} sub */
export function cursorOf(replica, sub) {
  return sub.rows && !sub.lost && replica.epoch !== null ? [replica.epoch, replica.position] : null;
}

/**
 * Applies one operation to a map of rows. A version that is there already is not applied again.
 * @returns {boolean} false if a row that should be there is not
 */
export function applyOp(replica, sub, rows, [kind, id, v, data], changed) {
  const old = rows.get(id);
  if (kind === '-') {
    if (!rows.delete(id)) return true;
  } else if (old && old.v >= v) {
    return true;
  } else if (kind === '+') {
    rows.set(id, {v, row: rowOf(replica, sub, data)});
  } else if (kind === '~') {
    if (!old) return false;
    rows.set(id, {v, row: {...old.row, ...data}});
  } else {
    return true;
  }
  if (changed) changed(sub, id, old, v);
  return true;
}

/** A row that travelled as a tuple. @param {Replica} replica @param {Subscription} sub @param {any[]} tuple */
export function rowOf(replica, sub, tuple) {
  return Object.fromEntries((replica.cols[sub.query.collection] || []).map((name, i) => [name, tuple[i]]));
}

/**
 * Applies one frame of the server; frames that don't concern the rows, unknown ones included, do nothing.
 * @param {Replica} replica
 * @param {any[]} frame
 * @param {Watch} [watch]
 * @returns {'resume'|undefined} 'resume': this connection cannot go on
 */
export function applyFrame(replica, frame, watch = {}) {
  const [kind, a, b, c, d] = frame;
  const {subs} = replica;
  if (kind === 'W') {
    const how = a.subs || {};
    replica.epoch = a.epoch;
    replica.cols = a.cols || {};
    replica.ids = a.ids || {};
    let replay = false;
    subs.forEach((sub) => {
      sub.next = null;
      // Until its new snapshot is whole, a reset subscription has no cursor: its rows are of another time.
      sub.lost = how[sub.sid] !== 'replay';
      if (!sub.lost) replay = true;
    });
    // A replay starts from the old position: its transition brings the new one.
    if (!replay) replica.position = a.seq;
  } else if (kind === 'C') {
    const sub = subs.get(a);
    if (!sub) return;
    if (b === 0) sub.next = {n: 0, rows: new Map(), ops: []};
    const {next} = sub;
    if (!next || next.n++ !== b) return 'resume';
    const id = replica.ids[sub.query.collection];
    for (const [v, tuple] of c) {
      const row = rowOf(replica, sub, tuple);
      next.rows.set(row[id], {v, row});
    }
    if (!d) return;
    const old = sub.rows;
    sub.next = null;
    sub.lost = !next.ops.every((op) => applyOp(replica, sub, next.rows, op));
    sub.rows = next.rows;
    if (watch.loaded) watch.loaded(sub, old);
    if (sub.lost) return 'resume';
  } else if (kind === 'T') {
    if (b <= replica.position) return;
    if (a !== replica.position) return 'resume';
    replica.position = b;
    let lost = false;
    for (const [sid, ops] of d) {
      const sub = subs.get(sid);
      if (!sub) continue;
      // Changes that arrive between the pages of a snapshot wait for its last page.
      if (sub.next) sub.next.ops.push(...ops);
      else if (sub.rows && !sub.lost) {
        for (const op of ops) {
          if (!applyOp(replica, sub, sub.rows, op, watch.changed)) lost = sub.lost = true;
        }
      }
    }
    if (lost) return 'resume';
  } else if (kind === 'G') {
    if (a > replica.position) replica.position = a;
  } else if (kind === 'X' && a && a.sid) {
    subs.delete(a.sid);
  }
}
