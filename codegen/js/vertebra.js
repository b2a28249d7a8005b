// The doorway: one application-level events object, and what generated models and collections are extended with.
// Invariant: nothing of Backbone's changes until `install` is called.

import {checkFields} from './validate.js';
import {createSession} from './session.js';
import {createStates} from './pending.js';
import {createLive} from './live.js';
import {createSync} from './sync.js';

/**
 * @param {any} Backbone the application's Backbone
 * @param {string} [schema] the fingerprint of the schema that the models were generated from
 */
export function createVertebra(Backbone, schema) {
  const app = {...Backbone.Events, state: 'offline'};
  const session = createSession(app, schema);
  const stateOf = createStates();
  const live = createLive(app, session, stateOf);
  const sync = createSync(Backbone.sync, session, live, stateOf);
  const shared = {
    live: true,
    sync,
    /** Stops following the server; what is here stays as it is. */
    unsubscribe() { live.leave(this); },
  };

  return Object.assign(app, {
    sync,

    model: {
      ...shared,
      /** What is parsed has come from the server: it has this row. */
      parse(response) {
        stateOf(this).known = true;
        return response;
      },
      /** A model whose create is under way is not new any more: it is not created twice, and destroy reaches it. */
      isNew() {
        return !this.has(this.idAttribute) && !stateOf(this).create;
      },
      /** Names every failing field: {title: 'is required'}; undefined if there is none. */
      validate(attributes, options) {
        const errors = {};
        checkFields(this.schema.fields, attributes, errors, options?.patch);
        return Object.keys(errors)[0] && errors;
      },
    },

    collection: {
      ...shared,
      /** A snapshot knows nothing of models whose create is under way: they stay. */
      parse(response, options) {
        return response?.concat?.((options.previousModels || this.models).filter((model) => stateOf(model).create)) || response;
      },
      /** From now on this is the collection of the rows that match. @param {object} [query] {where, sort, limit} */
      subscribe(query, options) {
        this.query = query;
        return this.fetch(options);
      },
      /** Ids such as "__proto__" and "constructor" are ids like others. */
      _reset() {
        Backbone.Collection.prototype._reset.call(this);
        this._byId = Object.create(null);
      },
    },

    /** Puts our sync in the place of a Backbone's own, so that any class may say `realtime`. What it returns takes it back. */
    install(target = Backbone) {
      const original = target.sync;
      target.sync = createSync(original, session, live, stateOf);
      return () => { target.sync = original; };
    },

    /** @type {(target?: any, options?: any) => void} a URL or a socket.io-client socket; {token, WebSocket, cid, timers, random} */
    connect: session.connect,
    close: session.end,
    /** Sends something that is no row, to whoever listens to it now. */
    signal: (topic, payload) => session.send(['E', topic, payload]),
  });
}
