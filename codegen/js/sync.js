// The replacement of `Backbone.sync` for realtime models, clause by clause like the original.
// Invariant: what is sent is serialised, and handed to the socket or its queue, before `sync` returns; afterwards the
// options' success or error is called once.

import {uuid7} from './uuid.js';
import {createError} from './errors.js';
import {createHandle} from './handle.js';
import {withoutEdits, changesOf} from './pending.js';

/** Options that only mean something over HTTP: who gives one gets HTTP. */
const HTTP_OPTIONS = ['url', 'beforeSend', 'headers', 'contentType', 'dataType'];

/** The nearest one who has said something: the call, the model, its collection or its model class. */
export function setting(name, model, options) {
  const holders = [options, model, model.collection, model.model && model.model.prototype];
  const holder = holders.find((candidate) => candidate && candidate[name] !== undefined);
  return holder && holder[name];
}

/** The schema of a model or of a collection's models. */
export function schemaOf(model) {
  return model.schema || model.model && model.model.prototype && model.model.prototype.schema;
}

/** The collection's name on the wire: the schema's, or the last part of the URL of hand-written models. */
export function collectionOf(model) {
  const schema = schemaOf(model);
  if (schema) return schema.collection;
  const result = (holder, name) => holder && (typeof holder[name] === 'function' ? holder[name]() : holder[name]);
  const url = result(model, 'urlRoot') || result(model.collection, 'url') || result(model, 'url');
  if (!url) throw new Error('A "url" property or function must be specified');
  return decodeURIComponent(url.replace(/[?#].*/, '').replace(/\/$/, '').replace(/.*\//, ''));
}

/** The field of a schema that is the id, if it is clients who make it. */
export function clientMakesId(fields, name) {
  const field = fields && fields[name];
  return !!field && !field.readOnly && /^(uuid|string)$/.test(field.type);
}

export function createSync(http, session, live, pending) {
  return function sync(method, model, options) {
    options = options || {};
    const schema = schemaOf(model);
    const fields = schema && schema.fields;
    const writes = method !== 'read' && method !== 'delete';
    // What isn't the schema's, or is the server's to set, is not sent.
    const sendable = (attrs) => (fields ? Object.fromEntries(Object.entries(attrs).filter(([name]) => (
      Object.prototype.hasOwnProperty.call(fields, name) && !fields[name].readOnly))) : attrs);
    const body = () => sendable(options.attrs || model.toJSON(options));

    const overHttp = !setting('realtime', model, options) || options.emulateHTTP || options.emulateJSON ||
      typeof options.data === 'string' || HTTP_OPTIONS.some((name) => options[name] != null);
    if (overHttp || !session.ready()) {
      if (fields && writes && options.data == null) options.attrs = body();
      return http.call(this, method, model, options);
    }

    const collection = collectionOf(model);
    const data = writes ? JSON.parse(JSON.stringify(options.data == null ? body() : options.data)) : null;
    let cancel = () => {};
    const {handle, settle} = createHandle(options, () => cancel(), session.timers);

    // An answer that comes while we are still sending waits for 'request'.
    let sending = true;
    let early;
    const answer = (error, response) => {
      const run = () => settle(error && createError(error), response);
      if (sending) early = run;
      else run();
    };
    const follow = () => {
      if (fields && setting('live', model, options)) live.follow(model, collection);
    };

    function read() {
      const id = model.get(model.idAttribute);
      cancel = session.query({collection, id, ...options.data}, (error, reply) => {
        if (error) return answer(error);
        let {row} = reply;
        if (fields) {
          const newer = live.newest(collection, id);
          if (newer && newer.v > reply.seq) row = newer.row;
          else pending.setVersion(model, reply.seq);
          pending.known.add(model);
          row = changesOf(undefined, row, pending.keys(model));
        }
        answer(null, row);
        follow();
      });
    }

    function readMany() {
      const query = {collection, ...(options.data || model.query)};
      if (setting('live', model, options)) cancel = live.fetch(model, query, answer);
      else cancel = session.query(query, (error, reply) => answer(error, reply && reply.rows));
    }

    function write() {
      const idName = model.idAttribute;
      const clientId = clientMakesId(fields, idName);
      const create = fields && pending.creating(model);
      let op = method;
      let id = model.get(idName);
      let upsert = false;
      if (create) {
        // A second save, or a destroy, of a model whose create has not been answered: it goes behind the create.
        id = create.id;
        if (op === 'create') op = 'update';
      } else if (op === 'create') {
        id = clientId ? uuid7() : null;
      } else if (op === 'update' && clientId && !pending.known.has(model)) {
        // Someone has given the model its id. If the server has no such row, this is the row's create.
        op = 'create';
        upsert = true;
      }
      const save = {op, id, keys: Object.keys(data || {}), before: {...model.attributes}, held: []};
      if (options.wait) {
        // Backbone shows us the attributes to be; what the user edits is told from the ones it puts back.
        save.before = undefined;
        queueMicrotask(() => { save.before = {...model.attributes}; });
      }
      const submit = () => {
        pending.begin(model, save);
        const mutation = {mid: 0, op: save.op, collection, id: save.id, data, done};
        cancel = () => { if (session.withdraw(mutation)) finish({code: 'abort', message: 'abort', retry: 'no'}); };
        session.mutate(mutation);
      };
      const finish = (error, newId) => {
        pending.end(model, save);
        save.held.splice(0).forEach((next) => next(error, newId));
      };
      const done = (error, row, seq) => {
        if (error && upsert && error.code === 'conflict') {
          upsert = false;
          pending.end(model, save);
          save.op = 'update';
          return submit();
        }
        finish(error, row && row[idName]);
        if (error) {
          if (op === 'delete') live.restore(collection, save.id);
        } else if (fields && op === 'delete') {
          live.leave(model);
        } else if (fields && row) {
          const newer = live.newest(collection, row[idName]);
          if (newer && newer.v > seq) row = changesOf(undefined, newer.row, pending.keys(model));
          else pending.setVersion(model, seq);
          pending.known.add(model);
          row = withoutEdits(model, save, row, options.wait);
        }
        answer(error, row);
        if (!error && op !== 'delete') follow();
      };
      if (create && create.id === null) {
        // Only the answer to the create knows the id.
        create.held.push((error, newId) => {
          if (error) return done(error);
          save.id = newId;
          submit();
        });
      } else {
        submit();
      }
    }

    if (writes || method === 'delete') write();
    else if (model.attributes) read();
    else readMany();
    model.trigger('request', model, handle, options);
    sending = false;
    if (early) early();
    return handle;
  };
}
