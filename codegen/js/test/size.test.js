import assert from 'node:assert/strict';
import test from 'node:test';
import zlib from 'node:zlib';
import {build} from '../../../tests/node_modules/esbuild/lib/main.js';
import {runtime, strip} from './assemble.mjs';
import fs from 'node:fs';

const BUDGET = 6144;

test('the runtime, minified and compressed, is within its budget', async () => {
  const {outputFiles: [{contents}]} = await build({
    stdin: {contents: runtime()}, bundle: true, format: 'esm', minify: true, target: 'es2020', write: false,
  });
  const size = zlib.gzipSync(contents, {level: 9}).length;
  assert.ok(size <= BUDGET, `${size} bytes of ${BUDGET}`);
});

test('modules keep to the rule of concatenation', () => {
  const seen = new Set();
  const names = JSON.parse(fs.readFileSync(new URL('../modules.json', import.meta.url), 'utf8'));
  const files = fs.readdirSync(new URL('..', import.meta.url)).filter((name) => /\.js$/.test(name));
  assert.deepEqual([...names].sort(), files.sort());
  for (const name of names) {
    const source = fs.readFileSync(new URL('../' + name, import.meta.url), 'utf8');
    const imports = [...source.matchAll(/^import \{.*\} from '\.\/(.*)';$/gm)].map((match) => match[1]);
    for (const other of imports) assert.ok(names.indexOf(other) < names.indexOf(name), `${name} before ${other}`);
    const body = strip(source);
    assert.doesNotMatch(body, /^\s*(import|export)\b|\beval\b|new Function|^var /m);
    for (const [, top] of body.matchAll(/^(?:async )?(?:function|const|class) (\w+)/gm)) {
      assert.ok(!seen.has(top), `${top} twice`);
      seen.add(top);
    }
    assert.doesNotMatch(body.replace(/\/\*[^]*?\*\//g, ''), /^(?!function|async function|const|class|\/\/|[\s})\]]|$)/m, `${name} does something when it is loaded`);
  }
});
