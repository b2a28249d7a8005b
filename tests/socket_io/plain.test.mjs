// The plain Socket.IO face as its users write it: the client script from the server, `io.connect`, and callbacks whose first
// argument is the error. Invariant: stock client and the lines of the notes only; nothing of ours but the server.

import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {test} from 'node:test';
import {JSDOM} from 'jsdom';
import * as stock from 'socket.io-client';
import {startServer} from '../browser/harness.mjs';

const TRANSPORTS = [['websocket'], ['polling'], ['polling', 'websocket']];

/** A connected socket of a namespace; it ends with the test. */
async function connect(t, server, namespace = '/todos', options = {}) {
  const socket = stock.io(server.url + namespace, {forceNew: true, ...options});
  t.after(() => socket.close());
  const failed = once(socket, 'connect_error').then(([error]) => { throw error; });
  await Promise.race([once(socket, 'connect'), failed]);
  failed.catch(() => {});
  return socket;
}

/** What the callback of an event gets. */
const ask = (socket, ...what) => new Promise((resolve) => { socket.emit(...what, (...answer) => resolve(answer)); });

/** Keeps all pushes of a socket, and waits until there are enough. */
function pushes(socket) {
  const seen = [];
  let wake = () => {};
  for (const name of ['new', 'change', 'remove']) {
    socket.on(name, (row, meta) => {
      seen.push([name, row, meta]);
      wake();
    });
  }
  return async (count) => {
    while (seen.length < count) await new Promise((resolve) => { wake = resolve; });
    return seen;
  };
}

test('the lines of the notes work as they stand', async (t) => {
  const server = await startServer(t);
  const other = await connect(t, server);
  const pushed = pushes(other);

  const page = new JSDOM(`<script src="${server.url}/socket.io/socket.io.js"></script>`, {
    url: server.url, runScripts: 'dangerously', resources: 'usable',
  });
  await once(page.window, 'load');
  const {io} = page.window;
  const socket = io.connect(`${server.url.replace('http', 'ws')}/todos`);
  t.after(() => {
    socket.close();
    page.window.close();
  });
  const error = await new Promise((resolve) => {
    socket.emit('create', {title: 'x'}, function done(error) { resolve(error); });
  });
  assert.equal(error, null);
  const refused = await new Promise((resolve) => {
    socket.emit('create', {title: 7}, function done(error) { resolve(error); });
  });
  assert.equal(refused.code, 'validation');
  socket.emit('create', {title: 'y'});
  const seen = await pushed(2);
  assert.deepEqual(seen.map(([name, row]) => [name, row.title]), [['new', 'x'], ['new', 'y']], 'once for each row');
});

test('the scripts are served for pages of other origins, and only once', async (t) => {
  const server = await startServer(t);
  for (const name of ['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js']) {
    const first = await fetch(`${server.url}/socket.io/${name}`);
    assert.equal(first.headers.get('access-control-allow-origin'), '*');
    assert.match(await first.text(), /^\/\*!\n \* Socket\.IO v4\./);
    const tag = first.headers.get('etag');
    assert.match(tag, /^"[^"]+"$/, 'a strong tag');
    const again = await fetch(`${server.url}/socket.io/${name}`, {headers: {'if-none-match': tag}});
    assert.equal(again.status, 304);
    assert.equal(await again.text(), '');
  }
  const source = await (await fetch(`${server.url}/socket.io/socket.io.esm.min.js`)).text();
  const module = await import(`data:text/javascript,${encodeURIComponent(source)}`);
  assert.equal(typeof module.io, 'function');
});

for (const transports of TRANSPORTS) {
  test(`all operations over ${transports.join(' and ')}`, async (t) => {
    const server = await startServer(t);
    const other = await connect(t, server, '/todos', {transports});
    const socket = await connect(t, server, '/todos', {transports});
    const pushed = pushes(other);
    const own = pushes(socket);

    const [nothing, row, {seq}] = await ask(socket, 'create', {title: 'x'});
    assert.equal(nothing, null);
    assert.equal(row.title, 'x');
    assert.equal(row.done, false);
    const [, updated] = await ask(socket, 'update', {...row, title: 'y', done: true});
    assert.deepEqual([updated.title, updated.done], ['y', true]);
    const [, patched, meta] = await ask(socket, 'patch', {id: row.id, done: false}, {});
    assert.deepEqual([patched.title, patched.done], ['y', false]);
    const [conflict, none] = await ask(socket, 'patch', {id: row.id, done: true}, {ifv: seq});
    assert.equal(conflict.code, 'conflict');
    assert.equal(none, null);
    assert.equal((await ask(socket, 'patch', {id: row.id, title: 'z'}, {ifv: meta.seq}))[0], null);
    assert.equal((await ask(socket, 'read', {id: row.id}))[1].title, 'z');
    assert.equal((await ask(socket, 'read', row.id))[1].title, 'z');
    assert.deepEqual((await ask(socket, 'read'))[1].map(({title}) => title), ['z']);
    assert.deepEqual((await ask(socket, 'read', {where: {done: true}}))[1], []);
    assert.deepEqual((await ask(socket, 'delete', {id: row.id}))[1], {id: row.id});

    const names = ['new', 'change', 'change', 'change', 'remove'];
    for (const seen of [await pushed(5), await own(5)]) {
      assert.deepEqual(seen.map(([name]) => name), names);
      assert.deepEqual(seen[4][1], {id: row.id});
      const positions = seen.map(([, , {seq}]) => seq);
      assert.deepEqual(positions, [...new Set(positions)].sort((a, b) => a - b), 'in commit order');
    }
    const late = await connect(t, server, '/todos', {transports});
    const lately = pushes(late);
    await ask(socket, 'create', {title: 'after'});
    assert.deepEqual((await lately(1)).map(([, {title}]) => title), ['after'], 'only what came after its connect');
  });

  test(`200 pipelined patches keep their order over ${transports.join(' and ')}`, async (t) => {
    const server = await startServer(t);
    const socket = await connect(t, server, '/todos', {transports});
    const pushed = pushes(await connect(t, server, '/todos', {transports}));
    const [, {id}] = await ask(socket, 'create', {title: '0'});
    const answered = [];
    const all = Array.from({length: 200}, (_, n) => new Promise((resolve) => {
      socket.emit('patch', {id, title: `${n + 1}`}, (error, row) => {
        assert.equal(error, null);
        answered.push(row.title);
        resolve();
      });
    }));
    const read = ask(socket, 'read', id);
    await Promise.all(all);
    const expected = Array.from({length: 200}, (_, n) => `${n + 1}`);
    assert.deepEqual(answered, expected);
    assert.equal((await read)[1].title, '200');
    assert.deepEqual((await pushed(201)).slice(1).map(([, {title}]) => title), expected);
  });
}

test('what is wrong gets a typed error, and the connection goes on', async (t) => {
  const server = await startServer(t);
  const socket = await connect(t, server);
  const id = randomUUID();
  const wrong = [
    ['validation', 'create'], ['validation', 'create', null], ['validation', 'create', []], ['validation', 'create', 'x'],
    ['validation', 'create', {}], ['validation', 'create', {title: 7}], ['validation', 'create', {title: 'x', titel: 'y'}],
    ['validation', 'create', JSON.parse('{"title": "x", "__proto__": 1}')], ['validation', 'create', {title: 'x'}, 1],
    ['validation', 'create', {title: 'x'}, {}, {}], ['validation', 'create', {title: 'x'}, {ifv: 'x'}],
    ['validation', 'create', {title: new Uint8Array(3)}], ['validation', 'create', {title: 'x', created_at: '2026-01-31T12:00:00Z'}],
    ['validation', 'update', {title: 'x'}], ['validation', 'patch', {id: {}}], ['validation', 'patch', {id: 'nobody', title: 'x'}],
    ['validation', 'delete'], ['validation', 'delete', {}], ['validation', 'delete', true], ['validation', 'read', {limit: 0}],
    ['validation', 'read', {where: {colour: 'red'}}], ['validation', 'read', []], ['validation', 'read', {id: null}],
    ['not_found', 'update', {id, title: 'x'}], ['not_found', 'patch', {id, title: 'x'}], ['not_found', 'delete', id],
    ['not_found', 'read', {id}], ['not_found', 'explode', {}], ['not_found', '__proto__'], ['not_found', 'constructor', {}],
  ];
  for (const [code, ...what] of wrong) {
    const [error, ...rest] = await ask(socket, ...what);
    assert.equal(error?.code, code, `${JSON.stringify(what)}: ${JSON.stringify(error)}`);
    assert.equal(typeof error.message, 'string');
    assert.equal(typeof error.status, 'number');
    assert.deepEqual(rest, [null]);
    socket.emit(...what); // and without a callback
  }
  assert.equal((await ask(socket, 'create', {title: 'after all'}))[0], null);
  assert.equal((await ask(socket, 'read'))[1].length, 1, 'nothing else was stored');
  assert.ok(socket.connected);
});

test('an unknown namespace is refused with the error', async (t) => {
  const server = await startServer(t);
  const refused = await connect(t, server, '/nothing').catch((error) => error);
  assert.ok(refused instanceof Error);
  assert.equal(refused.data.code, 'not_found');
  assert.equal(refused.message, refused.data.message);
});

test('namespaces share a connection', async (t) => {
  const server = await startServer(t);
  const manager = new stock.Manager(server.url, {transports: ['websocket']});
  const todos = manager.socket('/todos');
  const frames = manager.socket('/');
  t.after(() => [todos, frames].forEach((socket) => socket.close()));
  const welcome = new Promise((resolve) => { frames.on('s', (message) => resolve(Array.isArray(message[0]) ? message[0] : message)); });
  frames.emit('s', ['H', {v: 1, cid: randomUUID(), subs: [], last_mid: 0}]);
  assert.equal((await welcome)[0], 'W');
  assert.equal((await ask(frames, 'create', {title: 'x'}))[0].code, 'not_found');
  assert.equal((await ask(todos, 'create', {title: 'x'}))[0], null);
  assert.equal(todos.io.engine, frames.io.engine);
});
