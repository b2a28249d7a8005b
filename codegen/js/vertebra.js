// The doorway: one application-level events object, and what generated models and collections are extended with.
// Invariant: nothing of Backbone's changes; whoever wants every model realtime assigns `Backbone.sync = vertebra.sync`.

import {checkFields} from './validate.js';
import {createSession} from './session.js';
import {createPending} from './pending.js';
import {createLive} from './live.js';
import {createSync} from './sync.js';

/**
 * @param {any} Backbone the application's Backbone
 * @param {string} [schema] the fingerprint of the schema that the models were generated from
 */
export function createVertebra(Backbone, schema) {
  const http = Backbone.sync;
  const app = Object.assign({}, Backbone.Events);
  const session = createSession(app, schema);
  const pending = createPending();
  const live = createLive(app, session, pending);
  const sync = createSync(http, session, live, pending);

  const model = {
    live: true,
    sync,
    /** What is parsed has come from the server: it has this row. */
    parse(response) {
      pending.known.add(this);
      return response;
    },
    /** A model whose create is under way is not new any more: it is not created twice, and destroy reaches it. */
    isNew() {
      return !this.has(this.idAttribute) && !pending.creating(this);
    },
    /** Names every failing field: {title: 'is required'}; undefined if there is none. */
    validate(attributes, options) {
      const errors = {};
      checkFields(this.schema.fields, attributes, '', !!(options && options.patch), errors);
      return Object.keys(errors).length ? errors : undefined;
    },
    /** Stops following the row. */
    unsubscribe() {
      live.leave(this);
      return this;
    },
  };

  const collection = {
    live: true,
    sync,
    /** A snapshot knows nothing of models whose create is under way: they stay. */
    parse(response) {
      return Array.isArray(response) ? response.concat(this.models.filter((item) => pending.creating(item))) : response;
    },
    /** From now on this is the collection of the rows that match. @param {object} [query] {where, sort, limit} */
    subscribe(query, options) {
      this.query = query;
      return this.fetch(options);
    },
    /** Stops following; the models stay as they are. */
    unsubscribe() {
      live.leave(this);
      return this;
    },
    /** Ids such as "__proto__" and "constructor" are ids like others. */
    _reset() {
      Backbone.Collection.prototype._reset.call(this);
      this._byId = Object.create(null);
    },
  };

  return Object.assign(app, {
    state: 'offline',
    model,
    collection,
    sync,
    /** @param {any} [target] a URL or a socket.io-client socket @param {any} [options] {token, WebSocket, cid, timers, random} */
    connect(target, options) {
      session.connect(target, options);
      return app;
    },
    /** Sends something that is no row, to whoever listens to it now. */
    signal(topic, payload) {
      session.signal(topic, payload);
      return app;
    },
    close() {
      session.end();
      return app;
    },
  });
}
