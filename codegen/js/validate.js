// The rules of a schema's fields, in the words the server uses too: `tests/protocol/validation.json` is run by both.
// Invariant: every failing field is named, each with its first failing rule only.

/**
 * @typedef {object} Field
 * @property {string} type
 * @property {boolean} [nullable]
 * @property {boolean} [required] a create needs it
 * @property {boolean} [readOnly] the server sets it
 * @property {number|string} [minimum]
 * @property {number|string} [maximum]
 * @property {number} [minLength] in Unicode scalar values, or items
 * @property {number} [maxLength]
 * @property {string} [pattern]
 * @property {Array<unknown>} [oneOf]
 * @property {Array<string>} [values] of an enum
 * @property {Field|Field[]} [items] of an array or a tuple
 * @property {Object<string, Field>} [fields] of an object
 */

/** `Object.hasOwn`, which is younger than the syntax we use. */
export const hasOwn = (object, name) => ({}).hasOwnProperty.call(object, name);

/** A lone surrogate is no text: it has no UTF-8 form, and would be refused as a broken frame. */
const isText = (value) => typeof value === 'string' && !/\p{Surrogate}/u.test(value);
const listType = ['a list', Array.isArray];
const objectType = ['an object', (value) => typeof value === 'object' && !Array.isArray(value)];
const integerText = ['an integer in a string', /^(0|-?[1-9]\d*)$/];

/** For each type what a value must be, and the test; a pattern is one of text. Then the type's own bounds. */
const TYPES = {
  string: ['a string', /^/],
  boolean: ['a boolean', (value) => value === !!value],
  integer: ['an integer', Number.isInteger],
  number: ['a number', Number.isFinite],
  array: listType,
  tuple: listType,
  map: objectType,
  object: objectType,
  char: ['a single character', /^.$/su],
  uuid: ['a UUID', /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i],
  decimal: ['a decimal number in a string', /^-?\d+(\.\d+)?$/],
  bytes: ['base64 text', /^(?=(.{4})*$)[A-Za-z\d+/]*={0,2}$/],
  date: ['a date such as 2026-01-31', /^\d{4}-.{5}$/],
  'date-time': ['a date and time such as 2026-01-31T12:00:00Z',
    /^\d{4}-.{5}T([01]\d|2[0-3])(:[0-5]\d){2}(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/],
  int64: [...integerText, -(2n ** 63n), 2n ** 63n - 1n],
  uint64: [...integerText, 0, 2n ** 64n - 1n],
};

/** Whether a text begins with a day that is in the calendar: 2026-02-29 is not. */
const startsWithDay = (text) => {
  const day = text.slice(0, 10);
  return new Date(day + 'T00:00:00Z').toJSON()?.startsWith(day);
};

/**
 * The first rule that `value` itself breaks, or something falsy. What is inside of lists and objects is `checkFields`'s.
 * @param {Field} field
 * @param {any} value
 */
export function brokenRule(field, value) {
  const {type, items, pattern} = field;
  const [words, test, lowest, highest] = TYPES[type] || [];
  const {minimum = lowest, maximum = highest, minLength = items?.length, maxLength = items?.length, oneOf = field.values} = field;
  // 64-bit integers are text, and compared as what they say. What isn't given compares as NaN.
  const size = highest ? BigInt : Number;
  const isList = Array.isArray(value);
  const {length} = isList || isText(value) ? [...value] : '';
  const count = (bound, n) => `must have at ${bound} ${n} ${isList ? 'item' : 'character'}${n === 1 ? '' : 's'}`;
  return value === null ? !field.nullable && 'must not be null' :
    test && !(test.test ? isText(value) && test.test(value) && (!/^date/.test(type) || startsWithDay(value)) : test(value)) && 'must be ' + words ||
    size(value) < size(minimum) && 'must be at least ' + minimum ||
    size(value) > size(maximum) && 'must be at most ' + maximum ||
    length < minLength && count('least', minLength) ||
    length > maxLength && count('most', maxLength) ||
    pattern && !new RegExp(pattern, 'u').test(value) && 'must match ' + pattern ||
    oneOf?.includes && !oneOf.includes(value) && 'must be one of: ' + oneOf.join(', ');
}

/**
 * Checks the fields of a row, or the parts of a value, and everything in them; notes messages by path ("tags.2").
 * Fields that only the server sets are not the caller's fault.
 * @param {Object<string, Field>} fields
 * @param {Object<string, any>} values
 * @param {Object<string, string>} errors
 * @param {boolean} [partial] a patch: nothing is required
 * @param {string} [prefix]
 */
export function checkFields(fields, values, errors, partial, prefix = '') {
  Object.keys(fields).forEach((name) => {
    const field = fields[name];
    const {type, items} = field;
    const value = hasOwn(values, name) ? values[name] : undefined;
    if (field.readOnly) return;
    const broken = value === undefined ? field.required && !partial && 'is required' : brokenRule(field, value);
    if (broken) {
      errors[prefix + name] = broken;
    } else if (value && (items || field.fields || type === 'map')) {
      const parts = field.fields || Object.fromEntries(Object.keys(value).map((key) => [key, items?.[key] || items || field.values]));
      checkFields(parts, value, errors, false, prefix + name + '.');
    }
  });
}
