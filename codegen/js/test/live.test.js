import assert from 'node:assert/strict';
import test from 'node:test';
import v8 from 'node:v8';
import vm from 'node:vm';
import {COLS, start, record, tick, todo, note} from './server.mjs';

test('fetch: Backbone\'s own events, in Backbone\'s order, when the snapshot is whole', async () => {
  const world = start();
  const todos = new world.Todos();
  const events = record(todos);
  const seen = [];
  const handle = todos.fetch({success: (collection, rows) => seen.push(collection === todos, rows), mine: 1});
  assert.deepEqual(world.socket.take(), [['S', 1, {collection: 'todos'}, null]]);
  assert.deepEqual(events, ['request']);
  world.socket.say(['C', 1, 0, [todo(1, 'a', 'A')], false]);
  await tick();
  assert.deepEqual(events, ['request']);
  world.socket.say(['C', 1, 1, [todo(2, 'b', 'B')], true]);
  assert.deepEqual(events, ['request', 'add', 'add', 'sort', 'update', 'sync']);
  assert.deepEqual([seen[0], seen[1].map((row) => row.title)], [true, ['A', 'B']]);
  assert.deepEqual((await handle).length, 2);
});

test('an empty snapshot resolves too', async () => {
  const world = start();
  const todos = await world.live(world.Todos, []);
  assert.equal(todos.length, 0);
  assert.equal((await todos.fetch()).length, 0, 'and a second fetch is answered from what is here');
  assert.deepEqual(world.socket.take(), []);
});

test('a batch is one set and one remove', async () => {
  const world = start();
  const todos = await world.live(world.Todos, Array.from({length: 5}, (_, i) => todo(i + 1, 'k' + i, 'T' + i)));
  todos.comparator = 'title';
  const events = record(todos);
  world.socket.say(
    ['T', 10, 11, 0, [[1, [['~', 'k0', 11, {title: 'Z'}], ['-', 'k1', 'd']]]]],
    ['T', 11, 12, 0, [[1, [['+', 'n', ...todo(12, 'n', 'N')], ['~', 'k0', 12, {done: true}], ['-', 'k2', 'l']]]]],
    ['T', 12, 13, 0, [[1, [['-', 'n', 'd'], ['+', 'm', ...todo(13, 'm', 'M')]]]]],
  );
  assert.deepEqual(todos.pluck('title'), ['M', 'T3', 'T4', 'Z']);
  assert.deepEqual(events.map((name) => name.replace(' (remote)', '')),
    ['change:title', 'change:done', 'change', 'add', 'sort', 'update', 'remove', 'remove', 'update']);
  assert.ok(events.every((name) => / \(remote\)$/.test(name)));
});

test('equal queries share a subscription; the last one to leave ends it', async () => {
  const world = start();
  const [a, b, c] = [new world.Todos(), new world.Todos(), new world.Todos()];
  a.subscribe({where: {done: false, priority: {$gte: 3}}, sort: ['title']});
  b.subscribe({where: {done: false, priority: {$gte: 3}}, sort: ['title']});
  c.subscribe({where: {done: true}});
  const frames = world.socket.take();
  assert.deepEqual(frames.map(([kind, sid]) => [kind, sid]), [['S', 1], ['S', 2]]);
  assert.deepEqual(frames[0][2], {collection: 'todos', sort: ['title'], where: {done: false, priority: {$gte: 3}}});
  world.socket.say(['C', 1, 0, [todo(1, 'a', 'A')], true]);
  await tick();
  assert.deepEqual([a.length, b.length, c.length], [1, 1, 0]);
  a.unsubscribe();
  world.socket.say(['T', 0, 2, 0, [[1, [['+', 'b', ...todo(2, 'b', 'B')]]]]]);
  assert.deepEqual([a.length, b.length], [1, 2]);
  assert.deepEqual(world.socket.take(), []);
  b.unsubscribe();
  b.unsubscribe();
  assert.deepEqual(world.socket.take(), [['U', 1]]);
  c.subscribe({where: {done: false}});
  assert.deepEqual(world.socket.take(), [['U', 2], ['S', 3, {collection: 'todos', where: {done: false}}, null]]);
});

test('nothing grows after unsubscribe', async () => {
  const world = start();
  for (let i = 0; i < 50; i++) {
    const todos = await world.live(world.Todos, [todo(1, 'a', 'A')]);
    todos.unsubscribe();
  }
  world.socket.lose();
  world.timers.advance(125);
  world.socket.open();
  assert.deepEqual(world.socket.take()[0][1].subs, []);
  assert.equal(world.timers.due.size, 1);
});

test('a subscription that is refused', async () => {
  const world = start();
  const todos = new world.Todos();
  const events = record(todos);
  const handle = todos.subscribe({where: {nope: 1}});
  world.socket.say(['X', {sid: 1}, {code: 'validation', status: 422, message: 'nope', fields: {nope: 'is not a field of todos'}, retry: 'no'}]);
  assert.deepEqual([handle.status, handle.fields], [422, {nope: 'is not a field of todos'}]);
  assert.deepEqual(events, ['request', 'error']);
  const other = await world.live(world.Todos, []);
  const later = [];
  other.on('error', (collection, error, options) => later.push([collection === other, error.code, options]));
  world.socket.say(['X', {sid: other.sid}, {code: 'forbidden', status: 403, message: 'no', retry: 'no'}]);
  assert.deepEqual(later, [[true, 'forbidden', {remote: true}]]);
  world.socket.lose();
  world.timers.advance(125);
  world.socket.open();
  assert.deepEqual(world.socket.take()[0][1].subs, []);
});

test('a fetch while the connection is away is answered when everything is here again', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(1, 'a', 'A')]);
  world.socket.lose();
  const handle = todos.fetch();
  await tick();
  assert.equal(handle.state(), 'pending');
  world.timers.advance(125);
  world.socket.open();
  world.welcome(12, {1: 'replay'});
  await tick();
  assert.equal(handle.state(), 'pending');
  world.socket.say(['T', 10, 12, 0, [[1, [['~', 'a', 12, {title: 'B'}]]]]]);
  assert.equal(handle.state(), 'resolved');
  assert.equal(todos.get('a').get('title'), 'B');
});

test('a fetch during a reset waits for the new snapshot', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(1, 'a', 'A')]);
  world.socket.lose();
  world.timers.advance(125);
  world.socket.open();
  world.welcome(3, {1: 'reset'}, {epoch: 'e2'});
  const handle = todos.fetch();
  await tick();
  assert.equal(handle.state(), 'pending');
  world.socket.say(['C', 1, 0, [todo(1, 'b', 'B')], true]);
  assert.equal(handle.state(), 'resolved');
  assert.deepEqual(todos.pluck('title'), ['B']);
});

test('abort of a fetch', async () => {
  const world = start();
  const todos = new world.Todos();
  const handle = todos.fetch();
  handle.abort();
  assert.equal(handle.statusText, 'abort');
  world.socket.say(['C', 1, 0, [todo(1, 'a', 'A')], true]);
  await tick();
  assert.equal(handle.state(), 'rejected');
});

test('application events: new, change, remove, once a row, and whose it was', async () => {
  const world = start();
  const open = new world.Todos();
  open.subscribe({where: {done: false}});
  const all = await world.live(world.Todos, [todo(1, 'a', 'A')]);
  world.socket.say(['C', 1, 0, [todo(1, 'a', 'A')], true]);
  const seen = [];
  ['new', 'change', 'remove', 'new:todos', 'remove:todos'].forEach((name) => world.vertebra.on(name, (row, collection, meta) => (
    seen.push([name, row.id, row.title, collection, meta.seq, meta.own]))));
  world.socket.say(['T', 10, 11, 0, [[1, [['+', 'b', ...todo(11, 'b', 'B')]]], [all.sid, [['+', 'b', ...todo(11, 'b', 'B')]]]]]);
  assert.deepEqual(seen.splice(0), [['new', 'b', 'B', 'todos', 11, false], ['new:todos', 'b', 'B', 'todos', 11, false]]);
  world.socket.say(['T', 11, 12, 0, [[1, [['-', 'b', 'l']]], [all.sid, [['~', 'b', 12, {done: true}]]]]]);
  assert.deepEqual(seen.splice(0), [['change', 'b', 'B', 'todos', 12, false]], 'it has left one query, not the world');
  world.socket.say(['T', 12, 13, 0, [[all.sid, [['~', 'b', 13, {done: false}]]], [1, [['+', 'b', ...todo(13, 'b', 'B')]]]]]);
  assert.deepEqual(seen.splice(0), [['change', 'b', 'B', 'todos', 13, false]]);
  all.create({title: 'mine'});
  const id = world.socket.take().pop()[1][0][3];
  world.socket.say(['R', 1, null, {id, title: 'mine'}, 14], ['T', 13, 14, 1, [[all.sid, [['+', id, ...todo(14, id, 'mine')]]]]]);
  assert.deepEqual(seen.splice(0), [['new', id, 'mine', 'todos', 14, true], ['new:todos', id, 'mine', 'todos', 14, true]]);
  all.get(id).destroy();
  world.socket.say(['R', 2, null, {id}, 15]);
  world.socket.say(['T', 14, 16, 2, [[all.sid, [['-', id, 'd']]], [1, [['-', 'a', 'd']]]]]);
  assert.deepEqual(seen.splice(0).map(([name, , title, , , own]) => [name, title, own]), [['remove', 'mine', true], ['remove:todos', 'mine', true]]);
});

test('a model that is read alone is kept current, and let go of when it is gone', async () => {
  const world = start();
  const model = new world.Todo({id: 'a'});
  const events = record(model);
  model.fetch();
  const row = Object.fromEntries(todo(4, 'a', 'A', {done: true})[1].map((value, i) => [COLS.todos[i], value]));
  world.socket.say(['Q', 1, null, {row, seq: 5}]);
  assert.deepEqual(events.splice(0).filter((name) => !/:/.test(name)), ['request', 'change', 'sync']);
  const frames = world.socket.take();
  assert.deepEqual(frames[1], ['S', 1, {collection: 'todos', where: {id: 'a'}}, null]);
  model.set({title: 'typing'}, {silent: true});
  world.socket.say(['G', 6], ['C', 1, 0, [todo(4, 'a', 'A', {done: true})], true]);
  assert.equal(model.get('title'), 'typing', 'the snapshot has nothing that the answer had not');
  world.socket.say(['T', 6, 7, 0, [[1, [['~', 'a', 7, {done: false}]]]]]);
  assert.deepEqual(events.splice(0), ['change:done (remote)', 'change (remote)']);
  world.socket.say(['T', 7, 8, 0, [[1, [['-', 'a', 'd']]]]]);
  assert.deepEqual(events.splice(0), ['destroy (remote)']);
  assert.deepEqual(world.socket.take(), [['U', 1]]);
});

test('a model that is saved alone is followed; live: false, a collection or unsubscribe keep it from that', async () => {
  const world = start();
  const sids = () => world.socket.take().filter(([kind]) => kind === 'S' || kind === 'U');
  const answer = (mid, id) => world.socket.say(['R', mid, null, {id, title: 'A'}, mid]);
  const model = new world.Todo({id: 'a', title: 'A'});
  model.save();
  answer(1, 'a');
  assert.deepEqual(sids().length, 1);
  model.unsubscribe();
  assert.deepEqual(sids(), [['U', 1]]);
  model.save(null, {live: false});
  answer(2, 'a');
  new world.Todos([{id: 'b', title: 'B'}]).at(0).save();
  answer(3, 'b');
  assert.deepEqual(sids(), []);
  model.save();
  answer(4, 'a');
  model.destroy();
  world.socket.say(['R', 5, null, {id: 'a'}, 5]);
  assert.deepEqual(sids().map(([kind]) => kind), ['S', 'U']);
});

test('live: false reads a collection once', async () => {
  const world = start();
  const todos = new world.Todos();
  const handle = todos.fetch({live: false, data: {where: {done: true}, limit: 2}});
  assert.deepEqual(world.socket.take(), [['Q', 1, {collection: 'todos', where: {done: true}, limit: 2}]]);
  world.socket.say(['Q', 1, null, {rows: [{id: 'a', title: 'A'}], seq: 3}]);
  assert.equal(todos.get('a').get('title'), 'A');
  assert.equal(handle.state(), 'resolved');
});

test('an answer to a read that is older than what has been pushed', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(3, 'a', 'A')]);
  todos.get('a').fetch();
  world.socket.say(['T', 10, 12, 0, [[1, [['~', 'a', 12, {title: 'newer'}]]]]]);
  world.socket.say(['Q', 1, null, {row: {id: 'a', title: 'A'}, seq: 11}]);
  assert.equal(todos.get('a').get('title'), 'newer');
});

test('ids that are names of every object', async () => {
  const world = start();
  const ids = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];
  const todos = await world.live(world.Todos, ids.map((id, i) => todo(i + 1, id, 'T' + i)));
  assert.equal(todos.length, 5);
  ids.forEach((id, i) => assert.equal(todos.get(id)?.get('title'), 'T' + i, id));
  assert.equal(todos.get('isPrototypeOf'), undefined);
  world.socket.say(['T', 10, 11, 0, [[1, [['~', '__proto__', 11, {title: 'P'}], ['-', 'constructor', 'd'], ['~', 'toString', 11, {title: 'S'}]]]]]);
  assert.deepEqual(todos.pluck('title'), ['P', 'S', 'T3', 'T4']);
  todos.remove(todos.get('__proto__'));
  assert.equal(todos.length, 3);
  todos.reset([{id: '__proto__', title: 'again'}]);
  assert.equal(todos.get('__proto__').get('title'), 'again');
  assert.equal({}.title, undefined);
});

test('ids that are numbers', async () => {
  const world = start();
  const notes = await world.live(world.Notes, [note(1, 0, 'zero'), note(2, 1, 'one')]);
  assert.deepEqual([notes.get(0).get('text'), notes.get('1').get('text')], ['zero', 'one']);
  world.socket.say(['T', 10, 11, 0, [[1, [['~', 0, 11, {text: 'nil'}], ['-', 1, 'd']]]]]);
  assert.deepEqual(notes.pluck('text'), ['nil']);
  assert.equal(notes.at(0).id, 0);
});

test('a thousand pushes are one update', async () => {
  const world = start();
  const todos = await world.live(world.Todos, Array.from({length: 2000}, (_, i) => todo(i + 1, 'r' + i, 'T' + i)), 3000);
  todos.comparator = 'title';
  let updates = 0;
  todos.on('update', () => { updates++; });
  world.socket.say(['T', 3000, 4000, 0, [[1, Array.from({length: 1000}, (_, i) => ['+', 'n' + i, ...todo(3001 + i, 'n' + i, 'N' + i)])]]]);
  assert.deepEqual([todos.length, updates], [3000, 1]);
});

test('ids that differ in type only', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(1, '1', 'one'), todo(2, '01', 'other')]);
  world.socket.say(['T', 10, 11, 0, [[1, [['~', '1', 11, {title: 'uno'}]]]]]);
  assert.deepEqual([todos.length, todos.get('1').get('title'), todos.get('01').get('title')], [2, 'uno', 'other']);
  assert.equal(todos.get('1').id, '1', 'text stays text');
  const notes = await world.live(world.Notes, [note(1, 1, 'one')]);
  world.socket.say(['T', 11, 12, 0, [[notes.sid, [['~', 1, 12, {text: 'uno'}]]]]]);
  assert.deepEqual([notes.length, notes.at(0).id, notes.get('1').get('text')], [1, 1, 'uno'], 'a number stays a number');
});

test('stopListening and off end nothing of ours, for we hold no listeners', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(1, 'a', 'A')]);
  todos.get('a').stopListening();
  todos.stopListening();
  todos.off();
  world.socket.say(['T', 10, 11, 0, [[1, [['~', 'a', 11, {title: 'B'}]]]]]);
  assert.equal(todos.get('a').get('title'), 'B');
  todos.unsubscribe();
  world.socket.say(['T', 11, 12, 0, [[1, [['~', 'a', 12, {title: 'C'}]]]]]);
  assert.equal(todos.get('a').get('title'), 'B', 'unsubscribe does');
});

test('ten thousand subscriptions and their ends leave no listener and no growth', async () => {
  v8.setFlagsFromString('--expose-gc');
  const gc = vm.runInNewContext('gc');
  const world = start();
  const todos = new world.Todos();
  const cycle = async (n) => {
    for (let i = 0; i < n; i++) {
      todos.subscribe({where: {priority: i % 7}}, {remove: true});
      const [[, sid]] = world.socket.take();
      world.socket.say(['C', sid, 0, [todo(1, 'a', 'A'), todo(1, 'b', 'B')], true]);
      await undefined;
      todos.unsubscribe();
      assert.deepEqual(world.socket.take(), [['U', sid]]);
    }
  };
  const heap = async () => {
    // What FinalizationRegistry and WeakRef hold is let go of between turns.
    for (let i = 0; i < 3; i++) {
      await tick();
      gc();
    }
    return process.memoryUsage().heapUsed;
  };
  await cycle(1000);
  const before = await heap();
  await cycle(10000);
  const grown = await heap() - before;
  assert.ok(grown < 512 * 1024, `${grown} bytes after 10,000 cycles: less than 52 bytes each`);
  assert.deepEqual([todos.length, Object.keys(todos._events || {}), Object.keys(world.vertebra._events || {})], [2, [], []]);
  assert.equal(world.timers.due.size, 1, 'the watchdog of the connection');
  world.socket.lose();
  world.timers.advance(125);
  world.socket.open();
  assert.deepEqual(world.socket.take()[0][1].subs, []);
});
