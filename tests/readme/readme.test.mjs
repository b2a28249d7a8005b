// The README, followed by a program in an empty directory: a clone of this checkout, its commands, its lines of code.
// Invariant: what is run and written is taken out of the README, so that it cannot say one thing and do another.

import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {test} from 'node:test';
import {promisify} from 'node:util';
import {launch, openContext, root} from '../browser/harness.mjs';

const run = promisify(execFile);
const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');

/** The code below a marker. */
function snippet(name) {
  const [, code] = new RegExp(`<!-- readme: ${name} -->\\n\`\`\`rust\\n([\\s\\S]*?)\`\`\``).exec(readme) || [];
  assert.ok(code, `the README has a snippet ${name}`);
  return code;
}

/** The files that git knows, and those it would add: what a clone of the next commit holds. */
async function copyCheckout(folder) {
  const {stdout} = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {cwd: root, maxBuffer: 1 << 26});
  for (const name of stdout.split('\0').filter(Boolean)) {
    const from = path.join(root, name);
    if (!fs.existsSync(from)) continue; // deleted, and not committed yet
    const to = path.join(folder, name);
    fs.mkdirSync(path.dirname(to), {recursive: true});
    fs.copyFileSync(from, to);
  }
}

function edit(file, from, to) {
  const text = fs.readFileSync(file, 'utf8');
  assert.ok(text.includes(from), `${file} has ${from}`);
  fs.writeFileSync(file, text.replace(from, () => to));
}

test('the README, from an empty directory', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'vertebra-readme-'));
  t.after(() => fs.rmSync(folder, {recursive: true, force: true}));
  await copyCheckout(folder);
  // Kept between runs, so that only the first compiles the dependencies.
  const env = {...process.env, CARGO_TARGET_DIR: path.join(root, 'target', 'readme')};

  const commands = [...readme.matchAll(/^\$ (.*?)\s*(#.*)?$/gm)].map(([, command]) => command);
  assert.ok(commands.includes('cargo run -p todo'), 'the first command of the README');
  assert.ok(commands.includes('./test'), 'the second command of the README');
  fs.accessSync(path.join(folder, 'test'), fs.constants.X_OK);

  const start = async () => {
    const child = spawn('cargo', ['run', '--quiet', '-p', 'todo', '--', '--addr', '127.0.0.1:0'], {cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit']});
    const exited = once(child, 'exit');
    const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
    const first = await Promise.race([lines.next(), exited.then(([code]) => assert.fail(`cargo run ended with ${code}`))]);
    const [, url] = /^listening on (http:\/\/\S+)$/.exec(first.value) || assert.fail(`it said ${first.value}`);
    return {
      url,
      async stop() {
        child.kill('SIGTERM'); // `cargo run` has become the server
        await exited;
      },
    };
  };
  const post = async (url, row) => {
    const response = await fetch(url, {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(row)});
    return {status: response.status, body: await response.json()};
  };

  const first = await start();
  const browser = await launch();
  t.after(() => browser.close());
  const context = await openContext(t, browser, {allow: /ERR_CONNECTION_REFUSED|WebSocket/});
  const page = await context.newPage();
  await page.goto(first.url);
  await page.waitForFunction(() => globalThis.todo.vertebra.state === 'live');
  assert.equal((await post(`${first.url}/api/todos`, {title: 'Buy milk'})).status, 201);
  await page.getByText('Buy milk').waitFor();
  await page.close();
  await first.stop();

  // A field, and a model in under ten lines.
  const models = path.join(folder, 'examples/todo/src/models.rs');
  edit(models, '    /// When it was written down.', `${snippet('field')}    /// When it was written down.`);
  const model = snippet('model');
  const register = snippet('register');
  assert.ok(model.trim().split('\n').length + register.trim().split('\n').length < 10, 'under ten lines');
  fs.appendFileSync(models, `\n${model}`);
  edit(path.join(folder, 'examples/todo/src/main.rs'), '        .model::<Todo>()\n', `        .model::<Todo>()\n${register}`);

  const second = await start();
  t.after(() => second.stop());
  const todos = await (await fetch(`${second.url}/api/todos`)).json();
  assert.deepEqual(todos.map(({title, priority}) => [title, priority]), [['Buy milk', 0]], 'the row is still there, with the default');
  const refused = await post(`${second.url}/api/todos`, {title: 'x', priority: 7});
  assert.equal(refused.body.fields.priority, 'must be at most 3');
  assert.equal((await post(`${second.url}/api/notes`, {text: 'hello'})).body.id, 1);
  const again = await context.newPage();
  await again.goto(second.url);
  const generated = await again.evaluate(() => {
    const {Todo, Note, Notes} = globalThis.todo;
    return {defaults: new Todo().get('priority'), wrong: new Todo({title: 'x', priority: 7}).validate({title: 'x', priority: 7}), notes: new Notes().model === Note};
  });
  assert.deepEqual(generated, {defaults: 0, wrong: {priority: 'must be at most 3'}, notes: true});
});
