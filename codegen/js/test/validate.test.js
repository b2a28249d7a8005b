import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import {checkFields} from '../validate.js';

const vectors = JSON.parse(fs.readFileSync(new URL('../../../tests/protocol/validation.json', import.meta.url), 'utf8'));

for (const {name, field, value, absent, message, path = 'value'} of vectors) {
  test(name, () => {
    const errors = {};
    checkFields({value: field}, absent ? {} : {value}, errors);
    // Refusing what is read-only is the server's: a client does not send it.
    if (field.readOnly) return assert.deepEqual(errors, {});
    assert.deepEqual(Object.entries(errors), message === null ? [] : [[path, message]]);
  });
}

test('half of a surrogate pair is no text', () => {
  const errors = {};
  checkFields({a: {type: 'string'}, b: {type: 'char'}}, {a: 'x\ud800', b: '\udc00'}, errors);
  assert.deepEqual(errors, {a: 'must be a string', b: 'must be a single character'});
});

test('every failing field is named, and a patch requires nothing', () => {
  const fields = {a: {type: 'string', required: true}, b: {type: 'boolean'}, c: {type: 'date'}};
  const check = (values, partial) => { const errors = {}; checkFields(fields, values, errors, partial); return errors; };
  assert.deepEqual(check({b: 1, c: 2, other: 3}, false),
    {a: 'is required', b: 'must be a boolean', c: 'must be a date such as 2026-01-31'});
  assert.deepEqual(check({b: true}, true), {});
});

test('numbers that JSON cannot say are no numbers', () => {
  for (const value of [NaN, Infinity, -Infinity]) {
    const errors = {};
    checkFields({n: {type: 'number'}, i: {type: 'integer', minimum: 0, maximum: 9}}, {n: value, i: value}, errors);
    assert.deepEqual(errors, {n: 'must be a number', i: 'must be an integer'});
  }
});
