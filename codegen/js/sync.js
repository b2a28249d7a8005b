// The replacement of `Backbone.sync` for realtime models, clause by clause like the original.
// Invariant: what is sent is serialised, and handed to the socket or its queue, before `sync` returns; afterwards the
// options' success or error is called once.

import {uuid7} from './uuid.js';
import {createError} from './errors.js';
import {createHandle} from './handle.js';
import {hasOwn} from './validate.js';
import {creating, pick, withoutSaves} from './pending.js';

/** The nearest one who has said something: the call, the model, its collection or its model class. */
export function setting(name, model, options) {
  return [options, model, model.collection, model.model?.prototype].find((holder) => holder?.[name] !== undefined)?.[name];
}

/** The collection's name on the wire of a model without a schema: the last part of its URL. */
export function nameFromUrl(model) {
  const result = (holder, name) => (typeof holder?.[name] === 'function' ? holder[name]() : holder?.[name]);
  const url = result(model, 'urlRoot') || result(model.collection, 'url') || result(model, 'url');
  if (!url) throw new Error('A "url" property or function must be specified');
  return decodeURIComponent(/([^/]*)\/?([?#].*)?$/.exec(url)[1]);
}

export function createSync(http, session, live, stateOf) {
  return function sync(method, model, options = {}) {
    const {schema} = model.schema ? model : model.model?.prototype || {};
    const fields = schema?.fields;
    const writes = method !== 'read' && method !== 'delete';
    const idName = model.idAttribute;
    // What isn't the schema's, or is the server's to set, is not sent.
    const body = () => {
      const attrs = options.attrs || model.toJSON(options);
      return fields ? pick(attrs, (name) => hasOwn(fields, name) && !fields[name].readOnly) : attrs;
    };

    // Options that only mean something over HTTP: who gives one gets HTTP.
    if (!setting('realtime', model, options) || options.emulateHTTP || options.emulateJSON || typeof options.data === 'string' ||
        ['url', 'beforeSend', 'headers', 'contentType', 'dataType'].some((name) => options[name] != null) || !session.ready()) {
      if (fields && writes && options.data == null) options.attrs = body();
      return http.call(this, method, model, options);
    }

    const collection = schema?.collection || nameFromUrl(model);
    const data = writes ? JSON.parse(JSON.stringify(options.data ?? body())) : null;
    let cancel;
    const {handle, settle} = createHandle(options, () => cancel(), session.timers);

    // An answer that comes while we are still sending waits for 'request'.
    let early;
    let sent;
    const answer = (error, response) => {
      const run = () => settle(error && createError(error), response);
      if (sent) run();
      else early = run;
    };
    /** What a model takes of a row that it has asked for; pushes may have brought a newer one. */
    const take = (row, id, seq) => {
      const state = stateOf(model);
      const newer = live.newest(collection, id);
      state.known = true;
      if (newer?.v > seq) row = newer.row;
      else Object.assign(state, {epoch: session.replica.epoch, v: seq});
      return withoutSaves(state, row);
    };
    const follow = () => {
      if (fields && setting('live', model, options) && !stateOf(model).saves[0]) live.follow(model, collection);
    };

    const read = () => {
      const id = model.get(idName);
      return session.query({collection, id, ...options.data}, (error, reply) => {
        answer(error, reply && (fields ? take(reply.row, id, reply.seq) : reply.row));
        if (!error) follow();
      });
    };

    const readMany = () => {
      const query = {collection, ...(options.data || model.query)};
      if (setting('live', model, options)) return live.fetch(model, query, answer);
      return session.query(query, (error, reply) => answer(error, reply?.rows));
    };

    const write = () => {
      const state = stateOf(model);
      const clientId = /^(uuid|string)$/.test(fields?.[idName]?.type) && !fields[idName].readOnly;
      const create = fields && creating(state);
      const keys = Object.keys(data || {}).filter((name) => name !== idName);
      const save = {op: method, id: model.get(idName), keys, before: {...model.attributes}, held: []};
      let upsert;
      if (create) {
        // A second save, or a destroy, of a model whose create has not been answered: it goes behind the create.
        save.id = create.id;
        if (method === 'create') save.op = 'update';
      } else if (method === 'create') {
        save.id = clientId ? uuid7() : null;
      } else if (method === 'update' && clientId && !state.known) {
        // Someone has given the model its id. If the server has no such row, this is the row's create.
        save.op = 'create';
        upsert = true;
      }
      if (options.wait) {
        // Now the attributes are the ones to be; the user's edits are told from the ones that Backbone puts back.
        save.before = null;
        queueMicrotask(() => { save.before = {...model.attributes}; });
      }
      const finish = (error, id) => {
        state.saves = state.saves.filter((other) => other !== save);
        save.held.forEach((next) => next(error, id));
      };
      const done = (error, row, seq) => {
        const id = save.id ?? row?.[idName];
        if (upsert && error?.code === 'conflict') {
          upsert = false;
          save.op = 'update';
          finish();
          return submit();
        }
        finish(error, id);
        const deletes = method === 'delete';
        if (error && deletes) live.restore(collection, id);
        else if (deletes) live.leave(model);
        else if (fields && row) {
          const {attributes} = model;
          const {before} = save;
          // What has changed since the save was sent is newer than the answer. It is repeated, not left out: with
          // `wait` Backbone sets the saved attributes beneath the answer.
          row = take(row, id, seq);
          row = {...row, ...pick(attributes, (name, value) => name in row && before && value !== before[name])};
        }
        answer(error, row);
        if (!error && !deletes) follow();
      };
      const submit = () => {
        state.saves.push(save);
        const withdraw = session.mutate({op: save.op, collection, id: save.id, data, done});
        cancel = () => { if (withdraw()) finish({code: 'abort'}); };
      };
      if (create?.id === null) {
        // Only the answer to the create knows the id.
        create.held.push((error, id) => {
          save.id = id;
          if (error) done(error);
          else submit();
        });
        return () => {};
      }
      submit();
      return cancel;
    };

    cancel = method !== 'read' ? write() : model.attributes ? read() : readMany();
    model.trigger('request', model, handle, options);
    sent = true;
    early?.();
    return handle;
  };
}
