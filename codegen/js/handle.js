// What `sync` returns, in place of jQuery's jqXHR and without jQuery.
// Invariant: it settles once, and nobody listening is no error: `then` makes its promise when it is called.

import {createError} from './errors.js';

/**
 * @param {any} options the options of the sync call; the handle is left at `options.xhr`
 * @param {() => void} cancel called once when the caller gives up
 * @param {{setTimeout: Function, clearTimeout: Function}} timers
 * @returns {{handle: any, settle: (error: any, response?: any, textStatus?: string) => void}}
 */
export function createHandle(options, cancel, timers) {
  let outcome = 'pending';
  let args = [];
  let timer;
  const waiting = [];
  const run = ([on, callback]) => { if (!on || on === outcome) callback(...args); };
  const listen = (on) => (...callbacks) => {
    callbacks.forEach((callback) => (outcome === 'pending' ? waiting.push([on, callback]) : run([on, callback])));
    return handle;
  };
  const handle = {
    readyState: 1,
    status: 0,
    statusText: '',
    state: () => outcome,
    done: listen('resolved'),
    fail: listen('rejected'),
    always: listen(),
    then: (yes, no) => new Promise((resolve, reject) => {
      handle.done(resolve).fail(() => reject(handle.error));
    }).then(yes, no),
    catch: (no) => handle.then(undefined, no),
    abort: () => giveUp('abort'),
    getResponseHeader: () => null,
    getAllResponseHeaders: () => '',
  };
  function giveUp(textStatus) {
    if (outcome !== 'pending') return;
    cancel();
    settle(createError({code: textStatus, status: 0, message: textStatus, retry: 'no'}), undefined, textStatus);
  }
  function settle(error, response, textStatus) {
    if (outcome !== 'pending') return;
    timers.clearTimeout(timer);
    handle.readyState = 4;
    const {context} = options;
    if (error) {
      outcome = 'rejected';
      const {status, statusText, responseText, responseJSON, code, fields} = error;
      Object.assign(handle, {error, status, statusText, responseText, responseJSON, code, fields});
      options.textStatus = textStatus || 'error';
      options.errorThrown = statusText;
      args = [handle, options.textStatus, statusText];
      if (options.error) options.error.call(context, error, options.textStatus, statusText);
    } else {
      outcome = 'resolved';
      Object.assign(handle, {status: 200, statusText: 'OK', responseJSON: response, responseText: JSON.stringify(response)});
      args = [response, 'success', handle];
      if (options.success) options.success.apply(context, args);
    }
    waiting.splice(0).forEach(run);
  }
  options.xhr = handle;
  if (options.timeout) timer = timers.setTimeout(() => giveUp('timeout'), options.timeout);
  return {handle, settle};
}
