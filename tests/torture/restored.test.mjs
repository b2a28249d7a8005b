// The log is not what a client remembers: it was shortened, the database is another one, or an older copy is back. The
// client is told, comes to what the server has, and goes on writing.
import fs from 'node:fs';
import test from 'node:test';
import {startServer} from '../browser/harness.mjs';
import {binary, connect, follow, run, startLoad, startProxy} from './pieces.mjs';

const push = (t, url, seed) => run(t, '--seed', String(seed), 'push', '--to', url, '--pushes', '300');

async function writes(client) {
  const load = startLoad([client], 4);
  await new Promise((resolve) => {
    const look = () => (load.ledger.acknowledged.length > 20 ? resolve() : setImmediate(look));
    look();
  });
  return load.stop();
}

async function scene(t) {
  const server = await startServer(t);
  await push(t, server.url, 1);
  const client = await connect(t, server.url);
  const follower = await follow(client, {any: true});
  await writes(client);
  await follower.converge(server.url);
  return {server, client, follower};
}

const remove = (db) => ['', '-wal', '-shm'].forEach((end) => fs.rmSync(db + end, {force: true}));

test('another database is in the place of the one that was', async (t) => {
  let {server, client, follower} = await scene(t);
  await server.kill('SIGTERM');
  remove(server.db);
  server = await server.restart();
  await push(t, server.url, 2);
  await follower.converge(server.url);
  await writes(client);
  await follower.converge(server.url);
});

test('an older copy of the database is back, and the client ahead of it', async (t) => {
  let {server, client, follower} = await scene(t);
  const copy = `${server.db}-copy`;
  await server.kill('SIGTERM');
  fs.copyFileSync(server.db, copy);
  server = await server.restart();
  await push(t, server.url, 2);
  await writes(client);
  await follower.converge(server.url);
  await server.kill('SIGTERM');
  remove(server.db);
  fs.copyFileSync(copy, server.db);
  server = await server.restart();
  await follower.converge(server.url);
  await writes(client);
  await follower.converge(server.url);
});

test('the log is shortened behind the back of clients that are cut off', async (t) => {
  const server = await startServer(t, {bin: binary, args: ['serve', '--keep', '2']});
  const proxy = await startProxy(t, server.url, {life: 200, bytes: 1 << 20});
  const client = await connect(t, server.url, {through: proxy.url});
  const follower = await follow(client);
  for (const seed of [1, 2, 3]) await push(t, server.url, seed);
  await proxy.hasBroken(5);
  proxy.say('calm');
  await follower.converge(server.url);
  await writes(client);
  await follower.converge(server.url);
});
