// The package as npm and its judges see it: publint, "are the types wrong", its maps, and what may not be in it.

import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {publint} from 'publint';
import {generate, installed, project, root} from './project.mjs';

const SCRIPTS = ['todo.js', 'todo.cjs', 'todo.global.js'];
const read = (folder, name) => fs.readFileSync(path.join(folder, name), 'utf8');

test('publint and attw find nothing', async (t) => {
  const {folder, out} = project(t);
  const {messages} = await publint({pkgDir: out, level: 'suggestion', strict: true});
  assert.deepEqual(messages, []);

  const tarball = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {cwd: out, encoding: 'utf8'}).trim();
  const attw = path.join(installed, '@arethetypeswrong/cli/dist/index.js');
  const said = spawnSync(process.execPath, [attw, path.join(folder, tarball), '--format', 'json'], {encoding: 'utf8'});
  assert.equal(said.status, 0, said.stdout + said.stderr);
  const {analysis} = JSON.parse(said.stdout);
  assert.deepEqual(analysis.problems, []);
  assert.equal(analysis.types.kind, 'included');
});

test('a tarball holds every file, and its description says what the files are', (t) => {
  const {out} = project(t, {called: '@app/models'});
  const [{files}] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json'], {cwd: out, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']}));
  const maps = SCRIPTS.map((name) => name + '.map');
  assert.deepEqual(files.map((file) => file.path).sort(), [...SCRIPTS, ...maps, 'package.json', 'todo.d.cts', 'todo.d.ts'].sort());
  const description = JSON.parse(read(out, 'package.json'));
  assert.equal(description.name, '@app/models');
  assert.equal(description.sideEffects, false);
  assert.deepEqual(Object.keys(description.peerDependencies), ['@types/backbone', 'backbone', 'underscore']);
  for (const condition of ['import', 'require']) assert.equal(Object.keys(description.exports['.'][condition])[0], 'types');
});

/** A second reader of the format: the place in a source of the first character of each line. */
function linesOf({mappings}) {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  let [source, line, column] = [0, 0, 0];
  return mappings.split(';').map((text) => {
    if (!text) return null;
    const numbers = [];
    let [value, shift] = [0, 0];
    for (const char of text) {
      const digit = digits.indexOf(char);
      value += (digit & 31) << shift;
      shift += 5;
      if (digit & 32) continue;
      numbers.push(value & 1 ? -(value >> 1) : value >> 1);
      [value, shift] = [0, 0];
    }
    assert.equal(numbers.length, 4, text);
    assert.equal(numbers[0], 0, 'a line begins at its beginning');
    [source, line, column] = [source + numbers[1], line + numbers[2], column + numbers[3]];
    return {source, line, column};
  });
}

test('maps lead every line to the same line of a module', (t) => {
  const {out} = project(t);
  const modules = JSON.parse(read(root, 'codegen/js/modules.json'));
  for (const name of SCRIPTS) {
    const lines = read(out, name).split('\n');
    assert.equal(lines.at(-2), `//# sourceMappingURL=${name}.map`);
    const map = JSON.parse(read(out, `${name}.map`));
    assert.equal(map.file, name);
    assert.deepEqual(map.sources, [...modules.map((module) => `vertebra/${module}`), `models/${name}`]);
    modules.forEach((module, i) => assert.equal(map.sourcesContent[i], read(root, `codegen/js/${module}`)));
    const sources = map.sourcesContent.map((text) => text.split('\n'));
    const places = linesOf(map);
    let mapped = 0;
    lines.forEach((text, at) => {
      const place = places[at];
      if (!text.trim() || text.startsWith('//# ')) return assert.ok(!place, `${name}:${at}`);
      mapped++;
      assert.equal(sources[place.source][place.line].slice(place.column), text, `${name}:${at + 1}`);
    });
    assert.ok(mapped > 500, `${mapped} lines of ${name}`);
  }
});

test('an error in Node is shown where it is in a module', (t) => {
  const {write} = project(t);
  const main = write('main.js', `
    import {Todo} from 'todo-models';
    try { Todo.prototype.validate.call({schema: {fields: {a: {type: 'string', pattern: '('}}}}, {a: 'x'}); } catch (error) { console.log(error.stack); }`);
  const stack = execFileSync(process.execPath, ['--enable-source-maps', main], {encoding: 'utf8'});
  const [, line] = /vertebra\/validate\.js:(\d+)/.exec(stack) || assert.fail(stack);
  assert.match(read(root, 'codegen/js/validate.js').split('\n')[line - 1], /new RegExp/);
});

test('nothing in it makes code of text, or reaches for a global when it is loaded', (t) => {
  const {out} = project(t, {args: ['--bigint', '--dates', '--bytes']});
  for (const name of SCRIPTS) {
    const text = read(out, name).replace(/^\s*\/\/.*$/gm, '');
    assert.doesNotMatch(text, /\beval\b|new Function|document\.write|innerHTML|Backbone\.sync\s*=/);
  }
});

test('a package.json of somebody else is not replaced', (t) => {
  const {folder} = project(t);
  const own = read(folder, 'package.json');
  assert.throws(() => generate(folder, {args: ['--js']}), /can't replace .*package\.json: it was not generated/);
  assert.equal(read(folder, 'package.json'), own);
  assert.ok(!fs.existsSync(path.join(folder, 'todo.js')), 'nothing was written');
});
