// The pieces of code of a page of documentation, by the names that its markers give them.
// Invariant: a test that asks for all of them has run all of them: `unused` says which it forgot.

import assert from 'node:assert/strict';
import fs from 'node:fs';

/** @param {string} name a file in `docs/` */
export function snippets(name) {
  const text = fs.readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
  const found = new Map([...text.matchAll(/<!-- run: (\w+) -->\n```\w+\n([^]*?)```/g)].map(([, key, code]) => [key, code]));
  assert.ok(found.size > 0, `${name} has code`);
  const left = new Set(found.keys());
  return {
    take(key) {
      left.delete(key);
      return found.get(key) ?? assert.fail(`${name} has a snippet ${key}`);
    },
    unused: () => [...left],
  };
}
