// What happens when pushes, snapshots and answers cross, over a real server in a real browser: the sixteen cases in which
// stock Backbone doubles rows, loses them or goes back to old values. The gate of stage.mjs forces the order.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {eventually, launch} from './harness.mjs';
import {openStage} from './stage.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser && browser.close());

const titles = (page, expected) => eventually(page, () => window.titles(), expected);
const settled = (page, expected = 'resolved') => eventually(page, () => window.handle.state(), expected);
const titlesOf = (rows) => rows.map((row) => row.title).sort();

test('1: a push of an own create before its answer', async (t) => {
  const {gate, page, run} = await openStage(t, browser);
  gate.hold('down R');
  await run(() => { window.model = window.todos.create({title: 'A'}); });
  await gate.saw('held down R');
  await gate.saw('down T', '"A"');
  assert.deepEqual(await run(() => [window.todos.length, window.model.id === undefined]), [1, true]);
  gate.release('down R');
  await eventually(page, () => [window.todos.length, !!window.model.id, window.todos.get(window.model.id) === window.model], [1, true, true]);
  await run(() => { window.todos.remove(window.model.id); });
  assert.equal(await run(() => window.todos.length), 0, 'there is no second one');
});

test('2: create with wait, push first', async (t) => {
  const {gate, page, run} = await openStage(t, browser);
  gate.hold('down R');
  await run(() => { window.model = window.todos.create({title: 'A'}, {wait: true}); });
  await gate.saw('down T', '"A"');
  assert.equal(await run(() => window.todos.length), 0);
  gate.release('down R');
  await eventually(page, () => [window.todos.length, window.todos.at(0) === window.model], [1, true]);
});

for (const [number, wait] of [[3, false], [4, true]]) {
  test(`${number}: an answer to a save after a newer push, wait: ${wait}`, async (t) => {
    const {gate, page, run, patch, rows: [{id}]} = await openStage(t, browser, [{title: 'A'}]);
    gate.hold('down R');
    await run((options) => { window.handle = window.todos.at(0).save({title: 'mine'}, options); }, {wait});
    await gate.saw('held down R');
    await patch(id, {title: 'newer'});
    await gate.saw('down T', '"newer"');
    gate.release('down R');
    await settled(page);
    await titles(page, ['newer']);
  });
}

test('5: a snapshot that arrives while a create is in flight', async (t) => {
  const {gate, page, run, list} = await openStage(t, browser, [{title: 'old'}]);
  gate.hold('up M');
  await run(async () => {
    window.other = new window.todo.Todos();
    window.model = window.other.create({title: 'new'});
    await window.other.subscribe({where: {done: false}});
  });
  assert.deepEqual(await run(() => window.titles(window.other)), ['new', 'old']);
  gate.release('up M');
  await eventually(page, () => [window.titles(window.other), window.titles(), window.other.get(window.model.id) === window.model], [['new', 'old'], ['new', 'old'], true]);
  assert.deepEqual(titlesOf(await list()), ['new', 'old']);
});

test('6: a snapshot and a read that are older than pushes', async (t) => {
  const {gate, page, run, patch, remove, server, rows: [a, b]} = await openStage(t, browser, [{title: 'A'}, {title: 'B'}]);
  gate.hold('down');
  await run(() => {
    window.other = new window.todo.Todos();
    window.other.subscribe({where: {done: false}});
  });
  await gate.saw('held down C');
  await remove(a.id);
  await server.post('todos', {title: 'C'});
  await gate.saw('held down T', '"C"');
  gate.release('down');
  await titles(page, ['B', 'C']);
  await eventually(page, () => window.titles(window.other), ['B', 'C']);
  gate.hold('down Q');
  await run((id) => { window.handle = window.todos.get(id).fetch(); }, b.id);
  await gate.saw('held down Q');
  await patch(b.id, {title: 'newer'});
  await titles(page, ['C', 'newer']);
  gate.release('down Q');
  await settled(page);
  assert.deepEqual(await run(() => window.titles()), ['C', 'newer']);
});

test('7: what the user types during a save stays, and the rest of the answer is taken', async (t) => {
  const {gate, page, run} = await openStage(t, browser, [{title: 'A'}]);
  gate.hold('down R');
  await run(() => {
    window.model = window.todos.at(0);
    window.stamp = window.model.get('updated_at');
    window.handle = window.model.save({title: 'ab'});
    window.model.set({title: 'abc'});
  });
  await gate.saw('held down R');
  await gate.saw('down T', '"ab"');
  gate.release('down R');
  await settled(page);
  await eventually(page, () => [window.model.get('title'), window.model.get('updated_at') !== window.stamp], ['abc', true]);
});

test('8: an edit of another attribute during a save stays', async (t) => {
  const {gate, page, run} = await openStage(t, browser, [{title: 'A'}]);
  gate.hold('down R');
  await run(() => {
    window.model = window.todos.at(0);
    window.handle = window.model.save({title: 'B'}, {patch: true});
    window.model.set({done: true});
  });
  await gate.saw('held down R');
  gate.release('down R');
  await settled(page);
  assert.deepEqual(await run(() => [window.model.get('title'), window.model.get('done')]), ['B', true]);
});

test('9: two saves of a new model are one row', async (t) => {
  const {gate, page, run, list} = await openStage(t, browser);
  gate.hold('up M');
  await run(() => {
    window.model = new window.todo.Todo({title: 'A'});
    window.model.save();
    window.handle = window.model.save({title: 'B'});
  });
  gate.release('up M');
  await settled(page);
  await titles(page, ['B']);
  assert.deepEqual(titlesOf(await list()), ['B']);
});

test('10: destroy while the create is in flight', async (t) => {
  const {gate, page, run, list} = await openStage(t, browser);
  gate.hold('up M');
  await run(() => { window.handle = window.todos.create({title: 'A'}).destroy(); });
  assert.equal(await run(() => window.todos.length), 0);
  gate.release('up M');
  await settled(page);
  assert.deepEqual([await run(() => window.todos.length), await list()], [0, []]);
});

test('11: a refused save and create keep what was typed; a refused destroy brings the row back', async (t) => {
  const {gate, page, run, list} = await openStage(t, browser, [{title: 'A'}]);
  await run(() => {
    window.todo.Todo.prototype.validate = () => undefined; // the server is asked
    window.heard = [];
    window.todos.on('error', (model, error) => window.heard.push(error.code));
    window.model = window.todos.at(0);
    window.handle = window.model.save({title: ''});
  });
  await settled(page, 'rejected');
  assert.deepEqual(await run(() => [window.model.get('title'), window.handle.status, Object.keys(window.handle.fields)]), ['', 422, ['title']]);
  await run(() => { window.refused = window.todos.create({title: ''}); });
  await eventually(page, () => [window.heard, window.refused.isNew()], [['validation', 'validation'], true]);
  await run(() => { window.todos.remove(window.refused); });
  // This server forbids nobody to delete: another one would answer so.
  gate.answer(([kind, items]) => kind === 'M' && items[0][1] === 'delete' && ['R', items[0][0], {code: 'forbidden', status: 403, message: 'No', retry: 'no'}]);
  await run(() => { window.handle = window.model.destroy(); });
  await settled(page, 'rejected');
  await titles(page, ['A']);
  await run(() => { window.handle = window.todos.at(0).save({title: 'B'}); });
  await settled(page);
  assert.deepEqual(titlesOf(await list()), ['B'], 'and numbers are in step again');
});

test('12: a pushed delete while a save is in flight', async (t) => {
  const {gate, page, run, remove, rows: [{id}]} = await openStage(t, browser, [{title: 'A'}]);
  gate.hold('up M');
  await run(() => {
    window.model = window.todos.at(0);
    window.handle = window.model.save({title: 'B'});
  });
  await gate.saw('held up M');
  await remove(id);
  await gate.saw('down T', id);
  gate.release('up M');
  await settled(page, 'rejected');
  await eventually(page, () => [window.todos.length, window.handle.status, window.model.url()], [0, 404, `/api/todos/${id}`]);
});

test('13: a handler that saves what has changed can tell a push', async (t) => {
  const {gate, page, run, patch, rows: [{id}]} = await openStage(t, browser, [{title: 'A'}]);
  await run(() => window.todos.on('change:title', (model, title, options) => { if (!options.remote) model.save(); }));
  await patch(id, {title: 'theirs'});
  await titles(page, ['theirs']);
  assert.equal(gate.count('up M'), 0, 'nothing is sent back');
  await run(() => window.todos.at(0).set({title: 'ours'}));
  await gate.saw('up M', '"ours"');
});

test('14: a pushed row that a validate of the page would refuse is taken', async (t) => {
  const {page, run, server} = await openStage(t, browser);
  await run(() => { window.todo.Todo.prototype.validate = () => ({title: 'is never good'}); });
  await server.post('todos', {title: 'A'});
  await titles(page, ['A']);
  assert.equal(await run(() => window.todos.at(0).isValid()), false, 'the page can ask');
});

test('15: what was changed in place is sent by a save, as what is there now', async (t) => {
  const {page, run, list} = await openStage(t, browser, [{title: 'A'}]);
  await run(() => {
    window.todos.at(0).attributes.title = 'in place';
    window.handle = window.todos.at(0).save();
  });
  await settled(page);
  assert.deepEqual(titlesOf(await list()), ['in place']);
});

test('16: a time is the same text in the answer, the push and the snapshot', async (t) => {
  const {page, run, list} = await openStage(t, browser);
  await run(async () => {
    window.model = window.todos.create({title: 'A'});
    window.other = new window.todo.Todos();
    await window.other.subscribe({where: {done: false}});
  });
  await eventually(page, () => [window.other.length, !!window.model.id], [1, true]);
  const [{created_at: stamp}] = await list();
  assert.deepEqual(await run(() => [window.model.get('created_at'), window.other.at(0).get('created_at')]), [stamp, stamp]);
});
