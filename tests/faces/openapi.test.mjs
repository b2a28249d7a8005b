// The OpenAPI document: valid as such, and true of the server that gives it.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Validator} from '@seriousme/openapi-schema-validator';
import {startServer} from '../browser/harness.mjs';

test('the document is valid OpenAPI 3.1, and what it describes is there', async (t) => {
  const server = await startServer(t);
  const document = await (await fetch(`${server.url}/api/openapi.json`)).json();
  const validator = new Validator();
  const {valid, errors} = await validator.validate(document);
  assert.ok(valid, JSON.stringify(errors, null, 2));
  assert.equal(validator.version, '3.1');

  const row = await server.post('todos', {title: 'x'});
  const {Todo, TodoCreate, TodoPatch} = validator.resolveRefs().components.schemas;
  assert.deepEqual(Object.keys(Todo.properties).sort(), Object.keys(row).sort(), 'a row has the fields that are described');
  assert.deepEqual(TodoCreate.required, ['title']);
  assert.equal(TodoCreate.properties.created_at, undefined, 'what the server sets is not asked for');
  assert.equal(TodoPatch.additionalProperties, false);

  for (const [path, operations] of Object.entries(document.paths)) {
    // The row is deleted last.
    const methods = Object.keys(operations).filter((name) => name !== 'parameters').sort().reverse();
    for (const method of methods) {
      const response = await fetch(server.url + path.replace('{id}', row.id), {
        method: method.toUpperCase(),
        headers: {'content-type': 'application/json'},
        body: ['post', 'put', 'patch'].includes(method) ? JSON.stringify({title: 'y'}) : undefined,
      });
      const documented = Object.keys(operations[method].responses);
      assert.ok(documented.includes(String(response.status)), `${method} ${path} answered ${response.status}`);
      assert.ok(response.ok, `${method} ${path}: ${await response.text()}`);
    }
  }
});
