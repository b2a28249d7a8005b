// The generated runtime against stock Backbone.sync: 56 scenarios whose traces must be equal, in jsdom and, where there
// is one, in a real browser.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import {fileURLToPath} from 'node:url';
import {classic} from '../../codegen/js/test/assemble.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const browser = ['chromium', 'chromium-browser', 'google-chrome'].some((name) => (
  (process.env.PATH || '').split(path.delimiter).some((folder) => fs.existsSync(path.join(folder, name)))));

for (const engine of browser ? ['jsdom', 'chromium'] : ['jsdom']) {
  test(`the contract of Backbone.sync, 56 of 56 in ${engine}`, async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'contract-'));
    t.after(() => fs.rmSync(folder, {recursive: true}));
    const bundle = path.join(folder, 'todo.js');
    fs.writeFileSync(bundle, classic('./fixtures/todo.js', 'Todo'));
    const injected = [bundle, here('adapter.js'), here('bridge.js'), here('contract.js')].flatMap((file) => ['--inject', file]);
    const args = [here('run.mjs'), '--backbone', here('../node_modules/backbone'), '--modules', here('..'), '--engine', engine, ...injected];
    const output = await new Promise((resolve) => {
      execFile(process.execPath, args, {maxBuffer: 1 << 26}, (error, stdout, stderr) => resolve(stdout + stderr));
    });
    assert.match(output, /^56 passed, 0 failed$/m, output);
  });
}
