// A window with the scripts of an application in it, and a scripted server at the other end of its socket.
// Invariant: every window is its own world; nothing that a script changes in one is seen in another.
import fs from 'node:fs';
import {createRequire} from 'node:module';
import {JSDOM} from 'jsdom';
import {classic} from '../../codegen/js/test/assemble.mjs';

const require = createRequire(import.meta.url);
const folder = require.resolve('backbone/package.json').replace(/backbone.package\.json$/, '');
const script = (name) => fs.readFileSync(folder + name, 'utf8');
const bundle = classic('./fixtures/todo.js', 'Todo');

export const COLS = {todos: ['id', 'title', 'done'], notes: ['id', 'text']};
export const todo = (v, id, title, done = false) => [v, [id, title, done]];

/** @param {string[]} scripts paths in node_modules, in order; `{bundle}` is the generated file */
export function openWorld(scripts) {
  const {window} = new JSDOM('<!doctype html><main></main>', {runScripts: 'outside-only', url: 'http://app.test/'});
  load(window, scripts);
  return window;
}

/** Loads more scripts into a window that is there. @param {Window} window @param {string[]} scripts */
export function load(window, scripts) {
  for (const name of scripts) window.eval(name === '{bundle}' ? bundle : script(name));
}

/** Connects what a bundle has made. */
export async function serve(window, {vertebra} = window.Todo) {
  const sent = [];
  let socket;
  vertebra.connect('ws://test', {
    timers: {setTimeout() {}, clearTimeout() {}},
    WebSocket: class {
      constructor() { socket = this; }
      send(text) { sent.push(JSON.parse(text)); }
      close() {}
    },
  });
  const world = {
    take: () => sent.splice(0),
    say: (...frames) => socket.onmessage({data: JSON.stringify(frames)}),
    tick: () => new Promise((resolve) => { setImmediate(resolve); }),
    /** Fetches a collection; it has these rows at position 10. */
    async live(collection, rows) {
      collection.fetch();
      const [, sid] = world.take().find(([kind]) => kind === 'S');
      world.say(['G', 10], ['C', sid, 0, rows, true]);
      await world.tick();
      return sid;
    },
  };
  socket.onopen();
  world.say(['W', {v: 1, epoch: 'e1', seq: 0, last_mid: 0, limits: {}, cols: COLS, ids: {todos: 'id', notes: 'id'}, subs: {}}]);
  world.take();
  return world;
}
