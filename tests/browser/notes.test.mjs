// The few lines of Socket.IO that the idea began with, as they stand: the script from the server, a namespace a
// collection, `done` with the error first, and a listener for what is new.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {test} from 'node:test';
import {launch, openContext, startServer} from './harness.mjs';

const page = (url) => `<!doctype html>
<meta charset="utf-8">
<title>Notes</title>
<script src="${url}/socket.io/socket.io.js"></script>
<script>
  var app = {news: []};
  app.socket = io.connect('${url.replace('http', 'ws')}/todos');
  app.socket.on('new', function (row) { app.news.push(row); });
</script>
`;

test('the lines of the notes work as they stand, in two pages', async (t) => {
  const web = fs.mkdtempSync(path.join(os.tmpdir(), 'vertebra-web-'));
  t.after(() => fs.rmSync(web, {recursive: true, force: true}));
  const server = await startServer(t, {web});
  fs.writeFileSync(path.join(web, 'index.html'), page(server.url));

  const browser = await launch();
  t.after(() => browser.close());
  const context = await openContext(t, browser, {allow: /favicon/});
  const [mine, other] = [await context.newPage(), await context.newPage()];
  for (const one of [mine, other]) {
    await one.goto(server.url);
    await one.waitForFunction(() => globalThis.app.socket.connected);
  }

  const emit = (event, data) => mine.evaluate(([event, data]) => new Promise((resolve) => {
    globalThis.app.socket.emit(event, data, function done(error, row) { resolve({error, row, count: arguments.length}); });
  }), [event, data]);

  const {error, row} = await emit('create', {title: 'x'});
  assert.equal(error, null, 'the first argument of done is null');
  assert.equal(row.title, 'x');
  assert.equal(row.done, false, 'defaults are filled in');

  const refused = await emit('create', {title: ''});
  assert.equal(refused.error.code, 'validation', 'or it is the error');
  assert.equal(refused.error.fields.title, 'must have at least 1 character');

  await emit('create', {title: 'the last one'});
  for (const one of [mine, other]) {
    await one.waitForFunction(() => globalThis.app.news.some((row) => row.title === 'the last one'));
    const titles = await one.evaluate(() => globalThis.app.news.map((row) => row.title));
    assert.deepEqual(titles, ['x', 'the last one'], 'a listener for `new` is called once a row');
  }
});
