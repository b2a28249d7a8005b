import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import {createReplica, applyFrame, cursorOf} from '../replica.js';

const vectors = JSON.parse(fs.readFileSync(new URL('../../../tests/protocol/apply.json', import.meta.url), 'utf8'));
const byId = (rows) => rows && [...rows].sort((a, b) => (JSON.stringify(a[0]) < JSON.stringify(b[0]) ? -1 : 1));

for (const {name, subs, frames, expect} of vectors) {
  test(name, () => {
    const replica = createReplica();
    for (const [sid, query] of Object.entries(subs)) replica.subs.set(Number(sid), {sid: Number(sid), query});
    let action;
    for (const frame of frames.flatMap((item) => (Array.isArray(item[0]) ? item : [item]))) {
      if (frame[0] === 'W') action = undefined;
      if (!action && applyFrame(replica, frame)) action = 'resume';
    }
    const seen = {position: replica.position, epoch: replica.epoch, subs: {}, cursors: {}};
    replica.subs.forEach((sub, sid) => {
      seen.subs[sid] = !sub.rows ? null : byId([...sub.rows].map(([id, {v, row}]) => [id, v, row]));
      seen.cursors[sid] = cursorOf(replica, sub);
    });
    if (action) seen.action = action;
    for (const sid of Object.keys(expect.subs)) expect.subs[sid] = byId(expect.subs[sid]);
    // Through JSON, where a key that is "__proto__" shows.
    assert.deepEqual(JSON.stringify(sorted(seen)), JSON.stringify(sorted(expect)));
  });
}

function sorted(value) {
  if (!value || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}
