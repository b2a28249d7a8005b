// Collections and single models that are kept at what the server has.
// Invariant: equal queries share one subscription, and a batch of pushes is one `set` and one `remove` on a collection.

import {createError, safely} from './errors.js';
import {addSubscription} from './replica.js';
import {pick, same, withoutSaves} from './pending.js';

/**
 * @typedef {object} Member a collection or a model that follows a feed
 * @property {Feed} feed
 * @property {{deref: () => any}} ref
 * @property {Map<any, any>} dirty the ids whose rows have changed, with the row that the member has seen last
 * @property {Array<(error: any, rows?: any[]) => void>} waiting fetches without an answer
 * @typedef {{key: string, sub: import('./replica.js').Subscription, members: Set<Member>}} Feed
 */

export function createLive(app, session, stateOf) {
  const {replica} = session;
  const feeds = new Map();
  const homes = new WeakMap();
  const due = new Set();
  const touched = new Map();
  let sid = 0;

  const touch = (member, id, old) => {
    if (!member.dirty.has(id)) member.dirty.set(id, old);
    due.add(member);
  };
  const remove = (member) => {
    const {key, sub, members} = member.feed;
    due.delete(member);
    if (members.delete(member) && !members.size) {
      feeds.delete(key);
      replica.subs.delete(sub.sid);
      session.send(['U', sub.sid]);
    }
  };
  const collected = globalThis.FinalizationRegistry && new FinalizationRegistry(remove);

  function leave(target) {
    const member = homes.get(target);
    homes.delete(target);
    if (member) remove(member);
  }
  function join(target, query) {
    // Sorted, so that the order in which a query was written does not matter.
    const key = JSON.stringify(query, (_, value) => (
      value && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort()) : value));
    let member = homes.get(target);
    if (member?.feed.key === key) return member;
    leave(target);
    let feed = feeds.get(key);
    if (!feed) {
      feed = {key, sub: addSubscription(replica, ++sid, JSON.parse(key)), members: new Set()};
      feeds.set(key, feed);
      session.send(['S', sid, feed.sub.query, null]);
    }
    member = {feed, ref: collected ? new WeakRef(target) : {deref: () => target}, dirty: new Map(), waiting: []};
    collected?.register(target, member);
    feed.members.add(member);
    homes.set(target, member);
    return member;
  }

  /** The feeds that hold a row. */
  const holding = (collection, id) => [...feeds.values()].filter(({sub}) => sub.query.collection === collection && sub.rows?.has(id));
  /** The newest version of a row that any of them holds. */
  const newest = (collection, id) => holding(collection, id).map(({sub}) => sub.rows.get(id)).sort((a, b) => b.v - a.v)[0];

  session.changed = (sub, id, v) => {
    const {collection} = sub.query;
    feeds.forEach((feed) => {
      if (feed.sub === sub) feed.members.forEach((member) => touch(member, id, sub.rows?.get(id)?.row));
    });
    const key = JSON.stringify([collection, id]);
    // A first snapshot is no news. A row that enters one query may have been in another one before.
    if (sub.rows) touched.set(key, {before: newest(collection, id)?.row, ...touched.get(key), collection, id, v});
  };

  session.failed = (failed, error) => [...feeds.values()].forEach(({sub, members}) => members.forEach((member) => {
    if (failed && failed !== sub.sid) return;
    const {ref, waiting} = member;
    const target = ref.deref();
    member.waiting = [];
    if (failed && target) leave(target);
    waiting.forEach((done) => safely(() => done(error)));
    if (failed && !waiting[0]) safely(() => target?.trigger('error', target, createError(error), {remote: true}));
  }));

  session.flush = () => {
    const own = session.own();
    const ownOf = (collection, id) => own.filter((mutation) => mutation.collection === collection && mutation.id === id);
    // A row that a create or a delete of ours is about to bring or take: pushes of it wait for the answer.
    const isBusy = (collection, id) => ownOf(collection, id).some(({op, seq = Infinity}) => (
      op === 'delete' ? seq > replica.position : op === 'create' && seq === Infinity));
    [...due].forEach((member) => {
      const {feed: {sub}, ref, dirty, waiting} = member;
      const {rows, query: {collection}} = sub;
      const target = ref.deref();
      if (!rows || sub.lost || waiting[0] && !session.current()) return;
      due.delete(member);
      member.dirty = new Map();
      const busy = (id, old) => isBusy(collection, id) && !touch(member, id, old);
      if (!waiting[0]) return target && safely(() => apply(member, target, dirty, busy));
      const answer = [];
      rows.forEach(({row}, id) => {
        const model = target.get(id);
        if (!busy(id)) answer.push(model ? withoutSaves(stateOf(model), row) : row);
      });
      member.waiting = [];
      waiting.forEach((done) => safely(() => done(null, answer)));
    });
    const news = [...touched.values()];
    touched.clear();
    news.forEach(({collection, id, before, v}) => {
      const row = newest(collection, id)?.row;
      if (!row && !before || same(row, before)) return;
      const mine = ownOf(collection, id).some(({op, seq}) => (row ? seq === v : op === 'delete'));
      const kind = row ? before ? 'change' : 'new' : 'remove';
      [kind, kind + ':' + collection].forEach((name) => safely(() => (
        app.trigger(name, row || before, collection, {seq: v || replica.position, own: mine}))));
    });
  };

  /** Brings a collection or a model up to date with the rows that have changed. */
  const apply = (member, target, dirty, busy) => {
    const {sub} = member.feed;
    const rows = [];
    const gone = [];
    dirty.forEach((old, id) => {
      const version = sub.rows.get(id);
      const model = target.models ? target.get(id) : target;
      if (busy(id, old)) return;
      if (!version) return gone.push(id);
      const {row, v} = version;
      if (!model) return rows.push(row);
      const state = stateOf(model);
      // What an answer has brought is there already.
      if (state.epoch === replica.epoch && state.v >= v) return;
      const changed = pick(row, (name, value) => !old || !same(old[name], value));
      const now = withoutSaves(state, changed);
      // What a save in flight holds back is looked at again when the answer is here.
      const later = pick(changed, (name) => !(name in now));
      if (Object.keys(later).length) touch(member, id, {...row, ...pick({...later, ...old}, (name) => name in later)});
      if (Object.keys(now).some((name) => !same(model.get(name), now[name]))) rows.push({...now, [model.idAttribute]: id});
    });
    const options = {remote: true, parse: true, remove: false};
    if (target.models) {
      if (rows.length) target.set(rows, options);
      if (gone.length) target.remove(gone, {remote: true});
    } else if (gone.length) {
      leave(target);
      target.trigger('destroy', target, target.collection, {remote: true});
    } else if (rows.length) {
      target.set(target.parse(rows[0], options), options);
    }
  };

  return {
    leave,
    newest,
    /** Answers with the rows of a query once they are whole, and keeps the collection at them. */
    fetch(collection, query, done) {
      const member = join(collection, query);
      member.waiting.push(done);
      due.add(member);
      queueMicrotask(session.flush);
      return () => { member.waiting = member.waiting.filter((other) => other !== done); };
    },
    /** Keeps a model that is in no collection at its row. */
    follow(model, collection) {
      if (!model.collection) join(model, {collection, where: {[model.idAttribute]: model.get(model.idAttribute)}});
    },
    /** A delete was refused: the row is still there, and collections that let go of it get it back. */
    restore(collection, id) {
      holding(collection, id).forEach(({sub, members}) => members.forEach((member) => touch(member, id, sub.rows.get(id).row)));
    },
  };
}
