// Backbone's own test suite, for who has a checkout of Backbone: `./test --backbone PATH`. Its npm package has no tests,
// and nothing of it is kept here. Only the loaded bundle may not change anything; and with every model realtime, what
// fails is what `Backbone.emulateHTTP` and `Backbone.emulateJSON` do to requests, of which a socket has none. Options of
// a single call that mean something over HTTP only send that call over HTTP, so their tests pass.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import {contract, engines} from './runner.mjs';

const checkout = process.env.BACKBONE;
const HTTP_ONLY = ['Use Backbone.emulateHTTP as default.', 'Use Backbone.emulateJSON as default.'];
const failures = (output) => [...output.matchAll(/^FAIL Backbone\.sync: (.*)$/gm)].map((match) => match[1]).sort();

for (const engine of checkout ? engines : []) {
  test(`Backbone's own suite in ${engine}: loaded and not used`, async (t) => {
    assert.ok(fs.existsSync(`${checkout}/test/sync.js`), `${checkout} has no tests`);
    assert.match(await contract(t, {backbone: checkout, engine}), /^442 passed, 0 failed$/m);
  });

  test(`Backbone's own suite in ${engine}: every model realtime`, async (t) => {
    const output = await contract(t, {backbone: checkout, engine, inject: ['adapter.js', 'bridge.js']});
    assert.match(output, /^440 passed, 2 failed$/m, output);
    assert.deepEqual(failures(output), HTTP_ONLY);
  });

  test(`Backbone's own suite in ${engine}: installed over Backbone.sync, no model realtime`, async (t) => {
    const output = await contract(t, {backbone: checkout, engine, inject: ['install.js']});
    assert.match(output, /^442 passed, 0 failed$/m, output);
  });
}
