// The Rust client, by the program of the example that prints each change.

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {root} from '../browser/harness.mjs';

/** Starts `tail` on a server and waits until it is connected. */
export async function tail(t, server) {
  const bin = path.join(path.dirname(path.resolve(root, process.env.TODO_BIN || 'target/debug/todo')), 'tail');
  const child = spawn(bin, ['--url', server.url], {stdio: ['ignore', 'pipe', 'pipe']});
  t.after(() => child.kill());
  const seen = [];
  let waiting = () => {};
  createInterface({input: child.stdout}).on('line', (line) => {
    seen.push(line);
    waiting();
  });
  const [first] = await Promise.race([once(child.stderr, 'data'), once(child, 'exit')]);
  assert.ok(Buffer.isBuffer(first), 'tail ended before it said anything');
  return {
    /** The lines that it has printed. */
    seen,
    /** Waits until it has printed so many. */
    async until(count) {
      while (seen.length < count) await new Promise((resolve) => { waiting = resolve; });
    },
  };
}
