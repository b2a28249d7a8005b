// Collections and single models that are kept at what the server has.
// Invariant: equal queries share one subscription; a batch of pushes is one `set` and one `remove` on a collection; and
// while a write of ours to a row is under way, pushes of that row wait until the log has come past it.

import {createError, safely} from './errors.js';
import {pick, same} from './pending.js';

/**
 * @typedef {object} Member a collection or a model that follows a subscription
 * @property {import('./replica.js').Subscription & {key: string, members: Set<Member>}} sub
 * @property {WeakRef<any>} ref
 * @property {Map<any, any>} dirty the ids whose rows have changed, with the version that the member has seen last
 * @property {Array<(error: any, rows?: any[]) => void>} waiting fetches without an answer
 */

export function createLive(app, session, stateOf) {
  const {replica} = session;
  const homes = new WeakMap();
  const due = new Set();
  const news = new Map();
  let sid = 0;

  const subs = () => [...replica.subs.values()];
  /** The subscriptions that hold a row. */
  const holding = (collection, id) => subs().filter(({query, rows, live}) => live && query.collection === collection && rows.has(id));
  /** The version of a row that is here. */
  const newest = (collection, id) => holding(collection, id)[0]?.rows.get(id);

  const touch = (member, id, old) => {
    if (!member.dirty.has(id)) member.dirty.set(id, old);
    due.add(member);
  };
  const remove = (member) => {
    const {sid, members} = member.sub;
    collected.unregister(member);
    due.delete(member);
    members.delete(member);
    if (!members.size && replica.subs.delete(sid)) session.send(['U', sid]);
  };
  const collected = new FinalizationRegistry(remove);
  const leave = (target) => {
    if (homes.has(target)) remove(homes.get(target));
    homes.delete(target);
  };
  const join = (target, query) => {
    const key = JSON.stringify(query);
    let member = homes.get(target);
    if (member?.sub.key === key) return member;
    leave(target);
    let sub = subs().find((other) => other.key === key);
    if (!sub) {
      sub = {sid: ++sid, query, key, members: new Set()};
      replica.subs.set(sid, sub);
      session.send(['S', sid, query, null]);
    }
    member = {sub, ref: new WeakRef(target), dirty: new Map(), waiting: []};
    collected.register(target, member, member);
    sub.members.add(member);
    homes.set(target, member);
    return member;
  };

  session.changed = (sub, id, v) => {
    const {collection} = sub.query;
    sub.members.forEach((member) => touch(member, id, sub.rows?.get(id)));
    const key = collection + '/' + id;
    // A first snapshot is no news. A row that enters one query may have been in another one before.
    if (sub.rows) news.set(key, {before: newest(collection, id)?.row, ...news.get(key), collection, id, v});
  };

  session.failed = (sub, error) => sub.members.forEach((member) => {
    const {ref, waiting} = member;
    const target = ref.deref();
    member.waiting = [];
    waiting.forEach((done) => safely(done, error));
    if (replica.subs.has(sub.sid)) return;
    leave(target);
    if (!waiting[0]) target?.trigger('error', target, createError(error), {remote: true});
  });

  session.flush = () => {
    [...due].forEach((member) => {
      const {sub, ref, waiting} = member;
      const target = ref.deref();
      if (!target || !sub.live || waiting[0] && (app.state !== 'live' || replica.position < replica.seq)) return;
      due.delete(member);
      if (!waiting[0]) return safely(apply, member, target);
      const answer = [];
      member.waiting = [];
      member.dirty = new Map();
      sub.rows.forEach(({row}, id) => {
        const model = target.get(id);
        const busy = isBusy(member, id);
        if (!busy) answer.push(row);
        else if (model) answer.push({...row, ...model.attributes});
      });
      waiting.forEach((done) => safely(done, null, answer));
    });
    news.forEach(({collection, id, before, v}, key) => {
      news.delete(key);
      const row = newest(collection, id)?.row;
      if (same(row, before)) return;
      const kind = row ? before ? 'change' : 'new' : 'remove';
      const meta = {seq: v || replica.position, own: session.own(collection, id).some(({op, seq}) => (row ? seq === v : op === 'delete'))};
      app.trigger(`${kind} ${kind}:${collection}`, row || before, collection, meta);
    });
  };

  /** Whether a row has to wait; then it is looked at again. */
  const isBusy = (member, id, old) => {
    const busy = session.own(member.sub.query.collection, id).some(({seq}) => !(seq <= replica.position));
    if (busy) touch(member, id, old);
    return busy;
  };

  /** Brings a collection or a model up to date with the rows that have changed. */
  const apply = (member, target) => {
    const {sub, dirty} = member;
    const rows = [];
    const gone = [];
    member.dirty = new Map();
    dirty.forEach((old, id) => {
      const version = sub.rows.get(id);
      const model = target.models ? target.get(id) : target;
      if (isBusy(member, id, old)) return;
      if (!version) return gone.push(id);
      if (!model) return rows.push(version.row);
      const state = stateOf(model);
      // What an answer has brought is there already.
      const seen = state.epoch !== replica.epoch || state.v < old?.v ? old : state;
      if (seen?.v >= version.v) return;
      const changed = pick(version.row, (name, value) => !same(seen?.row[name], value));
      if (Object.keys(changed)[0]) rows.push({...changed, [model.idAttribute]: id});
    });
    const options = {remote: true, parse: true, remove: false};
    if (target.models) {
      if (rows.length) target.set(rows, options);
      if (gone.length) target.remove(gone, options);
    } else if (rows.length) {
      target.set(target.parse(rows[0], options), options);
    } else if (gone.length) {
      leave(target);
      target.trigger('destroy', target, target.collection, options);
    }
  };

  return {
    join,
    leave,
    /** Answers with the rows of a query once they are whole, and keeps the collection at them. */
    fetch(collection, query, done) {
      const member = join(collection, query);
      member.waiting.push(done);
      due.add(member);
      queueMicrotask(session.flush);
    },
    /** A delete was refused: the row is still there, and collections that let go of it get it back. */
    restore(collection, id) {
      holding(collection, id).forEach((sub) => session.changed(sub, id));
    },
  };
}
