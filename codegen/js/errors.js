// What went wrong, in the place where Backbone's handlers expect a jqXHR.
// Invariant: `status`, `statusText`, `responseText` and `responseJSON` mean what they mean over HTTP.

/**
 * @typedef {{code: string, status?: number, message?: string, fields?: Object<string, string>, retry?: string,
 *   retry_ms?: number, current?: any, last?: number}} WireError
 */

/**
 * @param {WireError} wire
 * @returns {Error & WireError & {statusText: string, responseText: string, responseJSON: WireError}}
 */
export function createError(wire) {
  const statusText = wire.message || wire.code;
  // What a later protocol calls by another name is an error of the server's.
  return Object.assign(new Error(statusText), {status: 500}, wire, {statusText, responseJSON: wire, responseText: JSON.stringify(wire)});
}

/**
 * Runs code that is not ours (a callback, an event handler). What it throws is reported as uncaught and does not keep
 * the frames behind it from being applied.
 * @param {Function|undefined} run
 * @param {any[]} args
 */
export function safely(run, ...args) {
  try {
    run?.(...args);
  } catch (error) {
    queueMicrotask(() => { throw error; });
  }
}
