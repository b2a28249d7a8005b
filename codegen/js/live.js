// Collections and single models that are kept at what the server has.
// Invariant: equal queries share one subscription, and a batch of pushes is one `set` and one `remove` on a collection.

import {createError, safely} from './errors.js';
import {addSubscription} from './replica.js';
import {rowKey} from './session.js';
import {same, changesOf} from './pending.js';

/**
 * @typedef {{feed: Feed, ref: {deref: () => any}, dirty: Map<any, any>, waiting: Array<(error: any, rows?: any[]) => void>, loaded: boolean}} Member
 *   `dirty`: the ids whose rows have changed, with the row that the member has seen last
 * @typedef {{key: string, sub: import('./replica.js').Subscription, members: Set<Member>}} Feed
 */

export function createLive(app, session, pending) {
  const {replica} = session;
  const feeds = new Map();
  const bySid = new Map();
  const homes = new WeakMap();
  const due = new Set();
  const touched = new Map();
  let sid = 0;
  let epoch = null;
  const weak = typeof FinalizationRegistry === 'function';
  const collected = weak && new FinalizationRegistry((member) => remove(member));

  function join(target, query) {
    // Sorted, so that the order in which a query was written does not matter.
    const key = JSON.stringify(query, (_, value) => (
      value && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort()) : value));
    let member = homes.get(target);
    if (member && member.feed.key === key) return member;
    leave(target);
    let feed = feeds.get(key);
    if (!feed) {
      feed = {key, sub: addSubscription(replica, ++sid, JSON.parse(key)), members: new Set()};
      feeds.set(key, feed);
      bySid.set(sid, feed);
      session.subscribe(feed.sub);
    }
    member = {feed, ref: weak ? new WeakRef(target) : {deref: () => target}, dirty: new Map(), waiting: [], loaded: false};
    if (weak) collected.register(target, member, member);
    feed.members.add(member);
    homes.set(target, member);
    return member;
  }
  function leave(target) {
    const member = homes.get(target);
    if (!member) return;
    homes.delete(target);
    if (weak) collected.unregister(member);
    remove(member);
  }
  function remove(member) {
    const {feed} = member;
    due.delete(member);
    feed.members.delete(member);
    if (feed.members.size || !feeds.delete(feed.key)) return;
    bySid.delete(feed.sub.sid);
    session.unsubscribe(feed.sub);
  }

  function touch(member, id, old) {
    if (!member.dirty.has(id)) member.dirty.set(id, old);
    due.add(member);
  }
  /** The newest version of a row in any subscription. */
  function newest(collection, id) {
    let best;
    feeds.forEach(({sub}) => {
      const version = sub.query.collection === collection && sub.rows && sub.rows.get(id);
      if (version && !(best && best.v >= version.v)) best = version;
    });
    return best;
  }

  session.watch = {
    changed(sub, id, old, v) {
      bySid.get(sub.sid).members.forEach((member) => touch(member, id, old && old.row));
      const {collection} = sub.query;
      const key = rowKey(collection, id);
      const seen = touched.get(key);
      // A row that enters one query may have been in another one before.
      const before = old || sub.rows.has(id) && [...feeds.values()].map((feed) => feed.sub).find((other) => (
        other !== sub && other.query.collection === collection && other.rows && other.rows.has(id)));
      if (seen) seen.v = v || seen.v;
      else touched.set(key, {collection, id, before, row: old && old.row, v});
    },
    loaded(sub, old) {
      // The versions of another log say nothing about this one's.
      if (epoch !== replica.epoch) pending.forgetVersions();
      epoch = replica.epoch;
      bySid.get(sub.sid).members.forEach((member) => {
        if (old) old.forEach(({row}, id) => touch(member, id, row));
        sub.rows.forEach((_, id) => touch(member, id, undefined));
      });
    },
  };

  session.failed = (failedSid, error) => {
    [...feeds.values()].forEach((feed) => {
      if (failedSid && feed.sub.sid !== failedSid) return;
      feed.members.forEach((member) => {
        const target = member.ref.deref();
        const waiting = member.waiting.splice(0);
        if (failedSid && target) leave(target);
        if (waiting.length) waiting.forEach((done) => safely(() => done(error)));
        else if (failedSid && target) safely(() => target.trigger('error', target, createError(error), {remote: true}));
      });
    });
  };

  session.flush = () => {
    const busy = session.busy();
    [...due].forEach((member) => {
      const {feed: {sub}, dirty, waiting} = member;
      const target = member.ref.deref();
      if (!target) return remove(member);
      if (waiting.length) {
        if (!sub.rows || sub.lost || !session.current()) return;
        due.delete(member);
        dirty.clear();
        member.loaded = true;
        const rows = [];
        sub.rows.forEach(({row}, id) => {
          const model = target.get(id);
          if (busy.has(rowKey(sub.query.collection, id))) touch(member, id, undefined);
          else rows.push(model ? changesOf(undefined, row, pending.keys(model)) : row);
        });
        waiting.splice(0).forEach((done) => safely(() => done(null, rows)));
      } else if (sub.rows) {
        due.delete(member);
        safely(() => apply(member, target, busy));
      }
    });
    const events = [...touched.values()];
    touched.clear();
    events.forEach(({collection, id, before, row, v}) => {
      const now = newest(collection, id);
      const mine = session.settled.get(rowKey(collection, id));
      const kind = !now ? 'remove' : before ? 'change' : 'new';
      const meta = {seq: v || replica.position, own: !!mine && (now ? mine.seq === v : mine.op === 'delete')};
      ['', ':' + collection].forEach((suffix) => safely(() => app.trigger(kind + suffix, now ? now.row : row, collection, meta)));
    });
  };

  /** Brings a collection or a model up to date with the rows that have changed. */
  function apply(member, target, busy) {
    const {sub} = member.feed;
    const rows = [];
    const gone = [];
    const changes = [...member.dirty];
    member.dirty.clear();
    for (const [id, old] of changes) {
      const version = sub.rows.get(id);
      const model = target.models ? target.get(id) : target;
      if (busy.has(rowKey(sub.query.collection, id))) touch(member, id, old);
      else if (!version) gone.push(id);
      else if (!model) rows.push(version.row);
      else if (pending.version(model) < version.v) {
        const {row} = version;
        const held = pending.keys(model);
        const changed = changesOf(old, row, held);
        // What a save in flight holds back is looked at again when the answer is here.
        const later = Object.keys(changesOf(old, row)).filter((name) => held.has(name));
        if (later.length) {
          const rest = {...row};
          later.forEach((name) => { rest[name] = old && old[name]; });
          touch(member, id, rest);
        }
        if (Object.keys(changed).some((name) => !same(model.get(name), changed[name]))) {
          rows.push({...changed, [model.idAttribute]: id});
        }
      }
    }
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
  }

  return {
    leave,
    newest,
    /** Answers with the rows of a query once they are whole, and keeps the collection at them. */
    fetch(collection, query, done) {
      const member = join(collection, query);
      member.waiting.push(done);
      due.add(member);
      queueMicrotask(session.flush);
      return () => {
        member.waiting = member.waiting.filter((other) => other !== done);
        if (!member.loaded && !member.waiting.length) leave(collection);
      };
    },
    /** Keeps a model that is in no collection at its row. */
    follow(model, collection) {
      const id = model.get(model.idAttribute);
      if (!model.collection && id != null) join(model, {collection, where: {[model.idAttribute]: id}}).loaded = true;
    },
    /** A delete was refused: the row is still there, and collections that let go of it get it back. */
    restore(collection, id) {
      feeds.forEach(({sub, members}) => {
        const version = sub.query.collection === collection && sub.rows && sub.rows.get(id);
        if (version) members.forEach((member) => touch(member, id, version.row));
      });
    },
  };
}
