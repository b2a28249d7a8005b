// The chapters of `docs/`, done by a program: their files are written, their commands run, their code executed in pages
// of the real server, step by step as a reader would.

import assert from 'node:assert/strict';
import {execFile, execFileSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {eventually, launch, openContext, startServer} from '../browser/harness.mjs';
import {installed, project, root} from '../package/project.mjs';
import {snippets} from './snippets.mjs';

const run = promisify(execFile);
let browser;
before(async () => { browser = await launch(); });
after(() => browser && browser.close());

const USES = 'use jiff::Timestamp;\nuse serde::{Deserialize, Serialize};\nuse uuid::Uuid;\nuse vertebra::Model;\n\n';

/** Runs a command of the documentation in a folder. */
function command(text, cwd) {
  const [, words] = /^\$ vertebra (.*)\n$/.exec(text) || assert.fail(text);
  execFileSync(path.resolve(root, process.env.VERTEBRA_BIN || 'target/debug/vertebra'), words.split(' '), {cwd});
}

/** The files that every page has. */
function vendor(folder) {
  fs.mkdirSync(path.join(folder, 'web/vendor'), {recursive: true});
  for (const [from, to] of [['jquery/dist/jquery.js', 'jquery.js'], ['underscore/underscore-umd.js', 'underscore.js'], ['backbone/backbone.js', 'backbone.js']]) {
    fs.copyFileSync(path.join(installed, from), path.join(folder, 'web/vendor', to));
  }
}

const listed = () => [...document.querySelectorAll('#list li')].map((item) => item.textContent);
const shows = (page, titles) => eventually(page, listed, titles);

/** The same for the value of an expression. */
const sees = (page, expression, value) => eventually(page, `() => ${expression}`, value);

async function open(context, server) {
  const page = await context.newPage();
  await page.goto(server.url);
  return page;
}

async function add(page, title) {
  await page.fill('#title', title);
  await page.press('#title', 'Enter');
}

/** Code as the page's own next script, at its end what a test wants to know of it. */
const execute = (page, code, answer = 'undefined') => page.evaluate(`(() => {\n${code}\nreturn ${answer};\n})()`);

test('From `Backbone.sync` to realtime in ten minutes', async (t) => {
  const doc = snippets('from-backbone-sync-to-realtime.md');
  const {folder, write} = project(t);
  vendor(folder);
  const html = doc.take('page');
  const [classes, rest] = [doc.take('classes'), doc.take('rest')];
  const server = await startServer(t, {web: path.join(folder, 'web')});
  const context = await openContext(t, browser, {allow: /favicon|status of 422/});

  // 1. Plain Backbone, over HTTP.
  write('web/index.html', html);
  write('web/app.js', classes + rest);
  const plain = await open(context, server);
  await add(plain, 'over HTTP');
  await shows(plain, ['over HTTP']);
  await sees(plain, 'todos.first().has("created_at")', true);
  await server.post('todos', {title: 'of another'});
  await plain.reload();
  await shows(plain, ['over HTTP', 'of another']);
  await plain.close();

  // 2. and 3. Generated.
  write('src/models.rs', USES + doc.take('model'));
  command(doc.take('generate'), folder);
  const script = doc.take('script');
  write('web/index.html', html.replace('<script src="app.js">', () => `${script}<script src="app.js">`));
  write('web/app.js', doc.take('generated') + rest);
  const [one, other] = [await open(context, server), await open(context, server)];
  for (const page of [one, other]) await shows(page, ['over HTTP', 'of another']);
  await execute(one, doc.take('remote'));
  await execute(one, doc.take('news'));
  await add(other, 'from the other window');
  for (const page of [one, other]) await shows(page, ['over HTTP', 'of another', 'from the other window']);
  await eventually(one, () => document.querySelector('#list').dataset.news, 'from the other window');
  await eventually(one, () => document.title, 'New: from the other window');

  // 4. What isn't valid.
  assert.deepEqual(await execute(one, doc.take('invalid'), '[nothing.save(), nothing.validationError]'),
    [false, {title: 'must have at least 1 character'}]);
  await execute(one, doc.take('refused'));
  await eventually(one, () => document.querySelector('#list').dataset.refused, '422 must have at least 1 character');

  // 5. A query, and 6. HTTP.
  await execute(one, `${doc.take('query')}\nglobalThis.open = open;`);
  await sees(one, 'open.pluck("title")', ['over HTTP', 'of another', 'from the other window']);
  const requests = [];
  one.on('request', (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`));
  const id = await one.evaluate('todos.first().id');
  await execute(one, `${doc.take('http')}\nglobalThis.plain = plain;`);
  await sees(one, 'plain.length', 3);
  assert.deepEqual(requests, [`PUT /api/todos/${id}`, 'GET /api/todos']);
  await sees(one, 'open.pluck("title")', ['of another', 'from the other window']);
  await sees(other, 'todos.first().get("done")', true);
  await execute(one, `${doc.take('own')}\nObject.assign(globalThis, {own, later});`);
  await sees(one, '[own.length, later.length]', [3, 3]);
  assert.deepEqual(requests.slice(2), [], 'neither went over HTTP');
  await add(other, 'one more');
  await sees(one, 'own.length', 4);

  // 7. The package.
  command(doc.take('package'), folder);
  fs.rmSync(path.join(folder, 'node_modules/todo-models'), {recursive: true});
  fs.renameSync(path.join(folder, 'packages/todo-models'), path.join(folder, 'node_modules/todo-models'));
  const main = write('main.js', `import WebSocket from 'ws';\n${doc.take('module')}
    vertebra.connect('${server.url.replace('http', 'ws')}/realtime', {WebSocket});
    todos.fetch({success: () => vertebra.close()});`);
  const {stdout} = await run(process.execPath, [main]);
  assert.equal(stdout, 'over HTTP, of another, from the other window, one more\n');
  assert.deepEqual(doc.unused(), []);
});

test('Migrating', async (t) => {
  const doc = snippets('migrating.md');
  const {folder, write} = project(t);
  vendor(folder);
  fs.copyFileSync(path.join(folder, 'node_modules/todo-models/todo.global.js'), path.join(folder, 'web/todo.global.js'));
  const sources = ['/socket.io/socket.io.js', 'vendor/jquery.js', 'vendor/underscore.js', 'vendor/backbone.js', 'todo.global.js', 'app.js'];
  write('web/index.html', `<!doctype html>\n<title>Todos</title>\n${sources.map((src) => `<script src="${src}"></script>`).join('\n')}\n`);
  write('web/app.js', 'globalThis.app = {heard: [], added: [], changed: [], removed: []};\n');
  const server = await startServer(t, {web: path.join(folder, 'web')});
  const page = await open(await openContext(t, browser, {allow: /favicon/}), server);

  await execute(page, doc.take('namespace'));
  await sees(page, 'app.created', 'by hand');
  await sees(page, 'app.heard', ['by hand']);

  const opened = [];
  page.on('websocket', (socket) => opened.push(new URL(socket.url()).pathname));
  await execute(page, `${doc.take('carried')}\napp.todos = todos;`);
  await sees(page, 'app.todos.pluck("title")', ['by hand']);
  const row = await server.post('todos', {title: 'of another'});
  await sees(page, 'app.todos.pluck("title")', ['by hand', 'of another']);
  await execute(page, `${doc.take('gradual')}\napp.old = old;`);
  await sees(page, 'app.old.pluck("title")', ['by hand', 'of another']);

  await execute(page, `${doc.take('bound')}\napp.bound = bound;`);
  await sees(page, 'app.bound.length', 2);
  const url = `${server.url}/api/todos/${row.id}`;
  await fetch(url, {method: 'PATCH', headers: {'content-type': 'application/json'}, body: '{"title": "changed"}'});
  await sees(page, 'app.changed', ['changed']);
  await server.post('todos', {title: 'third'});
  await sees(page, 'app.added', ['third']);
  await fetch(url, {method: 'DELETE'});
  await sees(page, 'app.removed', ['changed']);
  await sees(page, 'app.old.pluck("title")', ['by hand', 'third']);
  assert.ok(!opened.includes('/realtime'), 'everything went over Socket.IO');
  assert.deepEqual(doc.unused(), []);
});
