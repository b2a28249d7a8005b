// What each model has under way, and what of the server's word may be set on it meanwhile.
// Invariant: neither an answer nor a push takes back what the user has typed since.

/**
 * @typedef {{op: string, id: any, keys: string[], before?: Object<string, any>, held: Array<(error: any, id?: any) => void>}} Save
 * @typedef {{saves: Save[], known?: boolean, epoch?: string, v?: number}} State
 *   `known`: the server has the row, as far as we know; `v`: the version that an answer in `epoch` has brought the model to
 */

/** @returns {(model: any) => State} */
export function createStates() {
  const states = new WeakMap();
  return (model) => {
    if (!states.has(model)) states.set(model, {saves: []});
    return states.get(model);
  };
}

/** The create that a model has in flight. @param {State} state */
export function creating(state) {
  return state.saves.find(({op}) => op === 'create');
}

/** An object with the entries that are to be kept. */
export function pick(object, keep) {
  return Object.fromEntries(Object.entries(object).filter(([name, value]) => keep(name, value)));
}

/** Equality of two JSON values. */
export function same(a, b) {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** A row without the attributes that are on their way to the server. @param {State} state @param {Object<string, any>} row */
export function withoutSaves({saves}, row) {
  return pick(row, (name) => !saves.some(({keys}) => keys.includes(name)));
}
