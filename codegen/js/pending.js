// What each model has under way, and what of the server's word may be set on it meanwhile.
// Invariant: neither an answer nor a push takes back what the user has typed since.

/**
 * @typedef {{op: string, id: any, keys: string[], before: Object<string, any>|undefined, held: Array<(error: any, id?: any) => void>}} Save
 */

export function createPending() {
  const saves = new WeakMap();
  let versions = new WeakMap();
  return {
    /** Models of which the server has the row, as far as we know. */
    known: new WeakSet(),
    /** @param {any} model @returns {Save[]} */
    of: (model) => saves.get(model) || [],
    begin(model, save) { saves.set(model, this.of(model).concat(save)); },
    end(model, save) { saves.set(model, this.of(model).filter((other) => other !== save)); },
    /** The create that this model has in flight. @returns {Save|undefined} */
    creating(model) { return this.of(model).find(({op}) => op === 'create'); },
    /** The names of attributes that are on their way to the server. @returns {Set<string>} */
    keys(model) { return new Set(this.of(model).flatMap(({keys}) => keys)); },
    /** The version that an answer has brought the model to. */
    version: (model) => versions.get(model) || 0,
    setVersion(model, v) { versions.set(model, v); },
    /** Versions of another log mean nothing. */
    forgetVersions() { versions = new WeakMap(); },
  };
}

/** Equality of two JSON values. */
export function same(a, b) {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/**
 * The part of an answer that the model takes: an attribute that has changed since the save was sent is newer than the
 * answer. With `wait` it is repeated instead of left out, because Backbone sets the saved attributes beneath the answer.
 * @param {any} model
 * @param {Save} save
 * @param {Object<string, any>} row
 * @param {boolean} [wait]
 */
export function withoutEdits(model, {before}, row, wait) {
  if (!before) return row;
  const result = {};
  for (const [name, value] of Object.entries(row)) {
    const now = model.attributes[name];
    if (now === before[name]) result[name] = value;
    else if (wait) result[name] = now;
  }
  return result;
}

/**
 * What is new in a row, compared with the row that the model has seen; everything if it has seen none.
 * @param {Object<string, any>|undefined} old
 * @param {Object<string, any>} row
 * @param {Set<string>} [except] names to leave out
 */
export function changesOf(old, row, except) {
  const names = Object.keys(row).filter((name) => !(except && except.has(name)) && !(old && same(old[name], row[name])));
  return Object.fromEntries(names.map((name) => [name, row[name]]));
}
