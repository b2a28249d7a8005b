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

const TEXT_RULES = {
  uuid: [/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i, 'a UUID'],
  decimal: [/^-?\d+(\.\d+)?$/, 'a decimal number in a string'],
  bytes: [/^([A-Za-z\d+/]{4})*([A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/, 'base64 text'],
  char: [/^.$/su, 'a single character'],
  date: [/^\d{4}-\d\d-\d\d$/, 'a date such as 2026-01-31'],
  'date-time': [/^\d{4}-\d\d-\d\dT([01]\d|2[0-3])(:[0-5]\d){2}(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/,
    'a date and time such as 2026-01-31T12:00:00Z'],
  int64: [/^(0|-?[1-9]\d*)$/, 'an integer in a string', '-9223372036854775808', '9223372036854775807'],
  uint64: [/^(0|-?[1-9]\d*)$/, 'an integer in a string', 0, '18446744073709551615'],
};

/** A day that is in the calendar: 2026-02-29 is not. @param {string} day */
export function isDay(day) {
  const date = new Date(day + 'T00:00:00Z');
  return !isNaN(+date) && date.toISOString().startsWith(day);
}

/**
 * The first rule that `value` itself breaks, or undefined. What is inside of lists and objects is `checkField`'s.
 * @param {Field} field
 * @param {any} value
 * @returns {string|undefined}
 */
export function brokenRule(field, value) {
  const {type, pattern} = field;
  if (value === null) return field.nullable || type === 'json' ? undefined : 'must not be null';
  // A lone surrogate is no text: it has no UTF-8 form, and would be refused as a broken frame.
  const isText = typeof value === 'string' && !/\p{Surrogate}/u.test(value);
  const isList = Array.isArray(value);
  const isNumber = typeof value === 'number' && isFinite(value);
  const rule = TEXT_RULES[type];
  let {minimum, maximum, minLength, maxLength, oneOf} = field;
  let unit = 'character';
  if (rule) {
    if (!isText || !rule[0].test(value) || /^date/.test(type) && !isDay(value.slice(0, 10))) return 'must be ' + rule[1];
    if (rule.length > 2) {
      if (minimum == null) minimum = rule[2];
      if (maximum == null) maximum = rule[3];
    }
  } else if (type === 'string') {
    if (!isText) return 'must be a string';
  } else if (type === 'boolean') {
    if (typeof value !== 'boolean') return 'must be a boolean';
  } else if (type === 'integer') {
    if (!isNumber || value % 1) return 'must be an integer';
  } else if (type === 'number') {
    if (!isNumber) return 'must be a number';
  } else if (type === 'array' || type === 'tuple') {
    if (!isList) return 'must be a list';
    unit = 'item';
    if (type === 'tuple') minLength = maxLength = field.items.length;
  } else if (type === 'map' || type === 'object') {
    if (typeof value !== 'object' || isList) return 'must be an object';
  } else if (type === 'enum') {
    oneOf = field.values;
  }
  // 64-bit integers are text, and compared as what they say.
  const size = rule && rule.length > 2 ? BigInt : Number;
  if (minimum != null && size(value) < size(minimum)) return 'must be at least ' + minimum;
  if (maximum != null && size(value) > size(maximum)) return 'must be at most ' + maximum;
  const count = (bound, n) => `must have at ${bound} ${n} ${unit}${n === 1 ? '' : 's'}`;
  if (minLength != null || maxLength != null) {
    const length = isText ? [...value].length : value.length;
    if (length < minLength) return count('least', minLength);
    if (length > maxLength) return count('most', maxLength);
  }
  if (pattern != null && !new RegExp(pattern, 'u').test(value)) return 'must match ' + pattern;
  if (oneOf && !oneOf.includes(value)) return 'must be one of: ' + oneOf.join(', ');
}

/**
 * Checks one value and everything in it, noting messages by path ("tags.2") in `errors`.
 * @param {Field} field
 * @param {any} value
 * @param {string} path
 * @param {Object<string, string>} errors
 */
export function checkField(field, value, path, errors) {
  const broken = field.readOnly ? 'is read-only' : brokenRule(field, value);
  if (broken) errors[path] = broken;
  else if (value === null) return;
  else if (field.type === 'array') value.forEach((item, i) => checkField(field.items, item, path + '.' + i, errors));
  else if (field.type === 'tuple') value.forEach((item, i) => checkField(field.items[i], item, path + '.' + i, errors));
  else if (field.type === 'map') Object.keys(value).forEach((key) => checkField(field.values, value[key], path + '.' + key, errors));
  else if (field.type === 'object') checkFields(field.fields, value, path + '.', false, errors);
}

/**
 * Checks the fields of a row or of an object in one. Fields that only the server sets are not the caller's fault.
 * @param {Object<string, Field>} fields
 * @param {Object<string, any>} values
 * @param {string} prefix
 * @param {boolean} partial a patch: nothing is required
 * @param {Object<string, string>} errors
 */
export function checkFields(fields, values, prefix, partial, errors) {
  for (const name of Object.keys(fields)) {
    const field = fields[name];
    // A name such as "constructor" must not be found on Object.prototype.
    const value = Object.prototype.hasOwnProperty.call(values, name) ? values[name] : undefined;
    if (field.readOnly) continue;
    if (value !== undefined) checkField(field, value, prefix + name, errors);
    else if (field.required && !partial) errors[prefix + name] = 'is required';
  }
}
