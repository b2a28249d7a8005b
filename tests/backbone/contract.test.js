// The generated runtime against stock Backbone.sync: 56 scenarios whose traces must be equal, in jsdom and, where there
// is one, in a real browser.
import assert from 'node:assert/strict';
import test from 'node:test';
import {contract, engines} from './runner.mjs';

for (const engine of engines) {
  test(`the contract of Backbone.sync, 56 of 56 in ${engine}`, async (t) => {
    const output = await contract(t, {engine, inject: ['adapter.js', 'bridge.js', 'contract.js']});
    assert.match(output, /^56 passed, 0 failed$/m, output);
  });
}
