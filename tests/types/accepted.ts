// What has to compile under `tsc --strict`: each trap of Backbone's own types, and the way out of it.
import Backbone from 'backbone';
import {Kind, Note, Place, Todo, Todos, vertebra} from 'models';

// `url` is a property in Backbone's types; `defaults` is a method; `idAttribute` is set before the constructor.
class Elsewhere extends Todo { override url = () => '/elsewhere'; }
class Prepared extends Todo {
  override defaults() { return {title: 'x', done: true}; }
  override preinitialize() { this.idAttribute = '_id'; }
}
class Logged extends Todo {
  override sync(...all: any[]): JQueryXHR & {started: number} { return Object.assign(super.sync(...all), {started: 1}); }
  override parse(response: any) { return {...super.parse(response), done: false}; }
}

// A constructor takes some of the attributes.
const todo = new Todo({title: 'Milk'});
new Todo();
new Prepared({title: 'Milk'}, {parse: true, realtime: false});

// What has a default is there; anything else may be missing.
const done: boolean = todo.get('done');
const tags: string[] = todo.get('tags');
const title: string | undefined = todo.get('title');
const due: string | null | undefined = todo.get('due');

todo.set('done', true);
todo.set({priority: 3, tags: ['a']}, {silent: true});
todo.save('title', 'Bread');
todo.save('done', true, {wait: true, realtime: false});
todo.save({done: true}, {patch: true, wait: true});
todo.save(null, {validate: false});
todo.fetch({realtime: false});
todo.destroy({wait: true, realtime: true});

// Backbone answers false to a save of what isn't valid.
if (todo.save() === false) console.log(todo.validationError?.['title']);
const saved = todo.save({done: false});
if (saved) saved.abort();
const handle: JQueryXHR = todo.save({done: true});

// Events know their field; several names, one's own names and maps stay possible.
todo.on('change:title', (model, value) => { const [same, text]: [Todo, string] = [model, value]; return [same, text]; });
todo.once('change:done', (model, value, options) => [model.get('done') === value, options.remote]);
todo.on('change', (model: Todo) => model.id);
todo.on('change:title change:done', () => {});
todo.on('kept', () => {});
todo.on({change() {}, 'change:title'() {}});
const name: string = 'change:' + 'title';
todo.on(name, () => {});

const todos = new Todos([{title: 'a'}, todo]);
const made: Todo = todos.create({title: 'Milk', priority: 1, due: due ?? null}, {wait: true, realtime: true});
todos.add({title: 'b'});
todos.add([{title: 'c'}, made], {merge: true});
todos.subscribe({where: {done: false}, sort: ['title'], limit: 10});
todos.fetch({reset: true, live: false});
todos.on('change:priority', (model, value) => { const [one, number]: [Todo, number] = [model, value]; return [one, number]; });
todos.on('add remove', (model: Todo) => model);
todos.map((model) => model.get('tags').length);
const found: Todo | undefined = todos.findWhere({done: true});

// They are what they are for everything that takes Backbone's.
const plain: Backbone.Collection<Todo> = todos;
const model: Backbone.Model = todo;
class View extends Backbone.View<Todo> { override render() { return this.listenTo(this.model, 'change:title', () => {}); } }

// `extend` keeps the types, and `class` and `extend` go through each other.
const Page = Todo.extend({
  heading() { return `${this.get('title')} ${this.mark()}`; },
  mark(): string { return this.get('done') ? 'x' : ' '; },
}, {all: 1});
const page = new Page({title: 'x'});
const heading: string = page.heading();
const all: number = Page.all;
class Deeper extends Page { deeper() { return this.heading().length + this.get('tags').length; } }
class Pages extends Todos { override model = Page; }
const Named = Todos.extend({model: Page, titles() { return this.map((one) => one.get('title')); }});
new Named().titles();

// The override in the place of Backbone's own.
Backbone.sync = vertebra.sync;
const back: () => void = vertebra.install(Backbone);
vertebra.install();
vertebra.connect('ws://localhost:4000', {get token() { return 'x'; }});
vertebra.on('new:todos', (row, collection, meta) => [row.title, collection === 'todos', meta.own]);
vertebra.on('new change', (row, collection) => [row, collection]);
vertebra.on('connection', (state) => state === 'live');
vertebra.on('signal:typing', (payload, from) => [payload, from]);

// Structs, enums with their constants, and 64-bit integers as the text of digits.
const place: Place = {name: 'Here', kind: Kind.WorkPlace, position: [1, 2]};
const kind: Kind = Kind.Home;
made.set({place, total: '12', counts: {a: '18446744073709551615'}});
made.set('total', `${2n ** 62n}`);
const more: bigint = BigInt(made.get('total')) + 1n;
const note: Note.New = {text: 'x'};

export {Elsewhere, Logged, done, tags, title, handle, found, plain, model, View, heading, all, Deeper, Pages, kind, more, note, back};
