// What must not compile: each line below a mark is wrong, and a mark above a right one is an error too.
import {Kind, Note, Place, Todo, Todos, vertebra} from 'models';

const todo = new Todo();
const todos = new Todos();

// @ts-expect-error there is no such field
todo.get('tilte');
// @ts-expect-error a title may not be there yet
const title: string = todo.get('title');
// @ts-expect-error a flag is no number
const done: number = todo.get('done');
// @ts-expect-error a secret isn't there
todo.get('note_of_the_house');
// @ts-expect-error there is no such field
new Todo({titel: 1});
// @ts-expect-error a title is text
new Todo({title: 1});
// @ts-expect-error a title is text
todo.set('title', 1);
// @ts-expect-error there is no such field
todo.set({titel: 'x'});
// @ts-expect-error a flag is no text
todo.save({done: 'yes'});
// @ts-expect-error a flag is no text
todo.save('done', 'yes');
// @ts-expect-error there is no such field
todo.save('tilte', 'x');
// @ts-expect-error the server sets it
todo.save({created_at: '2026-01-31T12:00:00Z'});
// @ts-expect-error it is false when the model isn't valid
todo.save().abort();
// @ts-expect-error there is no such option
todo.save(null, {realtiem: false});

// @ts-expect-error there is no such field
todo.on('change:nope', () => {});
// @ts-expect-error there is no such field
todo.once('change:nope', () => {});
// @ts-expect-error there is no such field
todos.on('change:nope', () => {});
// @ts-expect-error the value is a flag
todo.on('change:done', (model, value: string) => value);

// @ts-expect-error a title and a priority are required
todos.create({});
// @ts-expect-error a title is required
todos.create({priority: 1});
// @ts-expect-error the server sets it
todos.create({title: 'x', priority: 1, created_at: ''});
// @ts-expect-error there is no such field
todos.add({titel: 'x'});
// @ts-expect-error there is no such setting
todos.subscribe({were: {}});

// @ts-expect-error there is no such value
const nowhere: Kind = 'nowhere';
// @ts-expect-error there is no such constant
Kind.Nowhere;
// @ts-expect-error constants are frozen
Kind.Home = 'home';
// @ts-expect-error a pair has two
const place: Place = {name: 'x', kind: 'home', position: [1]};
// @ts-expect-error a number would be rounded
todo.set({total: 12});
// @ts-expect-error these are no digits
todo.set({total: 'many'});
// @ts-expect-error the database makes it
const note: Note.New = {text: 'x', id: 1};

// @ts-expect-error a row has no such field
vertebra.on('change:todos', (row) => row.titel);
// @ts-expect-error there is no such state
vertebra.on('connection', (state) => state === 'away');
// @ts-expect-error what was added is known
Todo.extend({mark() { return 1; }}).prototype.marks();

export {title, done, nowhere, place, note};
