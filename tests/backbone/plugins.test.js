// Plugins that applications of Backbone have, over live collections. What differs is in docs/backbone-plugins.md.
import assert from 'node:assert/strict';
import test from 'node:test';
import {openWorld, serve, todo} from './world.mjs';

const open = (...plugins) => openWorld(['underscore/underscore-umd.js', 'jquery/dist/jquery.js', 'backbone/backbone.js', ...plugins, '{bundle}']);
const titles = (collection) => [...collection.map((model) => model.get('title'))];

test('Marionette 4: a CollectionView follows, and a batch is one update of the view', async () => {
  const window = open('backbone.radio/build/backbone.radio.js', 'backbone.marionette/lib/backbone.marionette.js');
  const {Marionette, Todo: {Todos}, document} = window;
  const {say, live} = await serve(window);
  const todos = new Todos([], {comparator: 'title'});
  let updates = 0;
  const Row = Marionette.View.extend({
    tagName: 'p',
    template: (data) => data.title,
    modelEvents: {change: 'render'},
  });
  const List = Marionette.CollectionView.extend({childView: Row, collectionEvents: {update: () => { updates++; }}});
  const view = new List({el: document.querySelector('main'), collection: todos}).render();
  const shown = () => [...document.querySelectorAll('p')].map((row) => row.textContent);
  let attached = 0;
  view.on('render:children', () => { attached++; });
  const sid = await live(todos, [todo(1, 'a', 'A'), todo(1, 'd', 'D')]);
  assert.deepEqual(shown(), ['A', 'D']);
  updates = attached = 0;
  say(
    ['T', 10, 11, 0, [[sid, [['+', 'c', ...todo(11, 'c', 'C')], ['~', 'd', 11, {title: 'E'}]]]]],
    ['T', 11, 12, 0, [[sid, [['+', 'b', ...todo(12, 'b', 'B')], ['+', 'z', ...todo(12, 'z', 'Z')]]]]],
  );
  assert.deepEqual(shown(), ['A', 'B', 'C', 'E', 'Z']);
  assert.equal(updates, 1);
  assert.ok(attached <= 2, `${attached} renderings: the sort and the update`);
  const kept = document.querySelector('p');
  say(['T', 12, 13, 0, [[sid, [['-', 'b', 'd'], ['-', 'c', 'l']]]]]);
  assert.deepEqual(shown(), ['A', 'E', 'Z']);
  assert.equal(document.querySelector('p'), kept, 'rows that stay keep their elements');
  view.destroy();
  assert.deepEqual(Object.values(todos._events || {}).flat().length, 0, 'a destroyed view leaves no listener');
});

test('backbone.paginator: client mode pages over what is live', async () => {
  const window = open('backbone.paginator/lib/backbone.paginator.js');
  const {Backbone, Todo: {Todo, vertebra}} = window;
  const {say, live} = await serve(window);
  const Pages = Backbone.PageableCollection.extend({model: Todo, url: '/api/todos', mode: 'client', state: {pageSize: 2}});
  const source = new (window.Todo.Todos)();
  const sid = await live(source, [todo(1, 'a', 'A'), todo(1, 'b', 'B'), todo(1, 'c', 'C')]);
  const pages = new Pages(source.models);
  pages.listenTo(source, 'add', (model) => pages.fullCollection.add(model));
  pages.listenTo(source, 'remove', (model) => pages.fullCollection.remove(model));
  assert.deepEqual(titles(pages), ['A', 'B']);
  say(['T', 10, 11, 0, [[sid, [['+', 'd', ...todo(11, 'd', 'D')], ['-', 'a', 'd'], ['~', 'b', 11, {title: 'B2'}]]]]]);
  assert.deepEqual([titles(pages.fullCollection), pages.state.totalRecords], [['B2', 'C', 'D'], 3]);
  assert.deepEqual(titles(pages.getNextPage()), ['D']);
  assert.equal(typeof vertebra.sync, 'function');
});

test('backbone.paginator: server mode speaks HTTP, with its own parameters', async () => {
  const window = open('backbone.paginator/lib/backbone.paginator.js');
  const {Backbone, Todo: {Todo}} = window;
  const {take} = await serve(window);
  const requests = [];
  Backbone.ajax = (request) => { requests.push(request); return {}; };
  const Pages = Backbone.PageableCollection.extend({model: Todo, url: '/api/todos', realtime: false, state: {pageSize: 2}});
  const pages = new Pages();
  pages.fetch();
  assert.deepEqual([requests[0].type, requests[0].url, requests[0].data.page, requests[0].data.per_page, take()], ['GET', '/api/todos', 1, 2, []]);
});

test('backbone-validation: its rules and ours, and the server\'s messages', async () => {
  const window = open('backbone-validation/dist/backbone-validation.js');
  const {Backbone, _, Todo: {Todo}} = window;
  const {take, say} = await serve(window);
  const ours = Todo.prototype.validate;
  const Strict = Todo.extend({validation: {title: (value) => (value === 'no' ? 'is no title' : undefined)}});
  // Its mixin has a validate: who wants both calls both.
  _.extend(Strict.prototype, Backbone.Validation.mixin);
  const theirs = Strict.prototype.validate;
  Strict.prototype.validate = function (attributes, options) {
    return ours.call(this, attributes, options) || theirs.call(this, attributes, options);
  };
  const model = new Strict({title: 'no'});
  assert.equal(model.save(), false);
  assert.equal(model.validationError.title, 'is no title');
  assert.equal(model.save({title: ''}), false);
  assert.match(model.validationError.title, /^must have at least 1 character$/);
  const handle = model.save({title: 'yes'});
  assert.equal(take()[0][1][0][1], 'create');
  say(['R', 1, {code: 'validation', status: 422, message: 'No', fields: {title: 'is taken'}, retry: 'no'}]);
  assert.equal(handle.responseJSON.fields.title, 'is taken');
});

test('backbone-relational: pushes reach models and their relations', async () => {
  const window = open('backbone-relational/backbone-relational.js');
  const {Backbone, Todo: {vertebra}} = window;
  const {say, live} = await serve(window);
  const Task = Backbone.RelationalModel.extend({
    ...vertebra.model, realtime: true, urlRoot: '/api/todos', schema: window.Todo.Todo.prototype.schema,
    relations: [{type: Backbone.HasOne, key: 'note', relatedModel: Backbone.RelationalModel.extend({})}],
  });
  const Tasks = Backbone.Collection.extend({...vertebra.collection, model: Task, url: '/api/todos', realtime: true});
  const tasks = new Tasks();
  const sid = await live(tasks, [todo(1, 'a', 'A'), todo(1, 'b', 'B')]);
  assert.deepEqual(titles(tasks), ['A', 'B']);
  say(['T', 10, 11, 0, [[sid, [['~', 'a', 11, {title: 'A2'}], ['+', 'c', ...todo(11, 'c', 'C')], ['-', 'b', 'd']]]]]);
  assert.deepEqual(titles(tasks), ['A2', 'C']);
  assert.equal(Task.findOrCreate({id: 'a'}), tasks.get('a'), 'one instance a row');
  tasks.get('a').set({note: {text: 'x'}});
  assert.equal(tasks.get('a').get('note').get('text'), 'x');
});

test('backbone-associations: pushes reach models and what is nested in them', async () => {
  const window = open('backbone-associations/backbone-associations.js');
  const {Backbone, Todo: {vertebra}} = window;
  const {say, live} = await serve(window);
  const Note = Backbone.AssociatedModel.extend({});
  const Task = Backbone.AssociatedModel.extend({
    ...vertebra.model, realtime: true, urlRoot: '/api/todos', schema: window.Todo.Todo.prototype.schema,
    relations: [{type: Backbone.One, key: 'note', relatedModel: Note}],
  });
  const Tasks = Backbone.Collection.extend({...vertebra.collection, model: Task, url: '/api/todos', realtime: true});
  const tasks = new Tasks();
  const sid = await live(tasks, [todo(1, 'a', 'A')]);
  tasks.get('a').set({note: {text: 'x'}});
  const events = [];
  tasks.get('a').on('all', (name) => events.push(name));
  say(['T', 10, 11, 0, [[sid, [['~', 'a', 11, {title: 'A2'}], ['+', 'b', ...todo(11, 'b', 'B')]]]]]);
  assert.deepEqual(titles(tasks), ['A2', 'B']);
  assert.ok(events.includes('change:title'));
  tasks.get('a').set('note.text', 'y');
  assert.equal(tasks.get('a').get('note').get('text'), 'y', 'and paths work');
});
