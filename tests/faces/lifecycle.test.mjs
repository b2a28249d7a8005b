// Starting, stopping and dying: what a server says, and what its clients make of it.

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import {test} from 'node:test';
import {root, startServer} from '../browser/harness.mjs';
import {native, socketIoPlain} from './drivers.mjs';
import {tail} from './tail.mjs';

const bin = path.resolve(root, process.env.TODO_BIN || 'target/debug/todo');

/** Runs the server where it cannot start. */
async function refusal(...what) {
  const child = spawn(bin, what, {stdio: ['ignore', 'pipe', 'pipe']});
  let said = '';
  child.stdout.on('data', (chunk) => { said += chunk; });
  child.stderr.on('data', (chunk) => { said += chunk; });
  const [code] = await once(child, 'exit');
  return {code, said};
}

test('a server that cannot start says why and what to do', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'vertebra-'));
  t.after(() => fs.rmSync(folder, {recursive: true, force: true}));
  const taken = net.createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const noDatabase = path.join(folder, 'text.sqlite');
  fs.writeFileSync(noDatabase, 'This is no database, but a text that is long enough to be taken for one.'.repeat(20));

  const cases = [
    [['--addr', `127.0.0.1:${taken.address().port}`, '--db', path.join(folder, 'a.sqlite')], /cannot listen on 127\.0\.0\.1:\d+: .*in use/],
    [['--addr', 'nowhere', '--db', path.join(folder, 'b.sqlite')], /cannot listen on nowhere/],
    [['--addr', '127.0.0.1:0', '--db', noDatabase], /text\.sqlite/],
    [['--addr', '127.0.0.1:0', '--db', folder], /directory/],
    [['--addr', '127.0.0.1:0', '--db', path.join(folder, 'no', 'such', 'place.sqlite')], /place\.sqlite/],
  ];
  for (const [what, expected] of cases) {
    const {code, said} = await refusal(...what);
    assert.equal(code, 1, said);
    assert.match(said, expected);
    assert.doesNotMatch(said, /panicked|listening on/);
  }
});

test('one database has one server', async (t) => {
  const server = await startServer(t);
  const {code, said} = await refusal('--addr', '127.0.0.1:0', '--db', server.db);
  assert.equal(code, 1);
  assert.match(said, /todo\.sqlite/);
  assert.doesNotMatch(said, /panicked/);
});

test('SIGTERM: sessions are told to come back, the process ends well, nothing is lost', async (t) => {
  const server = await startServer(t);
  const face = await native(server);
  const plain = await socketIoPlain(server);
  t.after(() => [face, plain].forEach((one) => one.close()));
  const {socket} = await plain.socketOf('todos');
  const {row} = await face.write('create', 'todos', null, {title: 'kept'});
  const bye = face.frames.next('B');
  const left = once(socket, 'disconnect');
  const ended = server.kill('SIGTERM');
  const [, code, , retry] = await bye;
  assert.ok(code >= 4000 && code < 4500, `code ${code} asks to come back`);
  assert.ok(retry >= 0);
  await Promise.all([left, ended]);
  assert.equal(server.exitCode(), 0);

  const again = await server.restart();
  const found = await fetch(`${again.url}/api/todos/${row.id}`);
  assert.equal(found.headers.get('etag'), '"1"');
  assert.deepEqual(await found.json(), row);
});

test('kill -9: what was acknowledged is there, and the Rust client goes on and misses nothing', async (t) => {
  const server = await startServer(t);
  const rust = await tail(t, server);
  const first = await server.post('todos', {title: 'before'});
  await rust.until(1);

  const plain = await socketIoPlain(server);
  t.after(() => plain.close());
  const acknowledged = [];
  const {socket} = await plain.socketOf('todos');
  // Writes are under way when the server dies.
  for (let n = 0; n < 200; n++) {
    socket.emit('create', {title: `write ${n}`}, (error, row) => { if (!error) acknowledged.push(row.id); });
  }
  while (acknowledged.length < 20) await new Promise((resolve) => { setImmediate(resolve); });
  await server.kill('SIGKILL');
  plain.close();

  const again = await server.restart();
  const ids = new Set((await (await fetch(`${again.url}/api/todos?limit=10000`)).json()).map(({id}) => id));
  assert.ok(ids.has(first.id));
  for (const id of acknowledged) assert.ok(ids.has(id), `${id} was acknowledged and is lost`);

  const last = await again.post('todos', {title: 'after'});
  await rust.until(ids.size + 1);
  const seen = rust.seen.map((line) => line.trim().split(/\s+/));
  assert.ok(seen.every(([kind]) => kind === 'new'), 'nothing but new rows');
  assert.deepEqual(new Set(seen.map(([, id]) => id)), new Set([...ids, last.id]), 'every row');
  assert.equal(seen.length, ids.size + 1, 'each once');
});
