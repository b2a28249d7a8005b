// The forms of the package, each in front of the real server: ES module and CommonJS in Node, a plain script, AMD and a
// bundle of Vite in Chromium, all pages under a policy that allows no code but files of the server.

import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import * as vite from 'vite';
import {eventually, launch, openContext, startServer} from '../browser/harness.mjs';
import {installed, project} from './project.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser && browser.close());

const run = promisify(execFile);
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'";
const TRUSTED = "; require-trusted-types-for 'script'";
const app = fs.readFileSync(new URL('app/app.js', import.meta.url), 'utf8');

const page = (scripts, policy = POLICY + TRUSTED) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>Todos</title>
<form><input name="title" aria-label="Title"></form>
<ul></ul>
${scripts.map((attributes) => `<script ${attributes}></script>`).join('\n')}
</html>
`;

/** Two pages of one folder, which see each other's rows and the server's. */
async function drive(t, web) {
  const server = await startServer(t, {web});
  const context = await openContext(t, browser, {allow: /favicon/});
  const [one, other] = [await context.newPage(), await context.newPage()];
  const listed = () => [...document.querySelectorAll('li')].map((item) => item.textContent);
  const broken = [];
  for (const each of [one, other]) {
    each.on('console', (message) => { if (/content security policy/i.test(message.text())) broken.push(message.text()); });
    await each.goto(server.url);
    await each.waitForFunction(() => document.documentElement.dataset.state === 'live');
  }
  await one.fill('input', 'from one');
  await one.press('input', 'Enter');
  await eventually(other, listed, ['- from one']);
  const {id} = await server.post('todos', {title: 'from a program'});
  for (const each of [one, other]) await eventually(each, listed, ['- from one', '- from a program']);
  await fetch(`${server.url}/api/todos/${id}`, {method: 'PATCH', headers: {'content-type': 'application/json'}, body: '{"done": true}'});
  for (const each of [one, other]) await eventually(each, listed, ['- from one', 'x from a program']);
  assert.deepEqual(broken, []);
  return one;
}

const START = `
  models.vertebra.on('connection', (state) => { document.documentElement.dataset.state = state; });
  start(models, document.querySelector('ul'), document.querySelector('form'));
`;

/** A folder of a page's files, with what a plain page loads. */
function folderOf({folder, out, write}, scripts, files, policy) {
  const copy = (from, name) => {
    fs.mkdirSync(path.join(folder, 'web'), {recursive: true});
    fs.copyFileSync(from, path.join(folder, 'web', name));
  };
  copy(path.join(installed, 'underscore/underscore-umd.js'), 'underscore.js');
  copy(path.join(installed, 'backbone/backbone.js'), 'backbone.js');
  copy(path.join(installed, 'requirejs/require.js'), 'require.js');
  copy(path.join(out, 'todo.global.js'), 'todo.global.js');
  write('web/index.html', page(scripts, policy));
  Object.entries(files).forEach(([name, text]) => write(`web/${name}`, text));
  return path.join(folder, 'web');
}

test('a plain script, under a strict policy', async (t) => {
  const names = ['underscore.js', 'backbone.js', 'todo.global.js', 'app.js', 'main.js'];
  const web = folderOf(project(t), names.map((name) => `defer src="/${name}"`), {
    'app.js': app.replace(/^export /m, ''),
    'main.js': `(() => { const models = globalThis.todo; ${START} })();`,
  });
  const one = await drive(t, web);
  assert.deepEqual(await one.evaluate(() => {
    const frame = document.createElement('iframe');
    document.body.append(frame);
    const usual = new Set(Object.keys(frame.contentWindow));
    frame.remove();
    return Object.keys(globalThis).filter((name) => !usual.has(name) && !name.startsWith('__playwright')).sort();
  }), ['Backbone', '_', 'start', 'todo'], 'one variable is set, and nothing else');
});

test('AMD, under the same policy', async (t) => {
  const web = folderOf(project(t), ['src="/require.js" data-main="/main.js"'], {
    'app.js': `define(() => { ${app.replace(/^export /m, '')}; return start; });`,
    'main.js': `define('jquery', [], () => undefined);
      requirejs.config({paths: {todo: 'todo.global'}});
      requirejs(['todo', 'app'], (models, start) => { if (globalThis.todo) throw new Error('AMD sets no variable'); ${START} });`,
  }, POLICY); // the loader itself sets the source of scripts, which trusted types forbid
  await drive(t, web);
});

test('a bundle of Vite, of the same application under the same policy', async (t) => {
  const {folder, write} = project(t);
  // Backbone's module asks for jQuery, so that it is in the bundle; and jQuery 3 tries what browsers do with HTML.
  write('index.html', page(['type="module" src="/main.js"'], POLICY));
  write('app.js', app);
  write('main.js', `import * as models from 'todo-models';\nimport {start} from './app.js';\n${START}`);
  await vite.build({root: folder, configFile: false, logLevel: 'silent', build: {outDir: 'dist', modulePreload: {polyfill: false}}});
  const [bundle] = fs.readdirSync(path.join(folder, 'dist/assets'));
  assert.match(bundle, /\.js$/);
  await drive(t, path.join(folder, 'dist'));
});

const PROGRAM = `
  const names = [];
  vertebra.connect(process.argv[2].replace('http', 'ws') + '/realtime', {WebSocket});
  vertebra.on('new:todos', (row, collection, {own}) => {
    names.push([row.title, own]);
    if (names.length === 2) {
      console.log(JSON.stringify({names, models: todos.pluck('title'), isModel: todos.first() instanceof Backbone.Model}));
      vertebra.close();
    }
  });
  const todos = new Todos();
  todos.fetch({success() {
    todos.create({title: 'mine'}, {success() {
      fetch(process.argv[2] + '/api/todos', {
        method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify({title: 'of another'}),
      });
    }});
  }});
`;

const NODE_FORMS = {
  'an ES module': ['main.mjs', "import Backbone from 'backbone';\nimport WebSocket from 'ws';\nimport {vertebra, Todos} from 'todo-models';\n"],
  'CommonJS': ['main.cjs', "const Backbone = require('backbone');\nconst WebSocket = require('ws');\nconst {vertebra, Todos} = require('todo-models');\n"],
};

for (const [form, [name, head]] of Object.entries(NODE_FORMS)) {
  test(`${form} in Node`, async (t) => {
    const server = await startServer(t);
    const {write} = project(t);
    const {stdout} = await run(process.execPath, [write(name, head + PROGRAM), server.url]);
    assert.deepEqual(JSON.parse(stdout), {names: [['mine', true], ['of another', false]], models: ['mine', 'of another'], isModel: true});
  });
}

test('loading changes nothing of Backbone', async (t) => {
  const {write} = project(t);
  const main = write('main.cjs', `
    const Backbone = require('backbone');
    const before = [Backbone, Backbone.Model.prototype, Backbone.Collection.prototype].map((one) => ({...one}));
    const globals = Object.getOwnPropertyNames(globalThis);
    require('todo-models');
    [Backbone, Backbone.Model.prototype, Backbone.Collection.prototype].forEach((one, i) => {
      for (const name of Object.keys(one)) if (one[name] !== before[i][name]) throw new Error(name);
    });
    console.log(JSON.stringify(Object.getOwnPropertyNames(globalThis).filter((name) => !globals.includes(name))));`);
  const {stdout} = await run(process.execPath, [main]);
  assert.deepEqual(JSON.parse(stdout), []);
});
