// What happens when pushes, snapshots and answers cross: the cases in which stock Backbone loses or doubles rows.
import assert from 'node:assert/strict';
import test from 'node:test';
import {start, record, tick, todo, note} from './server.mjs';

const titles = (collection) => collection.map((model) => `${model.id}:${model.get('title') || model.get('text')}`);
const fail = {code: 'validation', status: 422, message: 'No', fields: {title: 'is required'}, retry: 'no'};

test('a push of an own create before its answer waits for it', async () => {
  const world = start();
  const todos = await world.live(world.Todos, []);
  const model = todos.create({title: 'A'});
  const [[, [[mid, op, collection, id, data]]]] = world.socket.take();
  assert.deepEqual([mid, op, collection, data.title], [1, 'create', 'todos', 'A']);
  assert.match(id, /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/);
  world.socket.say(['T', 10, 11, 1, [[todos.sid, [['+', id, ...todo(11, id, 'A')]]]]]);
  assert.equal(todos.length, 1);
  assert.equal(model.id, undefined);
  world.socket.say(['R', mid, null, {id, title: 'A', created_at: 'now'}, 11]);
  assert.equal(todos.length, 1);
  assert.equal(todos.get(id), model);
  assert.equal(model.get('created_at'), 'now');
  world.socket.say(['T', 11, 12, 1, [[todos.sid, [['-', id, 'd']]]]]);
  assert.equal(todos.length, 0);
});

test('a push of an own create in one batch with its answer, in either order, and ids of the database', async () => {
  for (const reversed of [false, true]) {
    const world = start();
    const notes = await world.live(world.Notes, []);
    const model = notes.create({text: 'A'});
    const [[, [[mid, , , id]]]] = world.socket.take();
    assert.equal(id, null);
    const frames = [['R', mid, null, {id: 7, text: 'A'}, 11], ['T', 10, 11, 1, [[notes.sid, [['+', 7, ...note(11, 7, 'A')]]]]]];
    world.socket.say(...(reversed ? frames.reverse() : frames));
    assert.deepEqual(titles(notes), ['7:A']);
    assert.equal(notes.get(7), model);
  }
});

test('create with wait, push first: the collection has the model that create returned', async () => {
  const world = start();
  const todos = await world.live(world.Todos, []);
  const model = todos.create({title: 'A'}, {wait: true});
  const [[, [[mid, , , id]]]] = world.socket.take();
  world.socket.say(['T', 10, 11, 1, [[todos.sid, [['+', id, ...todo(11, id, 'A')]]]]]);
  assert.equal(todos.length, 0);
  world.socket.say(['R', mid, null, {id, title: 'A'}, 11]);
  assert.equal(todos.length, 1);
  assert.equal(todos.get(id), model);
});

test('a create outside of a live collection arrives there when it is answered', async () => {
  const world = start();
  const todos = await world.live(world.Todos, []);
  new world.Todo({title: 'A'}).save();
  const [[, [[mid, , , id]]]] = world.socket.take();
  world.socket.say(['T', 10, 11, 1, [[todos.sid, [['+', id, ...todo(11, id, 'A')]]]]]);
  assert.equal(todos.length, 0);
  world.socket.say(['R', mid, null, {id, title: 'A'}, 11]);
  assert.deepEqual(titles(todos), [id + ':A']);
});

for (const wait of [false, true]) {
  test(`an answer to a save after a newer push (wait: ${wait})`, async () => {
    const world = start();
    const todos = await world.live(world.Todos, [todo(3, 'a', 'A')]);
    const model = todos.get('a');
    model.save({title: 'mine'}, {wait});
    const [[, [[mid]]]] = world.socket.take();
    // The server promises the answer first; what is newer wins in any case.
    world.socket.say(['T', 10, 12, 1, [[todos.sid, [['~', 'a', 12, {title: 'newer'}]]]]]);
    world.socket.say(['R', mid, null, {id: 'a', title: 'mine'}, 11]);
    assert.equal(model.get('title'), 'newer');
    assert.equal(model.get('priority'), 1);
  });
}

test('a push while a save is in flight waits for the answer', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(3, 'a', 'A')]);
  const model = todos.get('a');
  model.save({title: 'mine'}, {patch: true});
  const [[, [[mid, op, , , data]]]] = world.socket.take();
  assert.deepEqual([op, data], ['patch', {title: 'mine'}]);
  world.socket.say(['T', 10, 11, 0, [[todos.sid, [['~', 'a', 11, {title: 'theirs', priority: 5}]]]]]);
  assert.deepEqual([model.get('title'), model.get('priority')], ['mine', 1]);
  world.socket.say(['R', mid, fail]);
  assert.deepEqual([model.get('title'), model.get('priority')], ['theirs', 5], 'refused: theirs is what the server has');
});

test('an own change and a newer one of others in one push: only theirs is news', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(3, 'a', 'A')]);
  const model = todos.get('a');
  model.save({title: 'ab'});
  world.socket.say(['R', 1, null, {id: 'a', title: 'ab', done: false, tags: [], priority: 1}, 11]);
  model.set({title: 'abc'});
  world.socket.say(['T', 10, 12, 1, [[todos.sid, [['~', 'a', 12, {title: 'ab', priority: 7}]]]]]);
  assert.deepEqual([model.get('title'), model.get('priority')], ['abc', 7]);
});

test('a snapshot that arrives while a create and a save are in flight keeps both', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(3, 'a', 'A'), todo(4, 'b', 'B')]);
  const model = todos.create({title: 'new'});
  todos.get('a').save({title: 'mine'});
  todos.fetch();
  world.socket.say(['T', 10, 11, 0, [[todos.sid, [['~', 'a', 11, {done: true}], ['-', 'b', 'd']]]]]);
  await tick();
  assert.deepEqual(titles(todos), ['a:mine', 'undefined:new']);
  const frames = world.socket.take();
  const id = frames[0][1][0][3];
  world.socket.say(['R', 1, null, {id, title: 'new'}, 12], ['R', 2, null, {id: 'a', title: 'mine', done: false}, 13]);
  assert.deepEqual(titles(todos), ['a:mine', id + ':new']);
  assert.equal(todos.get(id), model);
});

test('the first snapshot keeps a create in flight, also with reset', async () => {
  for (const reset of [false, true]) {
    const world = start();
    const todos = new world.Todos();
    todos.create({title: 'new'});
    todos.fetch({reset});
    const [, [, sid]] = world.socket.take();
    world.socket.say(['C', sid, 0, [todo(3, 'a', 'A')], true]);
    await tick();
    assert.deepEqual(titles(todos).sort(), ['a:A', 'undefined:new']);
  }
});

test('what the user types while a save is in flight stays; the rest of the answer is taken', async () => {
  for (const wait of [false, true]) {
    const world = start();
    const todos = await world.live(world.Todos, [todo(3, 'a', 'A')]);
    const model = todos.get('a');
    model.save({title: 'ab'}, {wait});
    await tick();
    model.set({title: 'abc', due: '2026-01-01'});
    const [[, [[mid]]]] = world.socket.take();
    world.socket.say(['R', mid, null, {id: 'a', title: 'AB', created_at: 'server', total: '9'}, 11]);
    assert.deepEqual([model.get('title'), model.get('due'), model.get('created_at'), model.get('total')], ['abc', '2026-01-01', 'server', '9'], `wait ${wait}`);
    world.socket.say(['T', 10, 11, 1, [[todos.sid, [['~', 'a', 11, {title: 'AB', created_at: 'server', total: '9'}]]]]]);
    assert.equal(model.get('title'), 'abc', 'the echo takes nothing back either');
  }
});

test('wait: the server\'s version of what was saved is taken', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(3, 'a', 'A')]);
  const model = todos.get('a');
  model.save({title: ' ab '}, {wait: true});
  await tick();
  const [[, [[mid]]]] = world.socket.take();
  assert.equal(model.get('title'), 'A');
  world.socket.say(['R', mid, null, {id: 'a', title: 'ab'}, 11]);
  assert.equal(model.get('title'), 'ab');
});

test('two saves of a new model are a create and an update; destroy goes behind them', async () => {
  const world = start();
  const model = new world.Todo({title: 'A'});
  model.save();
  model.save({title: 'B'});
  model.destroy();
  const items = world.socket.take().map(([, [item]]) => item);
  assert.deepEqual(items.map(([mid, op]) => [mid, op]), [[1, 'create'], [2, 'update'], [3, 'delete']]);
  assert.equal(new Set(items.map((item) => item[3])).size, 1);
});

test('the same with an id that the database makes: they wait for it', async () => {
  const world = start();
  const notes = await world.live(world.Notes, []);
  const model = notes.create({text: 'A'});
  model.save({text: 'B'});
  const events = record(model);
  const handle = model.destroy();
  assert.equal(notes.length, 0);
  assert.deepEqual(world.socket.take().map(([, items]) => items), [[[1, 'create', 'notes', null, {text: 'A'}]]]);
  world.socket.say(['R', 1, null, {id: 7, text: 'A'}, 11], ['T', 10, 11, 1, [[notes.sid, [['+', 7, ...note(11, 7, 'A')]]]]]);
  assert.equal(notes.length, 0, 'its delete is under way');
  assert.deepEqual(world.socket.take().filter(([kind]) => kind === 'M').map(([, items]) => items), [[[2, 'update', 'notes', 7, {text: 'B'}]], [[3, 'delete', 'notes', 7, null]]]);
  world.socket.say(['R', 2, null, {id: 7, text: 'B'}, 12]);
  world.socket.say(['R', 3, null, {id: 7}, 13]);
  world.socket.say(['T', 11, 13, 3, [[notes.sid, [['~', 7, 12, {text: 'B'}], ['-', 7, 'd']]]]]);
  assert.equal(notes.length, 0);
  assert.equal(handle.state(), 'resolved');
  assert.equal(events.filter((name) => name === 'sync').length, 3);
});

test('a create that is refused refuses what waits behind it', async () => {
  const world = start();
  const model = new world.Note({text: 'A'});
  model.save();
  const second = model.save({text: 'B'});
  world.socket.say(['R', 1, fail]);
  assert.equal(second.state(), 'rejected');
  assert.equal(model.isNew(), true);
});

test('a refused delete: the row comes back', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(3, 'a', 'A')]);
  todos.get('a').destroy();
  assert.equal(todos.length, 0);
  world.socket.say(['T', 10, 11, 0, [[todos.sid, [['~', 'a', 11, {title: 'A2'}]]]]]);
  assert.equal(todos.length, 0, 'a push does not bring it back while the delete is under way');
  world.socket.say(['R', 1, {code: 'forbidden', status: 403, message: 'No', retry: 'no'}]);
  assert.deepEqual(titles(todos), ['a:A2']);
});

test('a push between the answer to a delete and its echo does not bring the row back', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(3, 'a', 'A')]);
  todos.get('a').destroy();
  world.socket.say(['R', 1, null, {id: 'a'}, 12]);
  world.socket.say(['T', 10, 11, 0, [[todos.sid, [['~', 'a', 11, {title: 'A2'}]]]]]);
  assert.equal(todos.length, 0);
  world.socket.say(['T', 11, 12, 1, [[todos.sid, [['-', 'a', 'd']]]]]);
  world.socket.say(['T', 12, 13, 1, [[todos.sid, [['+', 'a', ...todo(13, 'a', 'again')]]]]]);
  assert.deepEqual(titles(todos), ['a:again']);
});

test('a pushed delete while a save is in flight: the caller is told, and nothing throws', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(3, 'a', 'A')]);
  const model = todos.get('a');
  const handle = model.save({title: 'B'});
  world.socket.say(['T', 10, 11, 0, [[todos.sid, [['-', 'a', 'd']]]]]);
  world.socket.say(['R', 1, {code: 'not_found', status: 404, message: 'Gone', retry: 'no'}]);
  assert.equal(handle.status, 404);
  assert.equal(todos.length, 0);
  assert.equal(model.url(), '/api/todos/a');
  await assert.rejects(async () => handle, {code: 'not_found'});
});

test('pushes are marked, so that handlers that save can tell', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(3, 'a', 'A')]);
  todos.on('change:title', (model, value, options) => { if (!options.remote) model.save(); });
  const events = record(todos);
  world.socket.say(['T', 10, 11, 0, [[todos.sid, [['~', 'a', 11, {title: 'B'}], ['+', 'b', ...todo(11, 'b', 'C')]]]]]);
  assert.deepEqual(world.socket.take(), []);
  assert.deepEqual(events, ['change:title (remote)', 'change (remote)', 'add (remote)', 'update (remote)']);
});

test('unsaved edits of other attributes survive a push', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(3, 'a', 'A')]);
  todos.get('a').set({title: 'typing'});
  world.socket.say(['T', 10, 11, 0, [[todos.sid, [['~', 'a', 11, {done: true}]]]]]);
  assert.deepEqual([todos.get('a').get('title'), todos.get('a').get('done')], ['typing', true]);
});

test('a model with a given id is created if the server does not have it, and updated if it has', async () => {
  const world = start();
  const model = new world.Todo({id: 'u1', title: 'A'});
  const events = record(model);
  assert.equal(model.isNew(), false);
  model.save();
  assert.deepEqual(world.socket.take()[0][1][0].slice(0, 4), [1, 'create', 'todos', 'u1']);
  world.socket.say(['R', 1, {code: 'conflict', status: 409, message: 'Exists', retry: 'no'}]);
  assert.deepEqual(world.socket.take()[0][1][0].slice(0, 4), [2, 'update', 'todos', 'u1']);
  world.socket.say(['R', 2, null, {id: 'u1', title: 'A'}, 5]);
  assert.deepEqual(events, ['request', 'sync']);
  world.socket.take();
  model.save();
  assert.equal(world.socket.take()[0][1][0][1], 'update', 'now it is known');
  const fetched = await world.live(world.Todos, [todo(3, 'a', 'A')]);
  fetched.get('a').save();
  assert.equal(world.socket.take()[0][1][0][1], 'update', 'what was fetched is known');
});
