import assert from 'node:assert/strict';
import test from 'node:test';
import {start, tick, todo, record} from './server.mjs';

test('the first frame of a connection is the hello; frames before the welcome are pipelined', () => {
  const world = start({connect: false});
  const {vertebra, timers, Socket} = world;
  const states = [];
  vertebra.on('connection', (state) => states.push(state));
  assert.equal(vertebra.state, 'offline');
  vertebra.connect('ws://test/x', {WebSocket: Socket, timers, get token() { return 'secret'; }, cid: 'me'});
  new world.Todos().fetch();
  new world.Todo({title: 'A'}).save();
  new world.Note({id: 4}).fetch();
  const {socket} = world;
  assert.deepEqual([socket.url, socket.protocol, socket.sent], ['ws://test/x', 'vertebra.1', []]);
  socket.open();
  const [hello, mutate, query] = socket.take();
  assert.deepEqual(hello, ['H', {v: 1, cid: 'me', schema: 'f1e2d3', token: 'secret', subs: [[1, {collection: 'todos'}, null]], last_mid: 0}]);
  assert.deepEqual([mutate[0], mutate[1].length, mutate[1][0][0]], ['M', 1, 1]);
  assert.deepEqual(query, ['Q', 1, {collection: 'notes', id: 4}]);
  new world.Todo({title: 'B'}).save();
  assert.equal(socket.take()[0][1][0][0], 2);
  assert.equal(vertebra.state, 'connecting');
  world.welcome();
  assert.equal(vertebra.state, 'live');
  assert.deepEqual(states, ['connecting', 'live']);
});

test('a client id is made once and kept over connections', () => {
  const world = start({options: {cid: undefined}});
  const {cid} = world.hello[1];
  assert.match(cid, /^[\da-f-]{36}$/);
  world.socket.lose();
  world.timers.advance(300);
  world.socket.open();
  assert.equal(world.socket.take()[0][1].cid, cid);
});

test('resume: the cursor is sent, unanswered mutations keep their numbers, reads are asked again', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(3, 'a', 'A')]);
  const saved = todos.get('a').save({title: 'B'});
  const answered = new world.Note({text: 'x'}).save();
  const read = new world.Note({id: 4}).fetch();
  world.socket.take();
  world.socket.say(['G', 12]);
  world.socket.lose();
  assert.equal(world.vertebra.state, 'stale');
  todos.create({title: 'offline'});
  world.timers.advance(125);
  assert.equal(world.sockets.length, 2);
  world.socket.open();
  const [hello, mutate, query] = world.socket.take();
  assert.deepEqual([hello[1].subs, hello[1].last_mid], [[[1, {collection: 'todos'}, ['e1', 12]]], 0]);
  assert.deepEqual(mutate[1].map(([mid, op]) => [mid, op]), [[1, 'update'], [2, 'create'], [3, 'create']]);
  assert.deepEqual(query, ['Q', 1, {collection: 'notes', id: 4}]);
  world.welcome(14, {1: 'replay'}, {last_mid: 1});
  world.socket.say(['T', 12, 14, 1, [[1, [['~', 'a', 13, {title: 'B'}], ['+', 'z', ...todo(14, 'z', 'Z')]]]]]);
  world.socket.say(['R', 1, null, {id: 'a', title: 'B'}, 13]);
  world.socket.say(['R', 2, null, {id: 9, text: 'x'}, 15]);
  world.socket.say(['Q', 1, null, {row: {id: 4, text: 'y'}, seq: 14}]);
  assert.deepEqual([saved, answered, read].map((handle) => handle.state()), ['resolved', 'resolved', 'resolved']);
  assert.deepEqual(todos.pluck('title'), ['B', 'offline', 'Z']);
  // An answer that comes twice is heard once.
  world.socket.say(['R', 1, null, {id: 'a', title: 'old'}, 13]);
  assert.equal(todos.get('a').get('title'), 'B');
  world.socket.lose();
  world.timers.advance(125);
  world.socket.open();
  assert.equal(world.socket.take()[0][1].last_mid, 2);
});

test('a rejected mutation is answered and not sent again', () => {
  const world = start();
  const handle = new world.Todo({title: 'A'}).save();
  world.socket.say(['R', 1, {code: 'forbidden', status: 403, message: 'No', retry: 'no'}]);
  assert.equal(handle.state(), 'rejected');
  world.socket.lose();
  world.timers.advance(125);
  world.socket.open();
  world.socket.take();
  new world.Todo({title: 'B'}).save();
  assert.equal(world.socket.take()[0][1][0][0], 2, 'its number is used up');
});

test('the server has lost count: what it has not seen is numbered again', () => {
  const world = start();
  const handles = ['A', 'B', 'C'].map((title) => new world.Todo({title}).save());
  const ids = world.socket.take().map(([, [item]]) => item[3]);
  world.socket.say(['R', 1, null, {id: ids[0]}, 5]);
  world.socket.say(['R', 2, {code: 'out_of_order', status: 409, message: 'x', retry: 'resync', last: 0}]);
  const [[, items]] = world.socket.take().filter(([kind]) => kind === 'M');
  assert.deepEqual(items.map(([mid, , , id]) => [mid, id]), [[1, ids[1]], [2, ids[2]]]);
  world.socket.say(['R', 3, {code: 'out_of_order', status: 409, message: 'x', retry: 'resync', last: 0}]);
  world.socket.say(['R', 1, null, {id: ids[1]}, 6], ['R', 2, null, {id: ids[2]}, 7]);
  assert.deepEqual(handles.map((handle) => handle.state()), ['resolved', 'resolved', 'resolved']);
  world.socket.take();
  new world.Todo({title: 'D'}).save();
  assert.equal(world.socket.take()[0][1][0][0], 3);
});

test('the server has forgotten this client: a write is refused, and not sent again', () => {
  const world = start();
  const handle = new world.Todo({title: 'A'}).save();
  world.socket.take();
  world.socket.say(['R', 1, {code: 'out_of_order', status: 409, message: 'forgotten', retry: 'resync'}]);
  assert.equal(handle.state(), 'rejected');
  assert.deepEqual(world.socket.take().filter(([kind]) => kind === 'M'), []);
});

test('a gap in the log: reconnect with the last good cursor', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(3, 'a', 'A')]);
  world.socket.say(['T', 11, 12, 0, [[1, [['-', 'a', 'd']]]]], ['G', 50]);
  assert.equal(world.socket.closed, true);
  assert.equal(todos.length, 1);
  world.timers.advance(125);
  world.socket.open();
  assert.deepEqual(world.socket.take()[0][1].subs[0][2], ['e1', 10]);
});

test('another epoch: everything converges, what is not saved yet stays', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(3, 'a', 'A'), todo(4, 'b', 'B')]);
  const local = todos.add({title: 'not saved'});
  const pending = todos.create({title: 'pending'});
  world.socket.lose();
  world.timers.advance(125);
  world.socket.open();
  const id = world.socket.take()[1][1][0][3];
  const events = record(todos);
  world.welcome(2, {1: 'reset'}, {epoch: 'e2'});
  assert.equal(todos.length, 4);
  world.socket.say(['C', 1, 0, [todo(1, 'b', 'B')], false]);
  assert.deepEqual(events, []);
  world.socket.say(['C', 1, 1, [todo(2, 'c', 'C')], true]);
  assert.deepEqual(todos.map((model) => model.get('title')), ['B', 'not saved', 'pending', 'C']);
  assert.deepEqual(events, ['add (remote)', 'update (remote)', 'remove (remote)', 'update (remote)']);
  world.socket.say(['R', 1, null, {id, title: 'pending'}, 3]);
  world.socket.say(['T', 2, 3, 1, [[1, [['+', id, ...todo(3, id, 'pending')], ['~', 'b', 3, {title: 'B3'}]]]]]);
  assert.equal(todos.get(id), pending);
  assert.equal(todos.get('b').get('title'), 'B3', 'versions of the new log count from its start');
  assert.equal(todos.get(local), local);
});

test('backoff: full jitter between 0 and a bound that doubles from 0.25 to 16 s; a welcome starts over', () => {
  const world = start({options: {random: () => 1}});
  const delays = [];
  for (let i = 0; i < 9; i++) {
    world.socket.lose();
    assert.equal(world.timers.due.size, 1);
    const before = world.sockets.length;
    let waited = 0;
    while (world.sockets.length === before) { world.timers.advance(250); waited += 250; }
    delays.push(waited);
  }
  assert.deepEqual(delays, [250, 500, 1000, 2000, 4000, 8000, 16000, 16000, 16000]);
  world.socket.open();
  world.welcome();
  world.socket.lose();
  world.timers.advance(250);
  assert.equal(world.sockets.length, 11);
});

test('silence for two and a half heartbeats is a dead peer; anything that is heard counts', () => {
  const world = start();
  world.timers.advance(37000);
  world.socket.say(['G', 1]);
  world.timers.advance(37000);
  assert.equal(world.socket.closed, false);
  world.timers.advance(500);
  assert.equal(world.sockets[0].closed, true);
  assert.equal(world.vertebra.state, 'stale');
  world.sockets[0].say(['G', 9]); // what it still says is not heard
  world.timers.advance(125);
  world.socket.open();
  world.timers.advance(40000);
  assert.equal(world.sockets[1].closed, true, 'a hello without an answer, too');
});

test('back online or visible again: try at once, and find out whether the peer is there', (t) => {
  const handlers = {};
  globalThis.addEventListener = (name, handler) => { handlers[name] = handler; };
  globalThis.removeEventListener = (name) => { delete handlers[name]; };
  t.after(() => { delete globalThis.addEventListener; delete globalThis.removeEventListener; });
  const world = start({options: {random: () => 1}});
  for (let i = 0; i < 6; i++) { world.socket.lose(); world.timers.advance(16000); }
  world.socket.lose();
  const before = world.sockets.length;
  handlers.visibilitychange();
  assert.equal(world.sockets.length, before + 1);
  handlers.visibilitychange();
  assert.equal(world.sockets.length, before + 1);
  world.socket.open();
  world.welcome();
  handlers.online();
  world.timers.advance(18749);
  assert.equal(world.socket.closed, false);
  world.timers.advance(1);
  assert.equal(world.sockets[before].closed, true, 'no heartbeat came');
  world.vertebra.close();
  const after = world.sockets.length;
  handlers.online();
  assert.equal(world.sockets.length, after);
});

test('bye: come back not before its time, or never', () => {
  const world = start();
  world.socket.say(['B', 4001, 'restart', 3000]);
  world.timers.advance(3000);
  assert.equal(world.sockets.length, 1);
  world.timers.advance(125);
  assert.equal(world.sockets.length, 2);
  world.socket.open();
  world.welcome();
  const handle = new world.Todo({title: 'A'}).save();
  world.socket.say(['B', 4500, 'protocol', 0]);
  world.timers.advance(60000);
  assert.equal(world.sockets.length, 2);
  assert.equal(world.vertebra.state, 'offline');
  assert.equal(handle.code, 'unavailable');
  assert.equal(world.timers.due.size, 0);
});

test('a close code from 4500 on is final too, others are not', () => {
  for (const [code, sockets] of [[4499, 2], [4500, 1], [4999, 1], [1001, 2], [1006, 2]]) {
    const world = start();
    world.socket.lose(code);
    world.timers.advance(60);
    world.timers.advance(1000);
    assert.equal(world.sockets.length, sockets, String(code));
  }
});

test('close: everybody hears, nothing is left over, and models speak HTTP', async () => {
  const world = start();
  const todos = new world.Todos();
  const waiting = [todos.fetch(), new world.Todo({title: 'A'}).save(), new world.Note({id: 1}).fetch()];
  world.vertebra.close();
  assert.deepEqual(waiting.map(({code, status}) => [code, status]), waiting.map(() => ['unavailable', 503]));
  assert.equal(world.socket.closed, true);
  assert.equal(world.timers.due.size, 0);
  assert.equal(world.vertebra.state, 'offline');
  new world.Todo({id: 'a'}).fetch();
  assert.equal(world.http.length, 1);
  world.vertebra.close();
});

test('what is not a frame does no harm', () => {
  const world = start();
  world.socket.say([]);
  world.socket.say(['ZZ', 1]);
  world.socket.say(['X', {rid: 77}, {code: 'not_found'}], ['Q', 78, null, {}], ['R', 79, null, {}, 1], ['X', {sid: 80}, {code: 'forbidden'}]);
  assert.equal(world.vertebra.state, 'live');
  for (const data of ['null', '5', '"x"', '{"a":1}', '[["G",1],5,null]']) world.socket.onmessage({data});
  assert.equal(world.vertebra.state, 'live');
});

test('an error that concerns nobody in particular is the application\'s', () => {
  const world = start();
  const errors = [];
  world.vertebra.on('error', (error) => errors.push([error.code, error.message]));
  world.socket.say(['X', {}, {code: 'schema', status: 400, message: 'Generated for another schema', retry: 'no'}]);
  assert.deepEqual(errors, [['schema', 'Generated for another schema']]);
});

test('signals go both ways, and are dropped when there is nobody to take them', () => {
  const world = start();
  const seen = [];
  world.vertebra.on('signal:typing', (payload, from) => seen.push([payload, from]));
  world.socket.say(['E', 'typing', {room: 1}, 'other']);
  world.vertebra.signal('typing', {room: 2});
  assert.deepEqual(world.socket.take(), [['E', 'typing', {room: 2}]]);
  assert.deepEqual(seen, [[{room: 1}, 'other']]);
  world.socket.lose();
  world.vertebra.signal('typing', {room: 3});
  world.timers.advance(125);
  world.socket.open();
  assert.deepEqual(world.socket.take().map(([kind]) => kind), ['H']);
});

test('a handler that throws is reported and keeps nothing else from happening', async () => {
  const world = start();
  const todos = await world.live(world.Todos, [todo(3, 'a', 'A')]);
  const thrown = [];
  const keep = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error.message));
  todos.once('change:title', () => { throw new Error('handler'); });
  const handle = todos.get('a').save({done: true});
  handle.done(() => { throw new Error('callback'); });
  world.socket.say(['R', 1, null, {id: 'a', done: true}, 11], ['T', 10, 12, 1, [[1, [['~', 'a', 12, {title: 'B'}], ['+', 'b', ...todo(12, 'b', 'C')]]]]]);
  world.socket.say(['T', 12, 13, 1, [[1, [['-', 'a', 'd']]]]]);
  await tick();
  process.removeAllListeners('uncaughtException');
  keep.forEach((listener) => process.on('uncaughtException', listener));
  assert.deepEqual(thrown.sort(), ['callback', 'handler']);
  assert.equal(world.socket.closed, false);
  assert.equal(todos.get('a'), undefined);
});

test('over Socket.IO: the same frames as the one argument of event s', () => {
  const handlers = new Map();
  const log = [];
  const io = {
    connected: false,
    on: (name, handler) => handlers.set(name, handler),
    off: (name, handler) => handlers.get(name) === handler && handlers.delete(name),
    connect: () => log.push('connect'),
    disconnect: () => log.push('disconnect'),
    emit: (name, ...args) => log.push([name, args]),
  };
  const world = start({connect: false});
  world.vertebra.connect(io, {timers: world.timers, random: () => 0.5, cid: 'me'});
  handlers.get('connect')();
  handlers.get('s')(['W', {v: 1, epoch: 'e1', seq: 3, cols: {}, ids: {}}]);
  assert.equal(world.vertebra.state, 'live');
  assert.deepEqual(log.map((entry) => (typeof entry === 'string' ? entry : [entry[0], entry[1].length, entry[1][0][0]])), ['connect', ['s', 1, 'H']]);
  handlers.get('disconnect')('transport close');
  assert.equal(world.vertebra.state, 'stale');
  assert.equal(handlers.size, 0);
  log.length = 0;
  world.timers.advance(125);
  handlers.get('connect_error')(new Error('refused'));
  world.timers.advance(250);
  handlers.get('connect')();
  assert.deepEqual(log.slice(0, 3), ['connect', 'disconnect', 'connect']);
  assert.equal(log[3][1][0][0], 'H');
});

test('without a target: the page\'s own server', (t) => {
  globalThis.location = {host: 'app.test:8', origin: 'https://app.test:8'};
  t.after(() => { delete globalThis.location; delete globalThis.WebSocket; });
  const world = start({connect: false});
  world.Todo.prototype.schema.fields.id = {type: 'string'};
  new world.Todo({id: 'a'}).fetch();
  assert.equal(world.http.length, 1, 'no WebSocket here: HTTP');
  globalThis.WebSocket = world.Socket;
  new world.Todo({id: 'a'}).fetch();
  assert.equal(world.socket.url, 'wss://app.test:8/realtime');
  world.vertebra.close();
});
