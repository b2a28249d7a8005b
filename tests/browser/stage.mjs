// A page of its own in front of a real server, with a gate between their sockets: a test says which frames wait, and so
// in which order things cross. HTTP goes past the gate, straight to the server, as from some other program.
// Invariant: the gate changes no frame. It lets one kind of frame overtake another only when the test has named it.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import {createRequire} from 'node:module';
import {WebSocket, WebSocketServer} from 'ws';
import {PATIENCE, openContext, startServer} from './harness.mjs';

const require = createRequire(import.meta.url);
const script = (name) => fs.readFileSync(require.resolve(name), 'utf8');
const PAGE = `<!doctype html><title>stage</title><link rel="icon" href="data:,">
<script src="/underscore.js"></script><script src="/backbone.js"></script><script src="/todo.js"></script>`;

/** Frames between one page and the server; `down` is towards the page. */
function createGate() {
  const seen = [];
  const watchers = new Set();
  const held = new Map(); // 'down R' → the frames that wait, as functions that let them go
  const answers = [];
  const note = (what, frame) => {
    seen.push([what, frame]);
    watchers.forEach((look) => look());
  };
  return {
    /** Sends each frame of a message on, or keeps it. */
    pass(way, message, send, back) {
      const frames = Array.isArray(message[0]) ? message : [message];
      for (const frame of frames) {
        const name = `${way} ${frame[0]}`;
        const go = () => {
          note(name, frame);
          send(frame);
        };
        const answer = answers.length && answers.find((reply) => way === 'up' && reply(frame));
        if (answer) {
          answers.splice(answers.indexOf(answer), 1);
          back(answer(frame));
        } else if (held.has(name) || held.has(way)) {
          note(`held ${name}`, frame);
          held.get(held.has(name) ? name : way).push(go);
        } else {
          go();
        }
      }
    },
    /** From now on these wait: 'down R' is one kind of frame, 'down' everything. @param {string[]} names */
    hold: (...names) => names.forEach((name) => held.set(name, [])),
    release(...names) {
      for (const name of names) {
        const waiting = held.get(name);
        held.delete(name);
        waiting.forEach((go) => go());
      }
    },
    /** Answers the next frame that `reply` has an answer to in the server's place. */
    answer: (reply) => answers.push(reply),
    count: (what) => seen.filter(([name]) => name === what).length,
    /** Until a frame has gone by ('down T') or waits ('held down R'). @param {string} what @param {string} [text] in it */
    async saw(what, text = '') {
      const here = () => seen.some(([name, frame]) => name === what && JSON.stringify(frame).includes(text));
      let limit;
      await new Promise((resolve, reject) => {
        const look = () => { if (here()) resolve(watchers.delete(look)); };
        watchers.add(look);
        limit = setTimeout(() => reject(new Error(`no "${what}" with ${text}: ${JSON.stringify(seen)}`)), PATIENCE);
        look();
      }).finally(() => clearTimeout(limit));
    },
  };
}

/**
 * @param {import('node:test').TestContext} t
 * @param {import('playwright-core').Browser} browser
 * @param {object[]} rows what the server has when the page comes
 */
export async function openStage(t, browser, rows = []) {
  const server = await startServer(t);
  const stored = [];
  for (const row of rows) stored.push(await server.post('todos', row));
  const files = {
    '/': ['text/html', PAGE],
    '/underscore.js': ['text/javascript', script('underscore/underscore-umd.js')],
    '/backbone.js': ['text/javascript', script('backbone')],
    '/todo.js': ['text/javascript', await (await fetch(`${server.url}/vertebra/todo.global.js`)).text()],
  };
  const gate = createGate();
  const front = http.createServer((request, response) => {
    const [type, body] = files[request.url] || [];
    response.writeHead(body ? 200 : 404, {'content-type': type || 'text/plain'}).end(body);
  });
  new WebSocketServer({server: front, path: '/realtime', handleProtocols: () => 'vertebra.1'}).on('connection', async (page) => {
    const early = [];
    page.on('message', (data) => early.push(data));
    const peer = new WebSocket(`${server.url.replace('http', 'ws')}/realtime`, 'vertebra.1');
    peer.on('error', () => page.terminate());
    peer.on('close', (code) => page.close(code >= 3000 ? code : 1000));
    page.on('close', () => peer.terminate());
    const down = (frame) => { if (page.readyState === page.OPEN) page.send(JSON.stringify(frame)); };
    const up = (frame) => { if (peer.readyState === peer.OPEN) peer.send(JSON.stringify(frame)); };
    peer.on('message', (data) => gate.pass('down', JSON.parse(data), down, up));
    await once(peer, 'open');
    page.removeAllListeners('message');
    const take = (data) => gate.pass('up', JSON.parse(data), up, down);
    early.forEach(take);
    page.on('message', take);
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  t.after(() => {
    front.closeAllConnections();
    front.close();
  });

  const context = await openContext(t, browser);
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${front.address().port}/`);
  await page.evaluate(async () => {
    window.todos = new window.todo.Todos();
    window.titles = (collection = window.todos) => collection.map((model) => model.get('title')).sort();
    await window.todos.fetch();
  });
  const api = async (method, id = '', body) => {
    const response = await fetch(`${server.url}/api/todos${id && '/' + id}`, {method, headers: {'content-type': 'application/json'}, body: body && JSON.stringify(body)});
    assert.ok(response.ok, `${method} ${response.status}`);
    return response.status === 204 ? null : response.json();
  };
  return {
    server, gate, page, rows: stored,
    run: (code, argument) => page.evaluate(code, argument),
    /** What another program does. */
    patch: (id, changes) => api('PATCH', id, changes),
    remove: (id) => api('DELETE', id),
    list: () => api('GET'),
  };
}
