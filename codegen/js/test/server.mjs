// A scripted server for unit tests: the test sees each frame that the client sends and says each frame it receives.
// Invariant: nothing happens by itself; sockets open, answer and close when the test says so.
import Backbone from '../../../tests/node_modules/backbone/backbone.js';
import {createVertebra} from '../vertebra.js';
import fs from 'node:fs';
import {strip} from './assemble.mjs';

export const COLS = {todos: ['id', 'title', 'done', 'tags', 'total', 'created_at', 'priority', 'due'], notes: ['id', 'text']};
export const IDS = {todos: 'id', notes: 'id'};

/** Timers that run when the test says so. */
export function fakeTimers() {
  let now = 0;
  let last = 0;
  const due = new Map();
  return {
    due,
    setTimeout(run, ms) { due.set(++last, {run, at: now + ms}); return last; },
    clearTimeout: (id) => due.delete(id),
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const [id, next] = [...due].sort((a, b) => a[1].at - b[1].at)[0] || [];
        if (!next || next.at > end) break;
        now = next.at;
        due.delete(id);
        next.run();
      }
      now = end;
    },
  };
}

/** The classes of the fixture over a Backbone of their own, and a server that is the test. */
export function start({connect = true, options = {}} = {}) {
  const sockets = [];
  const timers = fakeTimers();
  const http = [];
  class Socket {
    constructor(url, protocol) {
      Object.assign(this, {url, protocol, sent: [], closed: false});
      sockets.push(this);
    }
    send(text) {
      if (this.closed) throw new Error('sent on a closed socket');
      this.sent.push(JSON.parse(text));
    }
    close() { this.closed = true; }
    // What the test does.
    open() { this.onopen({}); return this; }
    say(...frames) { this.onmessage?.({data: JSON.stringify(frames.length === 1 ? frames[0] : frames)}); }
    lose(code = 1006) { this.closed = true; this.onclose({code}); }
    /** Takes what has been sent since. */
    take() { return this.sent.splice(0); }
  }
  Backbone.ajax = (request) => { http.push(request); return {}; };
  const source = fs.readFileSync(new URL('./fixtures/todo.js', import.meta.url), 'utf8').replace(/^import .*$/gm, '');
  const classes = new Function('Backbone', 'createVertebra', strip(source) + '\nreturn {vertebra, Todo, Todos, Note, Notes};')(Backbone, createVertebra);
  // Short ids make short tests.
  classes.Todo.prototype.schema.fields.id = {type: 'string'};
  const world = {
    ...classes,
    Backbone,
    sockets,
    timers,
    http,
    get socket() { return sockets[sockets.length - 1]; },
    welcome(seq = 0, how = {}, more = {}) {
      this.socket.say(['W', {v: 1, epoch: 'e1', seq, schema: 'f1e2d3', last_mid: 0, limits: {heartbeat_ms: 15000}, cols: COLS, ids: IDS, subs: how, ...more}]);
    },
    /** A collection that is live with these rows at `seq`. */
    async live(Class, rows, seq = 10) {
      const collection = new Class();
      collection.fetch();
      const [, sid] = this.socket.take().filter(([kind]) => kind === 'S').pop();
      this.socket.say(['G', seq], ['C', sid, 0, rows, true]);
      collection.sid = sid;
      await tick();
      return collection;
    },
  };
  if (connect) {
    world.vertebra.connect('ws://test/realtime', {WebSocket: Socket, timers, random: () => 0.5, cid: 'me', ...options});
    world.socket.open();
    world.welcome();
    world.hello = world.socket.take()[0];
  } else {
    world.Socket = Socket;
  }
  return world;
}

export const tick = () => new Promise((resolve) => { setImmediate(resolve); });

/** Everything that an object triggers, as `name` or `name(marks)`. */
export function record(object, names = []) {
  object.on('all', (name, ...args) => {
    const options = args[args.length - 1];
    names.push(options && options.remote ? name + ' (remote)' : name);
  });
  return names;
}

export const todo = (v, id, title, more = {}) => {
  const row = {id, title, done: false, tags: [], total: '0', created_at: '2026-01-01T00:00:00Z', priority: 1, due: null, ...more};
  return [v, COLS.todos.map((name) => row[name])];
};
export const note = (v, id, text) => [v, [id, text]];
