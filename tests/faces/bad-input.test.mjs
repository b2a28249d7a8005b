// What is wrong is said in the same words on every face, nothing of it is stored, and the connection goes on.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {startServer} from '../browser/harness.mjs';
import {faces, http, native, socketIoFrames, socketIoPlain} from './drivers.mjs';

const NOBODY = '01890a5d-ac96-774b-bcce-b302099a8057';

/** What each wrong write is answered with: `[name, operation, collection, id, data, code, fields]`. */
const CASES = [
  ['unknown field', 'create', 'todos', null, {title: 'x', titel: 'y'}, 'validation', {titel: 'is not a field of todos'}],
  ['wrong type', 'create', 'todos', null, {title: 7}, 'validation', {title: 'must be a string'}],
  ['several fields at once', 'create', 'todos', null, {done: 'yes', who: 1}, 'validation',
    {title: 'is required', done: 'must be a boolean', who: 'is not a field of todos'}],
  ['too long', 'create', 'todos', null, {title: 'x'.repeat(201)}, 'validation', {title: 'must have at most 200 characters'}],
  ['too short', 'create', 'todos', null, {title: ''}, 'validation', {title: 'must have at least 1 character'}],
  ['null where none may be', 'create', 'todos', null, {title: null}, 'validation', {title: 'must not be null'}],
  ['a read-only field', 'create', 'todos', null, {title: 'x', created_at: '2026-01-31T12:00:00Z'}, 'validation',
    {created_at: 'is read-only'}],
  ['a strange name', 'create', 'todos', null, JSON.parse('{"title": "x", "__proto__": {"isAdmin": true}}'), 'validation',
    {['__proto__']: 'is not a field of todos'}],
  ['an id that is none', 'patch', 'todos', 'nobody', {title: 'x'}, 'validation', {id: 'must be a UUID'}],
  ['unknown id, update', 'update', 'todos', NOBODY, {title: 'x'}, 'not_found'],
  ['unknown id, patch', 'patch', 'todos', NOBODY, {title: 'x'}, 'not_found'],
  ['unknown id, delete', 'delete', 'todos', NOBODY, null, 'not_found'],
  ['unknown collection', 'create', 'nothing', null, {title: 'x'}, 'not_found'],
];

const STATUS = {validation: 422, not_found: 404};

test('a wrong write gets the same typed error on every face, and nothing is stored', async (t) => {
  const server = await startServer(t);
  const all = await faces(t, server);
  for (const [name, op, collection, id, data, code, fields] of CASES) {
    const errors = [];
    for (const face of all) {
      const {error, row} = await face.write(op, collection, id, data);
      assert.ok(error, `${name} on ${face.name} was taken: ${JSON.stringify(row)}`);
      assert.equal(error.code, code, `${name} on ${face.name}: ${JSON.stringify(error)}`);
      assert.equal(error.status, STATUS[code], `${name} on ${face.name}`);
      if (fields) assert.deepEqual(Object.entries(error.fields).sort(), Object.entries(fields).sort(), `${name} on ${face.name}`);
      errors.push(error);
    }
    errors.forEach((error, n) => assert.deepEqual(error, errors[0], `${name}: ${all[n].name} says something else than ${all[0].name}`));
  }
  assert.deepEqual((await http(server).ask('GET', 'todos')).row, [], 'nothing was stored');

  for (const face of all) {
    const {error, row} = await face.write('create', 'todos', null, {title: `by ${face.name}`});
    assert.equal(error, null, `${face.name} is usable afterwards`);
    assert.equal(row.title, `by ${face.name}`);
  }
  assert.equal((await http(server).ask('GET', 'todos')).row.length, all.length);
});

test('malformed messages are answered, and the socket goes on', async (t) => {
  const server = await startServer(t);
  const bare = await native(server);
  const carried = await socketIoFrames(server);
  t.after(() => [bare, carried].forEach((face) => face.close()));
  const wrong = [{}, 'x', [], ['?', 1], [1, 2], ['M', {}], ['M', [[1, 'upsert', 'todos', null, {}]]], ['S', 'a', {}], ['U'],
    ['Q', null, {}], ['H', {}], [['U', 1], 2]];
  for (const message of wrong) {
    for (const face of [bare, carried]) {
      const {error} = await face.nonsense(face === bare ? JSON.stringify(message) : message);
      assert.equal(error.code, 'validation', `${JSON.stringify(message)} on ${face.name}`);
      assert.equal(error.status, 400);
    }
  }
  for (const text of ['', '{', 'nonsense', `${'['.repeat(5000)}`]) {
    const {error} = await bare.nonsense(text);
    assert.equal(error.code, 'validation', text.slice(0, 20));
  }
  for (const face of [bare, carried]) {
    const {error} = await face.write('create', 'todos', null, {title: 'after all'});
    assert.equal(error, null);
  }
});

test('plain events with wrong arguments are answered', async (t) => {
  const server = await startServer(t);
  const face = await socketIoPlain(server);
  t.after(() => face.close());
  const {socket} = await face.socketOf('todos');
  const ask = (...what) => new Promise((resolve) => { socket.emit(...what, (error) => resolve(error)); });
  for (const data of [null, 'x', 7, [], true]) {
    const error = await ask('create', data);
    assert.equal(error?.code, 'validation', `create ${JSON.stringify(data)}`);
  }
  assert.equal((await ask('create')).code, 'validation');
  assert.equal((await ask('patch', {title: 'x'})).fields.id, 'is required');
  assert.equal((await ask('read', {limit: 0})).fields.limit, 'must be a whole number from 1 to 10000');
  assert.equal((await ask('explode', {})).code, 'not_found');
  assert.equal(await ask('create', {title: 'after all'}), null);
});

test('HTTP answers problem documents', async (t) => {
  const server = await startServer(t);
  const ask = async (method, path, {body, headers} = {}) => {
    const response = await fetch(server.url + path, {method, body, headers});
    return {status: response.status, type: response.headers.get('content-type'), problem: await response.json()};
  };
  const json = {'content-type': 'application/json'};
  const cases = [
    ['POST', '/api/todos', {body: '{', headers: json}, 400, 'validation'],
    ['POST', '/api/todos', {body: '[]', headers: json}, 400, 'validation'],
    ['POST', '/api/todos', {body: '{"title":"x"}', headers: {'content-type': 'text/plain'}}, 415, 'validation'],
    ['POST', '/api/todos', {body: JSON.stringify({title: 'x'.repeat(2 << 20)}), headers: json}, 413, 'too_large'],
    ['DELETE', '/api/todos', {}, 405, 'not_found'],
    ['GET', '/api/todos/nobody', {}, 422, 'validation'],
    ['GET', `/api/todos/${NOBODY}`, {}, 404, 'not_found'],
    ['GET', '/api/nothing', {}, 404, 'not_found'],
    ['GET', '/api/a/b/c/d', {}, 404, 'not_found'],
    ['GET', '/api/todos?where=x', {}, 422, 'validation'],
    ['GET', '/api/todos?colour=red', {}, 422, 'validation'],
    ['GET', '/api/todos?limit=none', {}, 422, 'validation'],
    ['GET', '/api/todos/%ff', {}, 400, 'validation'],
    ['PATCH', `/api/todos/${NOBODY}`, {body: '{}', headers: {...json, 'if-match': 'x'}}, 422, 'validation'],
  ];
  for (const [method, path, options, status, code] of cases) {
    const answer = await ask(method, path, options);
    assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.problem)}`);
    assert.equal(answer.type, 'application/problem+json', `${method} ${path}`);
    assert.equal(answer.problem.code, code, `${method} ${path}`);
    assert.equal(answer.problem.status, status, `${method} ${path}`);
  }
});
