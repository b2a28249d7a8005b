// `tests/protocol/frames.json` through a real session over a fake socket: what a client sends is what is said there, and
// what a server sends does what is said there. Frames that a server must refuse are those that this client never sends.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import {start, tick} from './server.mjs';

const vectors = JSON.parse(fs.readFileSync(new URL('../../../tests/protocol/frames.json', import.meta.url), 'utf8'));
const CID = '01890a5d-ac96-774b-bcce-b302099a8057';
const COLS = {todos: ['id', 'title'], notes: ['key', 'text']};
const IDS = {todos: 'id', notes: 'key'};
const welcome = (seq, subs = {}, more) => ['W', {v: 1, epoch: 'e1', seq, schema: null, last_mid: 0, limits: {heartbeat_ms: 15000}, cols: COLS, ids: IDS, subs, ...more}];

/** A client whose models have no defaults and make no ids, that is live at `seq`. */
function client(seq = 0, options) {
  const world = start({connect: false});
  world.vertebra.connect('ws://x', {WebSocket: world.Socket, timers: world.timers, random: () => 0.5, cid: CID, ...options});
  world.socket.open();
  world.hello = world.socket.take()[0];
  world.socket.say(welcome(seq));
  const extend = (Class, collection, id) => Class.extend({defaults: {}, idAttribute: id, live: false, schema: {collection, fields: {id: {type: 'string'}, [id]: {type: 'string', readOnly: id !== 'id'}, title: {type: 'string'}, text: {type: 'string'}, done: {type: 'boolean', nullable: true}}}});
  world.Thing = extend(world.Todo, 'todos', 'id');
  world.Text = extend(world.Note, 'notes', 'key');
  world.Things = world.Todos.extend({model: world.Thing});
  return world;
}

/** Makes the next numbers of mutations begin with `mid`. */
function countTo(world, mid) {
  world.socket.say(['R', 0, {code: 'out_of_order', last: mid - 1}]);
  world.socket.take();
}

/** A collection that holds rows at position `seq`, as subscription 1. */
async function live(world, rows, seq, query) {
  const things = new world.Things();
  things.subscribe(query);
  world.socket.take();
  world.socket.say(['G', seq], ['C', 1, 0, rows, true]);
  await tick();
  return things;
}

const known = (world, id) => new world.Thing({id}, {parse: true});
const titles = (things) => things.map((thing) => [thing.id, thing.get('title')]);

/** What a client does to send a frame. A frame without trailing nulls and empty options means the same. */
const SENDS = {
  'hello of a new client': () => client().hello,
  async 'hello that resumes two subscriptions'() {
    const world = client(11, {token: 't'});
    world.vertebra.connect('ws://x', {WebSocket: world.Socket, timers: world.timers, random: () => 0.5, token: 't'});
    world.socket.open();
    world.socket.say(welcome(12));
    countTo(world, 4);
    await live(world, [], 12);
    new world.Things().subscribe({where: {done: false}});
    world.socket.lose();
    world.timers.advance(125);
    world.socket.open();
    const [hello] = world.socket.take();
    return [hello[0], {...hello[1], schema: 'f00d'}];
  },
  subscribe(world) { new world.Things().subscribe({where: {done: false}, sort: ['-created_at']}); },
  'subscribe without a cursor'(world) { new world.Things().subscribe(); },
  unsubscribe(world) {
    const things = new world.Things();
    things.subscribe();
    world.socket.take();
    things.unsubscribe();
  },
  'a create'(world) { new world.Thing({title: 'x'}).save(); },
  'a create without options, version, or id'(world) { new world.Text({text: 'x'}).save(); },
  'an update, a patch and a delete in one transaction'(world) {
    countTo(world, 4);
    known(world, 'a').save(null, {attrs: {title: 'x'}});
    known(world, 'b').save({done: null}, {patch: true});
    known(world, 'c').destroy();
  },
  'a query of one row'(world) {
    for (let i = 0; i < 6; i++) known(world, 'z').fetch();
    world.socket.take();
    known(world, 'a').fetch();
  },
  'a signal to the server'(world) { world.vertebra.signal('typing', {room: 1}); },
  'a signal without a payload'(world) { world.vertebra.signal('typing'); },
};
/** What a client of this version does not send. */
const NEVER = ['hello with keys of a later protocol', 'a query whose number is a string', 'an identity', 'an acknowledgement'];

/** A frame with what may be left out in it. */
function full(frame) {
  const [kind, ...rest] = JSON.parse(JSON.stringify(frame));
  if (kind === 'M') return [kind, rest[0].map((item) => [...item, null].slice(0, 6))];
  return [kind, ...rest];
}

for (const {name, from, frame, reads, error} of vectors) {
  if (from !== 'client' || error || NEVER.includes(name)) continue;
  test(`a client sends: ${name}`, async () => {
    const world = client();
    const said = await SENDS[name](world);
    let sent = said ? [said] : world.socket.take();
    if (frame[0] === 'M') {
      // One mutation a frame, each with the version it has seen left out: there are no transactions yet.
      sent = [['M', sent.flatMap(([, items]) => items)]];
      const wanted = full(reads || frame);
      wanted[1].forEach((item, i) => {
        item[5] = null;
        // An id that a client makes is another one each time.
        if (item[3] === CID) item[3] = sent[0][1][i][3];
      });
      assert.deepEqual(sent.map(full), [wanted]);
    } else if (frame[0] === 'H') {
      const [, hello] = JSON.parse(JSON.stringify(sent[0]));
      const wanted = frame[1];
      if (!wanted.schema) delete hello.schema;
      assert.deepEqual(hello, wanted);
    } else {
      assert.deepEqual(sent.map((one) => JSON.parse(JSON.stringify(one))), [reads || frame]);
    }
  });
}

/** What a server's frame does. */
const DOES = {
  async 'a welcome'(frame) {
    const world = client(10);
    const [one, two] = [new world.Things(), new world.Things()];
    one.subscribe();
    two.subscribe({where: {done: true}});
    world.socket.say(['G', 10], ['C', 1, 0, [[1, ['a', 'A']]], true], ['C', 2, 0, [[1, ['a', 'A']]], true]);
    await tick();
    world.socket.lose();
    world.timers.advance(125);
    world.socket.open();
    world.socket.say(frame);
    assert.equal(world.vertebra.state, 'live');
    world.socket.say(['T', 10, 12, 0, [[1, [['~', 'a', 12, {title: 'replayed'}]]]]], ['C', 2, 0, [[3, ['b', 'reset']]], true]);
    assert.deepEqual([titles(one), titles(two)], [[['a', 'replayed']], [['b', 'reset']]]);
  },
  async 'a transition'(frame) {
    const world = client();
    const things = await live(world, [[1, ['b', 'B']], [1, ['c', 'C']]], 12);
    world.socket.say(frame);
    assert.deepEqual(titles(things), [['b', null], ['a', 'x']]);
    world.socket.say(frame);
    assert.deepEqual(titles(things), [['b', null], ['a', 'x']], 'twice is once');
  },
  async 'an empty transition'(frame) {
    const world = client();
    const things = await live(world, [], 12);
    world.socket.say(frame, ['T', 14, 15, 0, [[1, [['+', 'a', 15, ['a', 'x']]]]]]);
    assert.deepEqual(titles(things), [['a', 'x']]);
  },
  async 'an operation that does not exist, from a server'(frame) {
    const world = client();
    const things = await live(world, [[1, ['a', 'A']]], 1);
    world.socket.say(frame);
    assert.equal(world.socket.closed, true, 'the connection is given up');
    world.timers.advance(125);
    world.socket.open();
    assert.deepEqual(world.socket.take()[0][1].subs, [[1, {collection: 'todos'}, null]], 'and nothing is known of the subscription');
    assert.deepEqual(titles(things), [['a', 'A']], 'what is shown stays until the snapshot is here');
  },
  async 'a page of a snapshot'(frame) {
    const world = client();
    const things = new world.Things();
    things.subscribe();
    world.socket.say(frame);
    await tick();
    assert.equal(things.length, 0);
    return {world, things};
  },
  async 'the last page'(frame) {
    const {world, things} = await DOES['a page of a snapshot'](vectors.find(({name}) => name === 'a page of a snapshot').frame);
    world.socket.say(frame);
    assert.deepEqual(titles(things), [['a', 'x'], ['b', 'y']]);
  },
  async 'a watermark'(frame) {
    const world = client();
    const things = await live(world, [], 12);
    world.socket.say(frame, ['T', 15, 16, 0, [[1, [['+', 'a', 16, ['a', 'x']]]]]]);
    assert.equal(things.length, 1);
  },
  async 'a result'(frame) {
    const world = client();
    countTo(world, 4);
    const thing = known(world, 'a');
    const handle = thing.save({title: 'mine'});
    world.socket.say(frame);
    assert.deepEqual([handle.state(), thing.get('title')], ['resolved', 'x']);
  },
  async 'a refusal'(frame) {
    const world = client();
    countTo(world, 5);
    const handle = known(world, 'a').save({title: ''});
    world.socket.say(frame);
    assert.deepEqual([handle.state(), handle.status, handle.fields], ['rejected', 422, {title: 'is required'}]);
  },
  async 'a conflict'(frame) {
    const world = client();
    countTo(world, 6);
    const handle = known(world, 'a').save({title: 'x'});
    world.socket.say(frame);
    assert.deepEqual([handle.status, handle.current], [409, {id: 'a'}]);
  },
  async 'a mutation that was left out'(frame) {
    const world = client();
    countTo(world, 9);
    known(world, 'a').save({title: 'x'});
    assert.equal(world.socket.take()[0][1][0][0], 9);
    world.socket.say(frame);
    assert.deepEqual(world.socket.take().map(([kind, [[mid]]]) => [kind, mid]), [['M', 7]]);
  },
  async 'an error of a kind that is not known'(frame) {
    const world = client();
    countTo(world, 9);
    const handle = known(world, 'a').save({title: 'x'});
    world.socket.say(frame);
    assert.deepEqual([handle.state(), handle.status, handle.statusText], ['rejected', 500, 'm']);
  },
  async 'an answer with rows'(frame) {
    const world = client();
    const things = new world.Things();
    for (let i = 0; i < 6; i++) known(world, 'z').fetch();
    const handle = things.fetch({live: false});
    world.socket.say(frame);
    assert.deepEqual([handle.state(), things.pluck('id')], ['resolved', ['a']]);
  },
  async 'a failure of a subscription'(frame) {
    const world = client();
    const handle = new world.Things().subscribe();
    world.socket.say(frame);
    assert.deepEqual([handle.status, world.vertebra.state, world.socket.closed], [404, 'live', false]);
  },
  async 'a signal from the server'(frame) {
    const world = client();
    const heard = [];
    world.vertebra.on('signal:typing', (...args) => heard.push(args));
    world.socket.say(frame);
    assert.deepEqual(heard, [[{room: 1}, null]]);
  },
  async 'goodbye'(frame) {
    const world = client();
    world.socket.say(frame);
    world.timers.advance(499);
    assert.equal(world.sockets.length, 1);
    world.timers.advance(126);
    assert.equal(world.sockets.length, 2);
  },
  async 'goodbye for good'(frame) {
    const world = client();
    world.socket.say(frame);
    world.timers.advance(100000);
    assert.deepEqual([world.sockets.length, world.vertebra.state], [1, 'offline']);
  },
  async 'a frame of a later protocol'(frame) {
    const world = client();
    world.socket.say(frame);
    assert.deepEqual([world.socket.closed, world.vertebra.state], [false, 'live']);
  },
};

for (const {name, from, frame} of vectors) {
  if (from === 'server') test(`a server sends: ${name}`, () => DOES[name](frame));
}

test('every vector is run, or named as one that this client never sends', () => {
  const sent = vectors.filter(({from, error}) => from === 'client' && !error).map(({name}) => name);
  assert.deepEqual(sent.sort(), [...Object.keys(SENDS), ...NEVER].sort());
  assert.deepEqual(vectors.filter(({from}) => from === 'server').map(({name}) => name).sort(), Object.keys(DOES).sort());
});
