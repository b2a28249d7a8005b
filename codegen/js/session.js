// The conversation with the server: hello and resume, mutations, reads, signals. It outlives connections.
// Invariant: a mutation stays in the outbox, under one number, until its answer is here; whatever the network does, it
// is applied once.

import {uuid7} from './uuid.js';
import {createError, safely} from './errors.js';
import {createReplica, cursorOf, applyFrame} from './replica.js';
import {createConnection} from './connection.js';
import {createOutbox} from './outbox.js';

/**
 * @param {any} app the application-level events object
 * @param {string} [schema] the fingerprint of the schema that the generated models were made from
 */
export function createSession(app, schema) {
  const replica = createReplica();
  const outbox = createOutbox();
  const queries = new Map();
  // Answered writes whose change has not come back in a transition yet.
  let echoes = [];
  let connection;
  let options;
  let open;
  let rid = 0;
  let cid;

  const send = (frame) => open && connection.send(frame);
  const setState = (state) => {
    app.state = state;
    safely(() => app.trigger('connection', state));
  };

  const hello = () => {
    open = true;
    send(['H', {
      v: 1,
      cid,
      schema,
      token: options.token,
      subs: [...replica.subs.values()].map((sub) => [sub.sid, sub.query, cursorOf(replica, sub)]),
      last_mid: outbox.settled(),
    }]);
    if (outbox.items.length) send(outbox.frame());
    queries.forEach(({query}, id) => send(['Q', id, query]));
  };

  const close = (final) => {
    open = false;
    if (app.state === 'live') setState('stale');
    if (!final) return;
    connection = null;
    const error = {code: 'unavailable', status: 503};
    queries.forEach((_, id) => answer(id, error));
    outbox.items.splice(0).forEach(({done}) => safely(done, error));
    replica.subs.forEach((sub) => session.failed(sub, error));
    setState('offline');
  };

  const answer = (id, error, reply) => {
    safely(queries.get(id)?.done, error, reply);
    queries.delete(id);
  };

  const result = ([, mid, error, row, seq]) => {
    // The server has lost count. Where it has forgotten this client it doesn't say a number, and the write is refused:
    // nobody knows whether it was applied before.
    if (error?.last >= 0) {
      outbox.renumber(error.last);
      return send(outbox.frame());
    }
    const mutation = outbox.items.find((item) => item.mid === mid);
    if (!mutation) return;
    outbox.items = outbox.items.filter((item) => item !== mutation);
    if (!error) {
      mutation.seq = seq;
      mutation.id = mutation.id ?? row?.[replica.ids[mutation.collection]];
      echoes.push(mutation);
    }
    safely(mutation.done, error, row, seq);
  };

  const receive = (data) => {
    // Models and collections are told when the whole batch is here: its order does not matter to them.
    (Array.isArray(data?.[0]) ? data : [data]).filter(Array.isArray).forEach((frame) => { if (open) safely(handle, frame); });
    safely(session.flush);
    echoes = echoes.filter(({seq}) => seq > replica.position);
  };

  const handle = (frame) => {
    const [kind, a, b, c] = frame;
    if (kind === 'W') {
      if (replica.epoch !== a.epoch) echoes = [];
      connection.welcomed(a.limits?.heartbeat_ms);
      setState('live');
    }
    const sub = replica.subs.get(a?.sid);
    if (applyFrame(replica, frame, session.changed)) return connection.lose();
    if (kind === 'R') {
      result(frame);
    } else if (kind === 'Q') {
      answer(a, b, c);
    } else if (kind === 'X') {
      if (sub) session.failed(sub, b);
      else if (a.rid) answer(a.rid, b);
      else app.trigger('error', createError(b));
    } else if (kind === 'E') {
      app.trigger('signal:' + a, b, c);
    } else if (kind === 'B') {
      connection.lose(a, c);
    }
  };

  const session = {
    replica,
    send,

    connect(target, given = {}) {
      connection?.end();
      open = false;
      options = given;
      cid = cid || given.cid || uuid7();
      setState('connecting');
      connection = createConnection(target || location.origin.replace(/^http/, 'ws') + '/realtime', given, {open: hello, message: receive, close});
      connection.open();
    },

    /** Whether there is a socket, or can be: else, and once it has been closed, models speak HTTP. */
    ready() {
      if (connection === undefined && globalThis.WebSocket && globalThis.location?.host) session.connect();
      return connection;
    },

    end() {
      connection?.end();
      close(true);
    },

    query(query, done) {
      queries.set(++rid, {query, done});
      send(['Q', rid, query]);
    },

    mutate(mutation) {
      outbox.items.push(mutation);
      send(outbox.frame([mutation]));
    },

    /** Our own writes to a row of which the log has not told us before. */
    own: (collection, id) => [...outbox.items, ...echoes].filter((write) => write.collection === collection && write.id === id),
  };
  return session;
}
