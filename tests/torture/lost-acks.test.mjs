// Answers are lost and the server is restarted: no write is lost or made twice.
// The full run: node tests/torture/lost-acks.test.mjs --resets 500
import test from 'node:test';
import {startServer} from '../browser/harness.mjs';
import {connect, figure, follow, judge, startLoad, startProxy} from './pieces.mjs';

const resets = figure('resets', 30);

test(`no write is made twice in ${resets} resets`, async (t) => {
  let server = await startServer(t);
  const {url} = server;
  const proxy = await startProxy(t, url);
  const clients = await Promise.all([1, 2, 3, 4].map(() => connect(t, url, {through: proxy.url})));
  const follower = await follow(await connect(t, url, {through: proxy.url}));
  const load = startLoad(clients, 8);
  for (const signal of ['SIGKILL', 'SIGTERM']) {
    await proxy.hasBroken(resets / (signal === 'SIGKILL' ? 3 : 1.5));
    await server.kill(signal);
    server = await server.restart();
  }
  await proxy.hasBroken(resets);
  proxy.say('calm');
  const ledger = await load.stop();
  await follower.converge(url);
  await server.kill('SIGTERM');
  await judge(t, server.db, ledger);
  t.diagnostic(`${proxy.broken} connections broken, ${ledger.acknowledged.length} writes acknowledged, ${follower.told} changes told`);
});
