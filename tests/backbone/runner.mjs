// Runs run.mjs with the classic bundle of the fixture, and scripts of this folder after it.
// Invariant: the process is over before the test is, whatever a browser leaves behind.
import {execFile} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {classic} from '../../codegen/js/test/assemble.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const hasBrowser = ['chromium', 'chromium-browser', 'google-chrome'].some((name) => (
  (process.env.PATH || '').split(path.delimiter).some((folder) => fs.existsSync(path.join(folder, name)))));

/** What there is to run pages in. */
export const engines = hasBrowser ? ['jsdom', 'chromium'] : ['jsdom'];

/**
 * @param {import('node:test').TestContext} t
 * @param {{engine: string, backbone?: string, inject?: string[]}} options
 * @returns {Promise<string>} all that was said
 */
export function contract(t, {engine, backbone = here('../node_modules/backbone'), inject = []}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'contract-'));
  t.after(() => fs.rmSync(folder, {recursive: true}));
  const bundle = path.join(folder, 'todo.js');
  fs.writeFileSync(bundle, classic('./fixtures/todo.js', 'Todo'));
  const injected = [bundle, ...inject.map(here)].flatMap((file) => ['--inject', file]);
  const args = [here('run.mjs'), '--backbone', backbone, '--modules', here('..'), '--engine', engine, ...injected];
  return new Promise((resolve) => {
    execFile(process.execPath, args, {maxBuffer: 1 << 26}, (error, stdout, stderr) => resolve(stdout + stderr));
  });
}
