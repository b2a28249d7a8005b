// The replacement of `Backbone.sync` for realtime models, clause by clause like the original.
// Invariant: what is sent is serialised, and handed to the socket or its queue, before `sync` returns; afterwards the
// options' success or error is called once.

import {uuid7} from './uuid.js';
import {createHandle} from './handle.js';
import {hasOwn} from './validate.js';
import {pick} from './pending.js';

export function createSync(http, session, live, stateOf) {
  return function sync(method, model, options = {}) {
    // What the nearest one says who says something: the call, the model, its collection or its model class.
    const setting = (name) => [options, model, model.collection, model.model?.prototype]
      .find((holder) => holder?.[name] !== undefined)?.[name];
    const schema = setting('schema');
    const fields = schema?.fields;
    const deletes = method === 'delete';
    const writes = method !== 'read' && !deletes;
    const idName = model.idAttribute;
    const id = model.attributes?.[idName];
    // What isn't the schema's, or is the server's to set, is not sent.
    const isOurs = (name) => hasOwn(fields, name) && !fields[name].readOnly;
    const body = () => {
      const attrs = options.attrs || model.toJSON(options);
      return fields ? pick(attrs, isOurs) : attrs;
    };

    // The name on the wire of a class without a schema: the last part of its URL, before the id.
    const nameFromUrl = () => {
      const url = model.url?.call ? model.url() : model.url || '';
      return url.split(/[?#]/)[0].split('/').filter(Boolean).slice(id == null ? -1 : -2)[0];
    };

    // Some options only mean something over HTTP; and who has neither a name nor a URL hears of it there.
    let collection;
    if (!setting('realtime') || typeof options.data === 'string' || !session.ready() ||
        Object.keys(options).some((name) => /^(emulate|url$|beforeSend|headers|contentType|dataType)/.test(name) && options[name] != null) ||
        !(collection = schema?.collection || nameFromUrl())) {
      if (fields && writes && options.data == null) options.attrs = body();
      return http.call(this, method, model, options);
    }

    const data = writes ? JSON.parse(JSON.stringify(options.data ?? body())) : null;
    const state = stateOf(model);
    const isLive = setting('live');
    let before = {...model.attributes};
    const {handle, settle} = createHandle(options);

    /** Answers with what the model takes of its row. */
    const answerRow = (row, rowId, seq) => {
      if (fields && row) {
        Object.assign(state, {known: true, epoch: session.replica.epoch, v: seq, row});
        // What has changed since we asked is newer than the answer. It is repeated, not left out: with `wait`
        // Backbone sets the saved attributes beneath the answer.
        row = {...row, ...pick(model.attributes, (name, value) => name in row && before && value !== before[name])};
      }
      settle(null, row);
      // A model in no collection is kept current by itself.
      if (isLive && !model.collection) live.join(model, {collection, where: {[idName]: rowId}});
    };

    if (writes || deletes) {
      const create = fields && state.create;
      const save = {op: method, id, held: []};
      let clientId = fields && isOurs(idName);
      if (create) {
        // A second save, or a destroy, of a model whose create has not been answered: it goes behind the create.
        save.id = create.id;
        if (method === 'create') save.op = 'update';
      } else if (method === 'create') {
        save.id = clientId ? uuid7() : null;
      }
      // Someone has given the model its id. If the server has no such row, this is the row's create.
      clientId = clientId && !create && method === 'update' && !state.known;
      if (clientId) save.op = 'create';

      // With `wait` the attributes are now the ones to be; edits are told from the ones that Backbone puts back.
      if (options.wait) {
        before = null;
        queueMicrotask(() => { before = {...model.attributes}; });
      }

      const submit = () => {
        if (save.op === 'create') state.create = save;
        session.mutate({op: save.op, collection, id: save.id, data, done});
      };
      const done = (error, row, seq) => {
        const rowId = save.id ?? row?.[idName];
        if (state.create === save) state.create = null;
        save.held.forEach((next) => next(error, rowId));
        if (clientId && error?.code === 'conflict') {
          clientId = false;
          save.op = 'update';
          return submit();
        }
        if (deletes) {
          if (error) live.restore(collection, rowId);
          else live.leave(model);
        }
        if (error || deletes) settle(error, row);
        else answerRow(row, rowId, seq);
      };
      if (create?.id === null) {
        // Only the answer to the create knows the id.
        create.held.push((error, newId) => {
          save.id = newId;
          if (error) done(error);
          else submit();
        });
      } else {
        submit();
      }
    } else if (model.attributes) {
      session.query({collection, id, ...options.data}, (error, reply) => {
        if (error) settle(error);
        else answerRow(reply.row, id, reply.seq);
      });
    } else {
      const query = {collection, ...(options.data || model.query)};
      if (isLive) live.fetch(model, query, settle);
      else session.query(query, (error, reply) => settle(error, reply?.rows));
    }
    model.trigger('request', model, handle, options);
    return handle;
  };
}
