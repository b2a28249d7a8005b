import assert from 'node:assert/strict';
import test from 'node:test';
import {start, record, todo} from './server.mjs';

const sent = (world) => world.socket.take().map((frame) => (frame[0] === 'M' ? frame[1][0] : frame));

test('update sends what the schema has and the client may set; patch only the attributes given', () => {
  const world = start();
  const model = new world.Todo({id: 'a', title: 'A', created_at: '2026-01-01T00:00:00Z', local: 1, toString: 2}, {parse: true});
  model.save();
  model.save({title: 'B', local: 2, created_at: '2026-01-02T00:00:00Z'}, {patch: true});
  model.save(null, {attrs: {title: 'C', x: 1}});
  model.fetch();
  model.destroy();
  assert.deepEqual(sent(world), [
    [1, 'update', 'todos', 'a', {id: 'a', title: 'A', done: false, tags: []}],
    [2, 'patch', 'todos', 'a', {title: 'B'}],
    [3, 'update', 'todos', 'a', {title: 'C'}],
    ['Q', 1, {collection: 'todos', id: 'a'}],
    [4, 'delete', 'todos', 'a', null],
  ]);
  assert.equal(model.toJSON().local, 2, 'templates see everything');
});

test('realtime: the call, the instance, the collection or its models, whoever speaks first', () => {
  const world = start();
  const {Backbone, Todo, Todos} = world;
  const count = (run) => { const before = world.http.length; run(); return world.http.length - before; };
  assert.equal(count(() => new Todo({id: 'a'}).fetch()), 0);
  assert.equal(count(() => new Todo({id: 'a'}).fetch({realtime: false})), 1);
  const model = new Todo({id: 'a'});
  model.realtime = false;
  assert.equal(count(() => model.fetch()), 1);
  assert.equal(count(() => model.fetch({realtime: true})), 0);
  const Quiet = Todo.extend({realtime: false});
  assert.equal(count(() => new Quiet({id: 'a'}).fetch()), 1);
  assert.equal(count(() => new (Todos.extend({realtime: false}))().fetch()), 1);
  assert.equal(count(() => new (Todos.extend({realtime: undefined}))().fetch()), 0, 'its models are');
  const plain = Backbone.Model.extend({sync: world.vertebra.sync, realtime: undefined});
  const collection = new (Backbone.Collection.extend({model: plain, url: '/things', realtime: true}))([{id: 1}]);
  world.socket.take();
  assert.equal(count(() => collection.at(0).save({x: 1})), 0, 'its collection is');
  assert.deepEqual(sent(world), [[1, 'update', 'things', 1, {id: 1, x: 1}]]);
  assert.equal(count(() => new (plain.extend({urlRoot: '/things'}))({id: 1}).fetch()), 1);
});

test('what only HTTP knows goes over HTTP, with the same body', () => {
  const world = start();
  const model = new world.Todo({id: 'a', title: 'A', local: 1, created_at: '2026-01-01T00:00:00Z'});
  for (const options of [{url: '/x'}, {headers: {a: 1}}, {beforeSend() {}}, {contentType: 'x'}, {dataType: 'x'}, {emulateHTTP: true}, {emulateJSON: true}, {data: 'raw'}]) {
    model.save(null, options);
    model.fetch(options);
  }
  assert.equal(world.http.length, 16);
  assert.deepEqual(world.socket.take(), []);
  assert.deepEqual(JSON.parse(world.http[0].data), {id: 'a', title: 'A', done: false, tags: []});
  assert.equal(world.http[0].url, '/x');
});

test('the handle: settled once, in order, with everything that handlers read', async () => {
  const world = start();
  const model = new world.Todo({id: 'a'});
  const log = [];
  const handle = model.fetch({context: {c: 1}, success() { log.push(['success', this.c]); }});
  handle.done((row, text, xhr) => log.push(['done', row.title, text, xhr === handle])).always(() => log.push(['always'])).fail(() => log.push(['fail']));
  assert.deepEqual([handle.state(), handle.status], ['pending', 0]);
  world.socket.say(['Q', 1, null, {row: {id: 'a', title: 'A'}, seq: 1}]);
  world.socket.say(['Q', 1, null, {row: {id: 'a', title: 'twice'}, seq: 1}]);
  assert.deepEqual(log, [['success', 1], ['done', 'A', 'success', true], ['always']]);
  assert.deepEqual([handle.state(), handle.status, handle.statusText, handle.responseText], ['resolved', 200, 'OK', '{"id":"a","title":"A"}']);
  assert.equal(handle.getResponseHeader('Link'), null);
  assert.equal((await handle).title, 'A');
  handle.done(() => log.push('late'));
  assert.equal(log.pop(), 'late');
});

test('an error: the error callback, the event, the handle and whoever awaits it', async () => {
  const world = start();
  const model = new world.Todo({title: 'A'});
  const events = record(model);
  const wire = {code: 'validation', status: 422, message: 'Not valid', fields: {title: 'must match ^x'}, retry: 'no'};
  let given;
  const handle = model.save(null, {error: (...args) => { given = args; }});
  world.socket.say(['R', 1, wire]);
  assert.deepEqual(events, ['request', 'error']);
  const [same, error, options] = given;
  assert.equal(same, model);
  assert.ok(error instanceof Error);
  for (const holder of [error, handle]) {
    assert.deepEqual([holder.status, holder.statusText, holder.code, holder.fields], [422, 'Not valid', 'validation', wire.fields]);
    assert.deepEqual([holder.responseJSON, JSON.parse(holder.responseText)], [wire, wire]);
  }
  assert.deepEqual([options.textStatus, options.errorThrown, options.xhr === handle], ['error', 'Not valid', true]);
  await assert.rejects(async () => { await handle; }, (reason) => reason === error);
  assert.equal(await handle.catch((reason) => reason.code), 'validation');
});

test('nobody listening to a refusal is no unhandled rejection', async () => {
  const world = start();
  new world.Todo({title: 'A'}).save();
  world.socket.say(['R', 1, {code: 'forbidden', status: 403, message: 'x', retry: 'no'}]);
  await new Promise((resolve) => { setImmediate(resolve); });
});

test('abort and timeout: the caller is told at once, and of nothing afterwards', async () => {
  const world = start();
  const handle = new world.Todo({id: 'a'}).fetch({timeout: 1});
  await new Promise((resolve) => { handle.always(() => resolve()); });
  assert.deepEqual([handle.state(), handle.statusText], ['rejected', 'timeout']);
  const model = new world.Todo({title: 'A'});
  const events = record(model);
  const aborted = model.save();
  const id = world.socket.take().pop()[1][0][3];
  aborted.abort();
  aborted.abort();
  assert.deepEqual([events, aborted.statusText], [['request', 'error'], 'abort']);
  world.socket.say(['R', 1, null, {id, title: 'A'}, 1]);
  assert.deepEqual([events.length, aborted.state()], [2, 'rejected']);
  assert.equal(model.id, undefined);
});

test('what is sent is what was there when save was called', () => {
  const world = start();
  const tags = ['a'];
  world.socket.lose();
  new world.Todo({title: 'A', tags}).save();
  tags.push('b');
  world.timers.advance(125);
  world.socket.open();
  assert.deepEqual(world.socket.take()[1][1][0][4].tags, ['a']);
});

test('validate names every failing field; a patch needs only what it sends', () => {
  const world = start();
  const model = new world.Todo({priority: 300, tags: ['x', 5]});
  const events = record(model);
  assert.equal(model.save(), false);
  assert.deepEqual(model.validationError, {title: 'is required', priority: 'must be at most 255', 'tags.1': 'must be a string'});
  assert.deepEqual(events, ['invalid']);
  assert.notEqual(new world.Todo({id: 'a'}).save({done: true}, {patch: true}), false);
  assert.equal(new world.Todo({title: 'x', unknown: 1, created_at: 5}).isValid(), true);
});

test('a push that validate would refuse is taken: the server has the last word', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(3, 'a', 'A')]);
  world.socket.say(['T', 10, 11, 0, [[1, [['~', 'a', 11, {title: ''}]]]]]);
  assert.equal(todos.get('a').get('title'), '');
});

test('nothing of Backbone\'s is changed', () => {
  const before = {};
  const world = start({connect: false});
  const {Backbone} = world;
  for (const name of ['sync', 'Model', 'Collection']) before[name] = Backbone[name];
  const methods = Object.entries({...Backbone.Model.prototype, ...Backbone.Collection.prototype});
  world.vertebra.connect('ws://x', {WebSocket: world.Socket, timers: world.timers});
  for (const name of Object.keys(before)) assert.equal(Backbone[name], before[name]);
  const after = {...Backbone.Model.prototype, ...Backbone.Collection.prototype};
  for (const [name, method] of methods) assert.equal(after[name], method);
});
