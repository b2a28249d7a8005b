// Changes are pushed to subscribers whose connections break at random: none is missed, and none is applied twice.
// The full run: node tests/torture/resume.test.mjs --pushes 100000
import assert from 'node:assert/strict';
import test from 'node:test';
import {startServer} from '../browser/harness.mjs';
import {connect, figure, follow, run, startProxy} from './pieces.mjs';

const pushes = figure('pushes', 2000);

test(`${pushes} pushes through connections that break`, async (t) => {
  const server = await startServer(t);
  const {url} = server;
  const proxies = await Promise.all([1, 2, 3].map((n) => startProxy(t, url, {seed: n, life: 500 << n, bytes: 1 << (18 + n)})));
  const urls = [url, ...proxies.map((proxy) => proxy.url)];
  const followers = await Promise.all(urls.map(async (through) => follow(await connect(t, url, {through}))));
  const report = await run(t, 'push', '--to', url, '--pushes', String(pushes));
  const made = Number(/^changes +(\d+)$/m.exec(report)[1]);
  assert.ok(made >= pushes);
  proxies.forEach((proxy) => proxy.say('calm'));
  await Promise.all(followers.map((follower) => follower.converge(url)));
  const broken = proxies.reduce((sum, proxy) => sum + proxy.broken, 0);
  t.diagnostic(`${broken} connections broken; told of changes: ${followers.map(({told}) => told).join(', ')}`);
});
