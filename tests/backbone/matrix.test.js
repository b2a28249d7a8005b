// The same application over what people have: Backbone 1.3 to 1.6, Underscore or Lodash, jQuery 2, 3, 4 or none;
// noConflict, and several Backbones in one page.
import assert from 'node:assert/strict';
import test from 'node:test';
import {load, openWorld, serve, todo} from './world.mjs';

const BACKBONES = {'1.3.3': 'backbone-1.3.3', '1.4.1': 'backbone-1.4.1', '1.5.0': 'backbone-1.5.0', '1.6.1': 'backbone'};
const TOOLS = {underscore: 'underscore/underscore-umd.js', lodash: 'lodash/lodash.js'};
const JQUERIES = {none: null, 'jquery 2': 'jquery-2/dist/jquery.js', 'jquery 3': 'jquery/dist/jquery.js', 'jquery 4': 'jquery-4/dist/jquery.js'};
// Arrays of another window are no arrays of ours.
const titles = (collection) => [...collection.map((model) => model.get('title'))];

/** What an application does, and what it may count on. */
async function useAll(window, {Todo, Todos, vertebra} = window.Todo, Backbone = window.Backbone) {
  const {take, say, live} = await serve(window, {vertebra});
  const todos = new Todos();
  const sid = await live(todos, [todo(1, '__proto__', 'A'), todo(2, 'b', 'B')]);
  assert.deepEqual(titles(todos), ['A', 'B']);
  assert.equal(todos.get('__proto__').get('title'), 'A');

  const events = [];
  todos.on('all', (name) => events.push(name));
  say(['T', 10, 11, 0, [[sid, [['~', 'b', 11, {title: 'B2'}], ['+', 'c', ...todo(11, 'c', 'C')], ['-', '__proto__', 'd']]]]]);
  assert.deepEqual(titles(todos), ['B2', 'C']);
  assert.deepEqual(events.filter((name) => name === 'add' || name === 'remove' || name === 'change:title'), ['change:title', 'add', 'remove']);
  assert.equal(events.filter((name) => name === 'update').length, 2, 'one set, one remove');

  const model = todos.create({title: 'mine'});
  const [[, [[mid, op, , id]]]] = take();
  say(['T', 11, 12, 1, [[sid, [['+', id, ...todo(12, id, 'mine')]]]]]);
  say(['R', mid, null, {id, title: 'mine', done: false}, 12]);
  assert.deepEqual([op, titles(todos), todos.get(id) === model, model.isNew()], ['create', ['B2', 'C', 'mine'], true, false]);

  const handle = model.save({title: 'refused'}, {wait: true});
  say(['R', 2, {code: 'validation', status: 422, message: 'No', fields: {title: 'is taken'}, retry: 'no'}]);
  assert.deepEqual([model.get('title'), handle.status, handle.state()], ['mine', 422, 'rejected']);
  assert.equal(new Todo({title: ''}).save(), false);

  model.destroy();
  say(['R', 3, null, {id}, 13], ['T', 12, 13, 3, [[sid, [['-', id, 'd']]]]]);
  assert.equal(todos.length, 2);

  // Everything else goes to the original, as it was.
  const requests = [];
  const {ajax} = Backbone;
  Backbone.ajax = (request) => { requests.push(`${request.type} ${request.url}`); return {}; };
  const Plain = Backbone.Model.extend({urlRoot: '/plain'});
  new Plain({id: 1}).fetch();
  todos.get('b').fetch({realtime: false});
  take();
  const original = Backbone.sync;
  const restore = vertebra.install(Backbone);
  new Plain({id: 2}).fetch();
  assert.deepEqual(take(), []);
  new (Plain.extend({realtime: true}))({id: 3}).fetch();
  assert.deepEqual(take().map(([kind, , query]) => [kind, query]), [['Q', {collection: 'plain', id: 3}]]);
  restore();
  assert.equal(Backbone.sync, original);
  assert.deepEqual(requests, ['GET /plain/1', 'GET /api/todos/b', 'GET /plain/2']);
  Backbone.ajax = ajax;

  // jQuery 2 knows its own deferreds only; see docs/backbone-plugins.md.
  if (window.jQuery && !/^2/.test(window.jQuery.fn.jquery)) {
    const answer = todos.get('b').fetch();
    const [[, rid]] = take();
    let row;
    window.jQuery.when(answer).then((first) => { row = Array.isArray(first) ? first[0] : first; });
    say(['Q', rid, null, {row: {id: 'b', title: 'B3'}, seq: 13}]);
    for (let i = 0; i < 20 && !row; i++) await new Promise((resolve) => { setTimeout(resolve); });
    assert.equal(row && row.title, 'B3', '$.when takes the handle');
  }
  todos.unsubscribe();
  assert.deepEqual(take().filter(([kind]) => kind === 'U'), [['U', sid]]);
}

for (const [version, folder] of Object.entries(BACKBONES)) {
  for (const [tools, toolsFile] of Object.entries(TOOLS)) {
    for (const [jquery, jqueryFile] of Object.entries(JQUERIES)) {
      test(`Backbone ${version}, ${tools}, jQuery ${jquery}`, async () => {
        const window = openWorld([toolsFile, jqueryFile, `${folder}/backbone.js`].filter(Boolean));
        const {sync, Model, Collection} = window.Backbone;
        const methods = {...Model.prototype, ...Collection.prototype};
        const whole = openWorld([toolsFile, jqueryFile, `${folder}/backbone.js`, '{bundle}'].filter(Boolean));
        assert.equal(whole.Backbone.VERSION, version);
        assert.equal(!!whole.Backbone.$, !!jqueryFile);
        assert.equal(whole.Backbone.sync.toString(), sync.toString());
        const after = {...whole.Backbone.Model.prototype, ...whole.Backbone.Collection.prototype};
        assert.deepEqual(Object.keys(after), Object.keys(methods));
        for (const name of Object.keys(methods)) assert.equal(String(after[name]), String(methods[name]), name);
        await useAll(whole);
      });
    }
  }
}

test('noConflict: the bundle keeps the Backbone that it was given', async () => {
  const window = openWorld([TOOLS.underscore, 'backbone-1.4.1/backbone.js', 'backbone/backbone.js', '{bundle}']);
  const own = window.Backbone.noConflict();
  assert.deepEqual([own.VERSION, window.Backbone.VERSION], ['1.6.1', '1.4.1']);
  assert.ok(new window.Todo.Todo() instanceof own.Model);
  await useAll(window, window.Todo, own);
});

test('two Backbones in one page, each with models, a connection and an install of its own', async () => {
  const window = openWorld([TOOLS.underscore, 'backbone-1.3.3/backbone.js', '{bundle}']);
  const older = {Backbone: window.Backbone, Todo: window.Todo};
  load(window, ['backbone/backbone.js', '{bundle}']);
  const newer = {Backbone: window.Backbone, Todo: window.Todo};
  assert.notEqual(older.Backbone, newer.Backbone);
  assert.ok(!(new newer.Todo.Todo() instanceof older.Backbone.Model));
  await useAll(window, older.Todo, older.Backbone);
  await useAll(window, newer.Todo, newer.Backbone);
});
