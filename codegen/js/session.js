// The conversation with the server: hello and resume, mutations, reads, signals. It outlives connections.
// Invariant: a mutation stays in the outbox, under one number, until its answer is here; whatever the network does, it
// is applied once.

import {uuid7} from './uuid.js';
import {createError, safely} from './errors.js';
import {createReplica, cursorOf, applyFrame} from './replica.js';
import {createConnection} from './connection.js';
import {createOutbox} from './outbox.js';

/** @param {string} collection @param {any} id @returns {string} one name for a row; 1 and "1" are two rows */
export function rowKey(collection, id) {
  return JSON.stringify([collection, id]);
}

/**
 * @param {any} app the application-level events object
 * @param {string} [schema] the fingerprint of the schema that the generated models were made from
 */
export function createSession(app, schema) {
  const replica = createReplica();
  const outbox = createOutbox();
  const queries = new Map();
  // Answered writes whose change has not come back in a transition yet.
  const settled = new Map();
  let connection = null;
  let options = {};
  let open = false;
  let rid = 0;
  let head = 0;
  let ended = false;

  const session = {
    replica,
    settled,
    timers: globalThis,
    /** Set by the live part: what to do when rows have changed. */
    watch: {},
    flush() {},
    failed() {},

    connect(target, given) {
      if (connection) connection.end();
      open = false;
      options = given || {};
      session.cid = session.cid || options.cid || uuid7();
      session.timers = options.timers || globalThis;
      ended = false;
      setState('connecting');
      connection = createConnection(target || defaultUrl(), options, {open: hello, message: receive, close});
      connection.open();
    },

    /** Whether there is a socket, or can be: else models speak HTTP. */
    ready() {
      if (!connection && !ended && globalThis.WebSocket && defaultUrl()) session.connect();
      return !!connection;
    },

    /** Whether rows are what the server has told us last, and nothing is missing. */
    current: () => app.state === 'live' && replica.position >= head,

    end() {
      if (connection) connection.end();
      close(true);
    },

    signal: (topic, payload) => send(['E', topic, payload]),

    subscribe(sub) {
      send(['S', sub.sid, sub.query, null]);
    },
    unsubscribe(sub) {
      replica.subs.delete(sub.sid);
      send(['U', sub.sid]);
    },

    /** @returns {() => void} forget about it */
    query(query, done) {
      const id = ++rid;
      queries.set(id, {query, done});
      send(['Q', id, query]);
      return () => queries.delete(id);
    },

    mutate(mutation) {
      outbox.add(mutation);
      if (open) send(outbox.frame([mutation]));
    },
    /** Takes a mutation back if it has never been sent. @returns {boolean} */
    withdraw(mutation) {
      if (!mutation.mid) outbox.remove(mutation);
      return !mutation.mid;
    },

    /** Rows that a create or a delete of ours is about to bring or take: pushes of them wait for the answer. */
    busy() {
      const keys = new Set();
      settled.forEach(({op, seq}, key) => { if (op === 'delete' && seq > replica.position) keys.add(key); });
      outbox.items.forEach(({op, collection, id}) => {
        if (op === 'create' || op === 'delete') keys.add(rowKey(collection, id));
      });
      return keys;
    },
  };

  function defaultUrl() {
    const {location} = globalThis;
    return location && location.host && location.origin.replace(/^http/, 'ws') + '/realtime';
  }
  function setState(state) {
    if (app.state === state) return;
    app.state = state;
    safely(() => app.trigger('connection', state));
  }
  function send(frame) {
    if (open) connection.send(frame);
  }

  function hello() {
    open = true;
    const subs = [...replica.subs.values()].map((sub) => [sub.sid, sub.query, cursorOf(replica, sub)]);
    const {token} = options;
    const greeting = {v: 1, cid: session.cid, schema, subs, last_mid: outbox.settled};
    if (token) greeting.token = typeof token === 'function' ? token() : token;
    send(['H', greeting]);
    if (outbox.items.length) send(outbox.frame(outbox.items));
    queries.forEach(({query}, id) => send(['Q', id, query]));
  }

  function close(final) {
    open = false;
    if (final) {
      ended = true;
      connection = null;
      const error = {code: 'unavailable', status: 503, message: 'the connection is closed', retry: 'same'};
      const waiting = [...queries.values(), ...outbox.items];
      queries.clear();
      outbox.items.forEach(outbox.remove);
      waiting.forEach(({done}) => safely(() => done(error)));
      session.failed(null, error);
    }
    // A connection that is lost leaves rows that are stale; one that never was leaves none.
    setState(final ? 'offline' : app.state === 'connecting' ? 'connecting' : 'stale');
  }

  function receive(data) {
    if (!Array.isArray(data)) return;
    const frames = Array.isArray(data[0]) ? data : [data];
    const mine = connection;
    // The answer to a write is heard before the change it made, also within one batch.
    frames.filter(([kind]) => kind === 'R').forEach(result);
    for (const frame of frames) {
      if (connection !== mine || !open) break;
      handle(frame);
    }
    session.flush();
    settled.forEach(({seq}, key) => { if (seq <= replica.position) settled.delete(key); });
  }

  function handle(frame) {
    const [kind, a, b, c] = frame;
    if (kind === 'W') {
      head = a.seq;
      if (replica.epoch !== a.epoch) settled.clear();
      connection.welcomed(a.limits && a.limits.heartbeat_ms);
    }
    if (applyFrame(replica, frame, session.watch)) return connection.drop();
    if (kind === 'W') {
      // Subscriptions made while the hello was under way are not in its answer, but have been sent since.
      setState('live');
    } else if (kind === 'Q' || kind === 'X' && a.rid) {
      const id = kind === 'Q' ? a : a.rid;
      const query = queries.get(id);
      queries.delete(id);
      if (query) safely(() => (kind === 'X' ? query.done(b) : query.done(b, c)));
    } else if (kind === 'X') {
      if (a.sid) session.failed(a.sid, b);
      else safely(() => app.trigger('error', createError(b)));
    } else if (kind === 'E') {
      safely(() => app.trigger('signal:' + a, b, c));
    } else if (kind === 'B') {
      connection.bye(a, c);
    }
  }

  function result([, mid, error, row, seq]) {
    if (error && error.code === 'out_of_order') {
      outbox.renumber(error.last);
      return send(outbox.frame(outbox.items));
    }
    const mutation = outbox.byMid(mid);
    if (!mutation) return;
    outbox.remove(mutation);
    const {op, collection, id} = mutation;
    if (!error && seq > replica.position) {
      const {[collection]: name} = replica.ids;
      settled.set(rowKey(collection, id === null && row ? row[name] : id), {seq, op});
    }
    safely(() => mutation.done(error, row, seq));
  }

  return session;
}
