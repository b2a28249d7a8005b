// What `sync` returns, in place of jQuery's jqXHR and without jQuery.
// Invariant: it settles once, and nobody listening is no error: `then` makes its promise when it is called.

import {createError} from './errors.js';

/**
 * @param {any} options the options of the sync call; the handle is left at `options.xhr`
 * @returns {{handle: any, settle: (error: any, response?: any) => void}}
 */
export function createHandle(options) {
  let outcome = 'pending';
  let args;
  let timer;
  const waiting = [];
  const listen = (on) => (callback) => {
    const run = () => { if (on === outcome || !on) callback(...args); };
    if (args) run();
    else waiting.push(run);
    return handle;
  };
  // The caller gives up: what is on its way stays so, and is not heard of any more.
  const giveUp = (code) => settle({code, textStatus: code, status: 0});
  const settle = (wire, response) => {
    if (args) return;
    const error = wire && createError(wire);
    clearTimeout(timer);
    outcome = error ? 'rejected' : 'resolved';
    Object.assign(handle, {error}, error ||
      {status: 200, statusText: 'OK', responseJSON: response, responseText: JSON.stringify(response)});
    const {statusText, textStatus = 'error'} = handle;
    args = error ? [handle, textStatus, statusText] : [response, 'success', handle];
    Object.assign(options, error && {textStatus, errorThrown: statusText});
    options[error ? 'error' : 'success']?.call(options.context, error || response, ...args.slice(1));
    waiting.forEach((run) => run());
  };
  const handle = options.xhr = {
    status: 0,
    state: () => outcome,
    done: listen('resolved'),
    fail: listen('rejected'),
    always: listen(),
    then: (yes, no) => new Promise((resolve, reject) => {
      handle.done(resolve).fail(() => reject(handle.error));
    }).then(yes, no),
    catch: (no) => handle.then(null, no),
    abort: () => giveUp('abort'),
    getResponseHeader: () => null,
  };
  if (options.timeout) timer = setTimeout(() => giveUp('timeout'), options.timeout);
  return {handle, settle};
}
