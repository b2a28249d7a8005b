// What the JavaScript torture tests share: the generated runtime of a running server, the breaking proxy, writers that
// keep account, a follower that checks every event.
// Invariant: clients are what a page gets: the generated file as the server serves it, over stock Backbone and a WebSocket.

import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {once} from 'node:events';
import fs from 'node:fs';
import {createRequire} from 'node:module';
import os from 'node:os';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {isDeepStrictEqual, parseArgs, promisify} from 'node:util';
import WebSocket from 'ws';

const require = createRequire(import.meta.url);
export const binary = process.env.TORTURE_BIN || fileURLToPath(new URL('../../target/debug/torture', import.meta.url));

/** A number from the command line, `--name 500`, or what a short run takes. */
export function figure(name, short) {
  const {values} = parseArgs({options: {[name]: {type: 'string'}}, strict: false});
  return Number(values[name] ?? short);
}

/** Runs a part of the torture program; its report is printed, and a failure in it is ours. */
export async function run(t, ...args) {
  const {stdout} = await promisify(execFile)(binary, args).catch((error) => error);
  t.diagnostic(stdout);
  assert.match(stdout, /^failures +0$/m);
  return stdout;
}

/** A socket whose failure is its close, as in a browser. */
class Socket extends WebSocket {
  constructor(...args) {
    super(...args);
    this.on('error', () => {});
  }
}

/** A client of its own, as a page has it: `{vertebra, Todo, Todos}`. */
export async function connect(t, url, {through = url} = {}) {
  const source = await (await fetch(`${url}/vertebra/todo.cjs`)).text();
  const module = {exports: {}};
  new Function('require', 'module', 'exports', source)(require, module, module.exports);
  const {vertebra} = module.exports;
  vertebra.connect(`${through.replace('http', 'ws')}/realtime`, {WebSocket: Socket, random: () => Math.random() * 0.05});
  t.after(() => vertebra.close());
  return module.exports;
}

/** The proxy before a server; it ends with the test. */
export async function startProxy(t, url, {seed = 1, life = 600, bytes = 65536} = {}) {
  const args = ['--seed', seed, 'proxy', '--to', new URL(url).host, '--life', life, '--bytes', bytes];
  const child = spawn(binary, args.map(String), {stdio: ['pipe', 'pipe', 'inherit']});
  t.after(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const waiting = new Set();
  const proxy = {
    broken: 0,
    say: (command) => child.stdin.write(`${command}\n`),
    /** Resolves when so many connections were broken. */
    hasBroken: (count) => new Promise((resolve) => {
      const look = () => proxy.broken >= count && waiting.delete(look) | resolve();
      waiting.add(look);
      look();
    }),
  };
  await new Promise((resolve) => {
    createInterface({input: child.stdout}).on('line', (line) => {
      const [what, value] = line.split(/ (?=\S+$)/);
      if (what === 'listening on') {
        proxy.url = value;
        resolve();
      } else {
        proxy.broken = Number(value);
        waiting.forEach((look) => look());
      }
    });
  });
  return proxy;
}

const ask = (start) => new Promise((resolve) => {
  start({success: () => resolve(null), error: (_, error) => resolve(error.responseJSON ?? error)});
});

/** Writers over clients: each write gives its row a title that occurs once. `stop()` answers the account. */
export function startLoad(clients, lanes) {
  const ledger = {issued: [], acknowledged: [], wrong: []};
  let stopped = false;
  const lane = async ({Todo}, name) => {
    const rows = [];
    for (let n = 1; !stopped; n++) {
      const title = `${name}:${n}`;
      const chance = Math.random();
      const live = {live: false};
      let mark;
      let start;
      if (!rows.length || (chance < 0.3 && rows.length < 50)) {
        const model = new Todo({id: randomUUID(), title});
        rows.push(model);
        mark = [model.id, title];
        start = (told) => model.save(null, {...live, ...told});
      } else {
        const model = rows[Math.floor(Math.random() * rows.length)];
        if (chance < 0.9) {
          mark = [model.id, title];
          start = (told) => model.save({title}, {...live, ...told, patch: true});
        } else {
          rows.splice(rows.indexOf(model), 1);
          mark = [model.id, null];
          start = (told) => model.destroy({...live, ...told});
        }
      }
      ledger.issued.push(mark);
      const error = await ask(start);
      if (error) ledger.wrong.push(`${mark}: ${JSON.stringify(error)}`);
      else ledger.acknowledged.push(mark);
    }
  };
  const all = clients.flatMap((client, n) => Array.from({length: lanes}, (_, k) => lane(client, `lane ${n}.${k}`)));
  return {
    ledger,
    async stop() {
      stopped = true;
      await Promise.all(all);
      assert.equal(ledger.acknowledged.length, ledger.issued.length, ledger.wrong.slice(0, 5).join('\n'));
      return ledger;
    },
  };
}

/** Holds the database of a server that has ended against an account. */
export async function judge(t, db, ledger) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'vertebra-'));
  t.after(() => fs.rmSync(folder, {recursive: true}));
  const file = path.join(folder, 'ledger.json');
  fs.writeFileSync(file, JSON.stringify(ledger));
  return run(t, 'judge', '--db', db, '--ledger', file);
}

const counter = (title) => Number(/\d+$/.exec(title)?.[0] ?? 0);
const sorted = (rows) => [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));

/** A live collection of all todos, and the checks of what it is told. */
export async function follow({vertebra, Todos}, {any = false} = {}) {
  const faults = [];
  const known = new Map();
  const follower = {faults, told: 0};
  const todos = new Todos();
  const begun = new Promise((resolve) => {
    todos.fetch({success: () => {
      // What was there at first is no news.
      todos.forEach((model) => known.set(model.id, model.toJSON()));
      resolve();
    }});
  });
  vertebra.on('new', (row) => {
    follower.told++;
    if (known.has(row.id)) faults.push(`new, again: ${row.id}`);
    known.set(row.id, row);
  });
  vertebra.on('change', (row) => {
    follower.told++;
    const before = known.get(row.id);
    if (!before) faults.push(`changed, unknown: ${row.id}`);
    else if (!any && counter(row.title) <= counter(before.title)) faults.push(`${before.title} went to ${row.title}`);
    known.set(row.id, row);
  });
  vertebra.on('remove', (row) => {
    follower.told++;
    if (!known.delete(row.id)) faults.push(`removed, unknown: ${row.id}`);
  });
  await begun;
  follower.todos = todos;
  /** Waits until the collection, and what was told, are what the server has. */
  follower.converge = async (url) => {
    const expected = sorted(await (await fetch(`${url}/api/todos`)).json());
    const right = () => isDeepStrictEqual(sorted(todos.toJSON()), expected) && isDeepStrictEqual(sorted(known.values()), expected);
    const limit = AbortSignal.timeout(60_000);
    while (!right() && !limit.aborted) {
      await new Promise((resolve) => {
        const done = () => {
          todos.off('update change', done);
          limit.removeEventListener('abort', done);
          setImmediate(resolve);
        };
        todos.on('update change', done);
        limit.addEventListener('abort', done);
      });
    }
    assert.deepEqual(sorted(todos.toJSON()), expected);
    assert.deepEqual(sorted(known.values()), expected);
    assert.deepEqual(faults.slice(0, 5), []);
  };
  return follower;
}
