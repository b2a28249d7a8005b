// HTTP as its clients expect it: conditional requests, pages, filters, locations.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {startServer} from '../browser/harness.mjs';
import {socketIoPlain} from './drivers.mjs';

const JSON_TYPE = {'content-type': 'application/json'};

test('a row has a location and an ETag, and is written only where it is what the client thinks', async (t) => {
  const server = await startServer(t);
  const created = await fetch(`${server.url}/api/todos`, {method: 'POST', headers: JSON_TYPE, body: '{"title": "x"}'});
  assert.equal(created.status, 201);
  const url = server.url + created.headers.get('location');
  const etag = created.headers.get('etag');
  const row = await created.json();
  assert.deepEqual(await (await fetch(url)).json(), row);

  assert.equal((await fetch(url, {headers: {'if-none-match': etag}})).status, 304);
  const patch = (version, body) => fetch(url, {method: 'PATCH', headers: {...JSON_TYPE, 'if-match': version}, body: JSON.stringify(body)});
  const changed = await patch(etag, {done: true});
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers.get('etag'), etag);
  assert.equal((await fetch(url, {headers: {'if-none-match': etag}})).status, 200);

  const stale = await patch(etag, {title: 'late'});
  const problem = await stale.json();
  assert.equal(stale.status, 412);
  assert.equal(problem.code, 'conflict');
  assert.deepEqual(problem.current, await changed.json(), 'the conflict shows the row as it is');
  assert.equal((await patch('*', {title: 'any'})).status, 200);
  assert.equal((await fetch(url, {method: 'DELETE', headers: {'if-match': etag}})).status, 412);

  const replaced = await fetch(url, {method: 'PUT', headers: JSON_TYPE, body: JSON.stringify({...row, title: 'whole'})});
  const whole = await replaced.json();
  assert.deepEqual([whole.title, whole.done, whole.created_at], ['whole', false, row.created_at], 'a row that was read can be sent back');
  const gone = await fetch(url, {method: 'DELETE'});
  assert.deepEqual(await gone.json(), {id: row.id});
  assert.equal((await fetch(url)).status, 404);
});

test('pages and filters are the same over HTTP and Socket.IO', async (t) => {
  const server = await startServer(t);
  const titles = ['b', 'a', 'c', 'a', 'b', 'a', 'é', 'Z', '10', '9'];
  for (const [n, title] of titles.entries()) await server.post('todos', {title, done: n % 3 === 0});
  const plain = await socketIoPlain(server);
  t.after(() => plain.close());
  const {socket} = await plain.socketOf('todos');

  const get = async (query) => (await fetch(`${server.url}/api/todos?${new URLSearchParams(query)}`)).json();
  const read = (query) => new Promise((resolve, reject) => {
    socket.emit('read', query, (error, rows) => (error ? reject(new Error(error.message)) : resolve(rows)));
  });

  const all = await get({sort: '-title'});
  assert.deepEqual(all.map(({title}) => title), [...titles].sort().reverse(), 'by code points, descending');
  const paged = [];
  for (let after; ;) {
    const query = {sort: '-title', limit: 3, ...(after && {after})};
    const page = await read(query);
    assert.deepEqual(page, await get({...query, ...(after && {after: JSON.stringify(after)})}));
    paged.push(...page);
    if (page.length < 3) break;
    after = [page[2].title, page[2].id];
  }
  assert.deepEqual(paged, all, 'pages are whole, also where titles are equal');

  const open = await read({where: {done: false, title: 'a'}});
  assert.deepEqual(open, all.filter(({done, title}) => !done && title === 'a').sort((a, b) => (a.id < b.id ? -1 : 1)));
  assert.deepEqual(await get({done: 'false', title: 'a'}), open, 'a field in the URL is a condition');
  assert.deepEqual(await get({where: JSON.stringify({done: false, title: 'a'})}), open);
  assert.deepEqual(await read({id: open[0].id}), open[0]);
});
