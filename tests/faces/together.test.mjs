// One collection, four kinds of clients at the same time: each sees every change of the others, in the same order.

import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {once} from 'node:events';
import {test} from 'node:test';
import {promisify} from 'node:util';
import {launch, openContext, startServer} from '../browser/harness.mjs';
import {socketIoPlain} from './drivers.mjs';
import {tail} from './tail.mjs';

const ROUNDS = 10;

test('a stock Socket.IO client, curl, the Rust client and a page see the same changes in the same order', async (t) => {
  const server = await startServer(t);
  const plain = await socketIoPlain(server);
  t.after(() => plain.close());
  const {socket} = await plain.socketOf('todos');
  const bySocket = [];
  for (const name of ['new', 'change', 'remove']) {
    socket.on(name, (row, meta) => bySocket.push([name, row.id, row.title, meta.seq]));
  }

  const browser = await launch();
  t.after(() => browser.close());
  const context = await openContext(t, browser);
  const page = await context.newPage();
  await page.goto(server.url);
  await page.waitForFunction(() => globalThis.todo.vertebra.state === 'live');
  await page.evaluate(() => {
    globalThis.seen = [];
    for (const name of ['new', 'change', 'remove']) {
      globalThis.todo.vertebra.on(name, (row) => globalThis.seen.push([name, row.id, row.title]));
    }
    globalThis.mine = new globalThis.todo.Todos();
    return new Promise((resolve) => { globalThis.mine.fetch({success: resolve}); }).then(() => null);
  });

  const rust = await tail(t, server);

  const curl = async (...what) => {
    const {stdout} = await promisify(execFile)('curl', ['--silent', '--show-error', '--header', 'content-type: application/json', ...what]);
    return JSON.parse(stdout);
  };
  // All write at once: a page, curl and the stock client, ten rows each with an edit, every other one deleted.
  const byCurl = async () => {
    for (let n = 0; n < ROUNDS; n++) {
      const {id} = await curl('--data', JSON.stringify({title: `curl ${n}`}), `${server.url}/api/todos`);
      await curl('--request', 'PATCH', '--data', JSON.stringify({title: `curl ${n}, edited`}), `${server.url}/api/todos/${id}`);
      if (n % 2) await curl('--request', 'DELETE', `${server.url}/api/todos/${id}`);
    }
  };
  const byPlain = async () => {
    for (let n = 0; n < ROUNDS; n++) {
      const {row, error} = await plain.write('create', 'todos', null, {title: `socket ${n}`});
      assert.equal(error, null);
      await plain.write('patch', 'todos', row.id, {title: `socket ${n}, edited`});
      if (n % 2) await plain.write('delete', 'todos', row.id, null);
    }
  };
  const byPage = () => page.evaluate(async (rounds) => {
    const done = (act) => new Promise((resolve, reject) => {
      act({wait: true, success: resolve, error: (model, error) => reject(new Error(JSON.stringify(error.responseJSON || error.message)))});
    });
    for (let n = 0; n < rounds; n++) {
      const model = await done((options) => globalThis.mine.create({title: `page ${n}`}, options));
      await done((options) => model.save({title: `page ${n}, edited`}, {patch: true, ...options}));
      if (n % 2) await done((options) => model.destroy(options));
    }
  }, ROUNDS);
  await Promise.all([byCurl(), byPlain(), byPage()]);

  const total = 3 * (ROUNDS + ROUNDS + ROUNDS / 2);
  while (bySocket.length < total) await Promise.race(['new', 'change', 'remove'].map((name) => once(socket, name)));
  assert.equal(bySocket.length, total);
  const positions = bySocket.map(([, , , seq]) => seq);
  assert.deepEqual(positions, [...positions].sort((a, b) => a - b), 'in commit order');

  const order = bySocket.map(([name, id]) => `${name} ${id}`);
  await page.waitForFunction((count) => globalThis.seen.length >= count, total);
  const byThePage = (await page.evaluate(() => globalThis.seen)).map(([name, id]) => `${name} ${id}`);
  assert.deepEqual(byThePage, order, 'the page saw the same');

  await rust.until(total);
  const byRust = rust.seen.map((line) => line.trim().split(/\s+/).slice(0, 2).join(' '));
  assert.deepEqual(byRust, order, 'the Rust client saw the same');

  const rows = await curl(`${server.url}/api/todos`);
  const titles = await page.evaluate(() => globalThis.mine.pluck('title').sort());
  assert.deepEqual(titles, rows.map((row) => row.title).sort(), 'and everybody ends with the same rows');
  assert.equal(rows.length, 3 * ROUNDS / 2);
});
