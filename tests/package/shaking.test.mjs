// What a page has to load: bundlers leave out the models that it does not import, and a model costs little.

import assert from 'node:assert/strict';
import path from 'node:path';
import {test} from 'node:test';
import zlib from 'node:zlib';
import {build} from 'esbuild';
import * as vite from 'vite';
import {project} from './project.mjs';

const BUDGET = 300;
const MARK = 'unlikely_to_be_anywhere_else';

/** One bundle of what a line of code needs, without Backbone. */
async function bundle({write}, code) {
  const entry = write('entry.js', code);
  const {outputFiles: [file]} = await build({
    entryPoints: [entry], bundle: true, format: 'esm', minify: true, target: 'es2020', write: false, external: ['backbone'],
  });
  return file.text;
}

async function viteBundle({write, folder}, code) {
  write('entry.js', code);
  const {output} = [await vite.build({
    root: folder, configFile: false, logLevel: 'silent',
    build: {write: false, minify: false, lib: {entry: path.join(folder, 'entry.js'), formats: ['es']}, rollupOptions: {external: ['backbone']}},
  })].flat()[0];
  return output.map((chunk) => chunk.code).join('');
}

const size = (text) => zlib.gzipSync(text, {level: 9}).length;

for (const [name, run] of [['esbuild', bundle], ['Vite', viteBundle]]) {
  test(`${name} leaves out a model that is not imported`, async (t) => {
    const one = project(t, {args: ['--bigint', '--dates']});
    const both = await run(one, "export {Todos, Purchases} from 'todo-models';");
    const todos = await run(one, "export {Todos} from 'todo-models';");
    assert.ok(both.includes(MARK) && both.includes('todos') && both.includes('purchases'));
    assert.ok(todos.includes('todos'));
    assert.ok(!todos.includes(MARK) && !todos.includes('purchases'), todos.slice(-1500));
    const nothing = await run(one, "import 'todo-models'; export const x = 1;");
    assert.ok(nothing.length < 200, `${nothing.length} characters of nothing:\n${nothing.slice(0, 500)}`);
  });
}

test(`a model costs at most ${BUDGET} bytes, minified and compressed`, async (t) => {
  const one = project(t);
  const runtime = size(await bundle(one, "export {vertebra} from 'todo-models';"));
  for (const names of ['Todo, Todos', 'Purchase, Purchases']) {
    const whole = size(await bundle(one, `export {vertebra, ${names}} from 'todo-models';`));
    t.diagnostic(`${names}: ${whole - runtime} bytes beside ${runtime}`);
    assert.ok(whole - runtime <= BUDGET, `${names}: ${whole - runtime} bytes`);
  }
});

test('typed attributes cost nothing when nobody asks for them', async (t) => {
  const [plain, dates, all] = [project(t), project(t, {args: ['--dates']}), project(t, {args: ['--dates', '--bigint', '--bytes']})];
  const code = "export {vertebra, Todo} from 'todo-models';";
  const [small, middle, large] = [await bundle(plain, code), await bundle(dates, code), await bundle(all, code)];
  assert.doesNotMatch(small, /BigInt\(\w+\):|toISOString|atob/);
  assert.match(middle, /toISOString/);
  assert.doesNotMatch(middle, /atob|"bigint"/);
  assert.match(large, /atob/);
  t.diagnostic(`${size(small)} bytes, with dates ${size(middle)}, with all ${size(large)}`);
});
