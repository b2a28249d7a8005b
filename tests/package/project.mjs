// A project of npm that has a generated package in its node_modules, beside Backbone and what else tests have installed.
// Invariant: the package is what the command line makes; nothing in it is written by a test.

import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const installed = path.join(root, 'tests/node_modules');
const bin = path.resolve(root, process.env.VERTEBRA_BIN || 'target/debug/vertebra');

/** Runs `vertebra generate`. @returns what it printed */
export function generate(out, {models = path.join(root, 'tests/package/models.rs'), name = 'todo', args = []} = {}) {
  return execFileSync(bin, ['generate', models, '--name', name, '--out', out, ...args], {cwd: os.tmpdir(), encoding: 'utf8'});
}

/**
 * @param {import('node:test').TestContext} t the folder goes with this test
 * @param {object} [options] as of `generate`
 * @returns {{folder: string, out: string, write: (name: string, text: string) => string}} `out` is
 *   the package, `node_modules/todo-models`, whatever it is `called`
 */
export function project(t, {args = [], called = 'todo-models', ...options} = {}) {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'vertebra-package-')));
  t.after(() => fs.rmSync(folder, {recursive: true, force: true}));
  const modules = path.join(folder, 'node_modules');
  const out = path.join(modules, 'todo-models');
  fs.mkdirSync(modules);
  for (const name of ['backbone', 'underscore', 'ws', '@types']) fs.symlinkSync(path.join(installed, name), path.join(modules, name));
  generate(out, {...options, args: ['--js', '--package', called, ...args]});
  const write = (name, text) => {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), {recursive: true});
    fs.writeFileSync(file, text);
    return file;
  };
  write('package.json', '{"private": true, "type": "module"}');
  return {folder, out, write};
}
