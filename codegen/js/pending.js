// What is known of each model beside its attributes, and small helpers for rows.
// Invariant: it is held weakly; a model that nobody uses takes its state with it.

/**
 * @typedef {{id: any, op: string, held: Array<(error: any, id?: any) => void>}} Save
 * @typedef {object} State
 * @property {Save} [create] the create that is under way
 * @property {boolean} [known] the server has the row, as far as we know
 * @property {string} [epoch] of the log in which an answer has said...
 * @property {number} [v] ...that at this version...
 * @property {Object<string, any>} [row] ...the row was this
 */

/** @returns {(model: any) => State} */
export function createStates() {
  const states = new WeakMap();
  return (model) => states.get(model) || states.set(model, {}).get(model);
}

/** An object with the entries that are to be kept. */
export function pick(object, keep) {
  return Object.fromEntries(Object.entries(object).filter((entry) => keep(...entry)));
}

/** Equality of two JSON values. */
export function same(a, b) {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
