// The declarations under `tsc --strict`, as each kind of project resolves them: what is right compiles, what is wrong doesn't.

import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {installed, project, root} from '../package/project.mjs';

const STRICT = {
  strict: true, noEmit: true, target: 'es2022', types: ['backbone'], exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true, noImplicitOverride: true, noPropertyAccessFromIndexSignature: true,
};

/** Projects of three kinds, and the ending that the sources have in each. */
const KINDS = {
  'an ES module': [{module: 'nodenext', moduleResolution: 'nodenext'}, 'mts'],
  'CommonJS': [{module: 'nodenext', moduleResolution: 'nodenext'}, 'cts'],
  'a bundler': [{module: 'es2022', moduleResolution: 'bundler', esModuleInterop: true}, 'ts'],
};

function check(t, files, models, options, ending, args = []) {
  const {folder, write, out} = project(t, {models: path.join(root, 'codegen/tests/fixtures', models), name: 'models', args});
  fs.renameSync(out, path.join(folder, 'node_modules/models'));
  for (const name of files) write(`${name}.${ending}`, fs.readFileSync(new URL(`${name}.ts`, import.meta.url), 'utf8'));
  write('tsconfig.json', JSON.stringify({compilerOptions: {...STRICT, ...options}, include: [`*.${ending}`]}));
  const tsc = path.join(installed, 'typescript/bin/tsc');
  const {status, stdout} = spawnSync(process.execPath, [tsc, '--project', folder], {encoding: 'utf8'});
  assert.equal(status, 0, stdout);
}

for (const [kind, [options, ending]] of Object.entries(KINDS)) {
  test(`declarations accept what is right and reject what is wrong, in ${kind}`, (t) => {
    check(t, ['accepted', 'rejected'], 'todo.rs', options, ending);
  });
}

test('declarations of typed attributes', (t) => {
  check(t, ['typed'], 'typed.rs', ...KINDS['an ES module'], ['--bigint', '--dates', '--bytes']);
});
