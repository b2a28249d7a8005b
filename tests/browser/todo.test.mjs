// The todo example, as people use it: Chromium in front of the real server.
// TODO_BIN names the binary; by default it is the one that `cargo build -p todo` makes.

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {accessibilityFaults, eventually, launch, openContext, screenshot, startServer} from './harness.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser && browser.close());

const TOO_LONG = 'x'.repeat(201);

/** A page of the server's, live and with its list there. */
async function openTodo(context, server, hash = '') {
  const page = await context.newPage();
  await page.goto(`${server.url}/${hash}`);
  await live(page);
  return page;
}

/** Two people, each in a browser window of their own. */
async function openTwo(t, server, options) {
  const open = async () => openTodo(await openContext(t, browser, options), server);
  return [await open(), await open()];
}

async function live(page) {
  await page.locator('html[data-connection="live"] #sheet:not([aria-busy])').waitFor();
}

/** What the list shows: "[x] title" a row. */
const shown = () => [...document.querySelectorAll('.row')].map((row) => (
  `[${row.querySelector('.check').checked ? 'x' : ' '}] ${row.querySelector('.title').textContent}`));

const shows = (page, rows) => eventually(page, shown, rows);

const row = (page, title) => page.locator('.row').filter({has: page.getByRole('button', {name: title, exact: true, includeHidden: true})});

/** What has the focus: the control, and the title of its row. */
const focus = () => {
  const element = document.activeElement;
  const within = element.closest('.row');
  return within
    ? [element.className, within.querySelector('.title').textContent]
    : [element.id || element.className || element.textContent, null];
};

async function add(page, title) {
  await page.fill('#new-title', title);
  await page.press('#new-title', 'Enter');
  await eventually(page, () => document.querySelector('#new-title').value, '');
}

async function rename(page, from, to) {
  await row(page, from).locator('.title').dblclick();
  await row(page, from).locator('.field').fill(to);
  await page.keyboard.press('Enter');
}

test('what one page adds, edits, checks and deletes appears in the other, and a reload shows the same', async (t) => {
  const server = await startServer(t);
  const [one, two] = await openTwo(t, server);
  await two.getByText('Nothing here yet.').waitFor();

  await add(one, 'Water the fig tree');
  await add(two, 'Return the library books');
  await add(one, 'Buy bread');
  for (const page of [one, two]) {
    await shows(page, ['[ ] Water the fig tree', '[ ] Return the library books', '[ ] Buy bread']);
    await page.getByText('3 left').waitFor();
  }

  await rename(two, 'Buy bread', 'Buy rye bread');
  await row(one, 'Water the fig tree').locator('.check').check();
  for (const page of [one, two]) {
    await shows(page, ['[x] Water the fig tree', '[ ] Return the library books', '[ ] Buy rye bread']);
    await page.getByText('2 left').waitFor();
  }

  await row(two, 'Return the library books').locator('.delete').click();
  await row(two, 'Water the fig tree').locator('.check').uncheck();
  const rest = ['[ ] Water the fig tree', '[ ] Buy rye bread'];
  for (const page of [one, two]) await shows(page, rest);

  await screenshot(one, 'todo-two-pages');
  for (const page of [one, two]) {
    await page.reload();
    await live(page);
    await shows(page, rest);
  }
});

test('the filter is in the address, and done todos can be cleared', async (t) => {
  const server = await startServer(t);
  for (const [title, done] of [['Sow', true], ['Water', false], ['Reap', true]]) await server.post('todos', {title, done});
  const context = await openContext(t, browser);
  const page = await openTodo(context, server, '#/active');
  await shows(page, ['[ ] Water']);

  await page.getByRole('link', {name: 'Done'}).click();
  await shows(page, ['[x] Sow', '[x] Reap']);
  assert.match(page.url(), /#\/done$/);
  assert.deepEqual(await page.locator('[aria-current]').allTextContents(), ['Done']);
  await page.goBack();
  await shows(page, ['[ ] Water']);
  await page.goForward();
  await add(page, 'Rest'); // what is added is not done: the page goes where it can be seen
  await shows(page, ['[x] Sow', '[ ] Water', '[x] Reap', '[ ] Rest']);
  await row(page, 'Rest').locator('.delete').click();
  await page.getByRole('link', {name: 'Active'}).click();
  await shows(page, ['[ ] Water']);

  await row(page, 'Water').locator('.tick').click(); // not `check()`, which waits for a row that has left by then
  await shows(page, []);
  await page.getByText('Nothing left to do.').waitFor();
  await page.getByRole('link', {name: 'All'}).click();
  await shows(page, ['[x] Sow', '[x] Water', '[x] Reap']);

  await page.getByRole('button', {name: 'Clear done'}).click();
  await shows(page, []);
  await page.getByText('Nothing here yet.').waitFor();
  await eventually(page, focus, ['new-title', null]); // the button that was pressed is gone
  await page.reload();
  await live(page);
  await shows(page, []);
});

test('a title that breaks a rule is refused under its field, before it is sent', async (t) => {
  const server = await startServer(t);
  const context = await openContext(t, browser);
  const page = await openTodo(context, server);
  const problem = page.locator('#new-problem');

  await page.press('#new-title', 'Enter');
  await problem.filter({hasText: /at least 1 character/i}).waitFor();
  await page.fill('#new-title', TOO_LONG);
  assert.equal(await problem.textContent(), '', 'typing takes the message away');
  await page.press('#new-title', 'Enter');
  await problem.filter({hasText: '200'}).waitFor();
  assert.equal(await page.inputValue('#new-title'), TOO_LONG);
  assert.equal(await page.getAttribute('#new-title', 'aria-invalid'), 'true');
  assert.equal(await page.getAttribute('#new-title', 'aria-describedby'), 'new-problem');
  await shows(page, []);

  await add(page, 'Short enough');
  assert.equal(await problem.textContent(), '');
  await rename(page, 'Short enough', TOO_LONG);
  const edited = row(page, 'Short enough');
  await edited.locator('.problem', {hasText: '200'}).waitFor();
  await screenshot(page, 'todo-refused-here');
  await page.keyboard.press('Escape');
  assert.equal(await edited.locator('.problem').textContent(), '');
  await eventually(page, focus, ['title', 'Short enough']);
  await page.reload();
  await live(page);
  await shows(page, ['[ ] Short enough']);
});

test('what the server refuses is taken back, with its reason where it belongs', async (t) => {
  const server = await startServer(t);
  const [page, other] = await openTwo(t, server);
  await page.evaluate(() => { todo.Todo.prototype.validate = () => undefined; }); // let everything through to the server

  await page.fill('#new-title', TOO_LONG);
  await page.press('#new-title', 'Enter');
  await page.locator('#new-problem', {hasText: '200'}).waitFor();
  assert.equal(await page.inputValue('#new-title'), TOO_LONG);
  await add(page, 'Kept');

  await rename(page, 'Kept', TOO_LONG);
  const kept = row(page, 'Kept');
  await kept.locator('.problem', {hasText: '200'}).waitFor();
  assert.equal(await kept.locator('.field').inputValue(), TOO_LONG, 'the words are still there');
  await eventually(page, focus, ['field', 'Kept']);
  await screenshot(page, 'todo-refused-by-the-server');
  await page.keyboard.press('Escape');

  // A row that only this page believes in: the server knows nothing of it.
  await page.evaluate(() => {
    app.todos.add({id: '00000000-0000-4000-8000-000000000000', title: 'Ghost', done: false, created_at: '2000-01-01T00:00:00Z'});
  });
  const ghost = row(page, 'Ghost');
  await ghost.locator('.tick').click(); // not `check()`, which wants the mark to stay
  await ghost.locator('.problem:not(:empty)').waitFor();
  await shows(page, ['[ ] Ghost', '[ ] Kept']);
  await ghost.locator('.delete').click();
  await ghost.locator('.problem', {hasText: 'Not deleted.'}).waitFor();
  await shows(page, ['[ ] Ghost', '[ ] Kept']);

  await shows(other, ['[ ] Kept']);
  await add(page, 'And on it goes');
  await shows(other, ['[ ] Kept', '[ ] And on it goes']);
});

test('an edit in progress survives what others do to its row', async (t) => {
  const server = await startServer(t);
  await server.post('todos', {title: 'Draft'});
  const [mine, theirs] = await openTwo(t, server);

  await row(mine, 'Draft').locator('.title').click();
  const field = mine.locator('.edit .field:visible');
  await field.fill('My words');
  await field.evaluate((element) => element.setSelectionRange(3, 3));

  await rename(theirs, 'Draft', 'Their words');
  await mine.locator('.aside', {hasText: 'Meanwhile changed to “Their words”'}).waitFor();
  await row(theirs, 'Their words').locator('.check').check();
  await shows(mine, ['[x] Their words']);
  assert.equal(await field.inputValue(), 'My words');
  assert.equal(await field.evaluate((element) => element.selectionStart), 3);
  await eventually(mine, focus, ['field', 'Their words']);
  await screenshot(mine, 'todo-edited-by-two');

  await row(theirs, 'Their words').locator('.delete').click();
  await mine.locator('.aside', {hasText: 'Deleted elsewhere.'}).waitFor();
  assert.equal(await field.inputValue(), 'My words');
  await mine.keyboard.press('Enter');
  for (const page of [mine, theirs]) await shows(page, ['[x] My words']);

  await row(mine, 'My words').locator('.title').click();
  await field.fill('Never mind');
  await row(theirs, 'My words').locator('.delete').click();
  await mine.locator('.aside', {hasText: 'Deleted elsewhere.'}).waitFor();
  await mine.keyboard.press('Escape');
  for (const page of [mine, theirs]) await shows(page, []);
  await eventually(mine, focus, ['new-title', null]);

  await add(mine, 'Once more');
  await row(mine, 'Once more').locator('.title').click();
  await field.fill('Or not');
  await row(theirs, 'Once more').locator('.delete').click();
  await mine.locator('.aside', {hasText: 'Deleted elsewhere.'}).waitFor();
  await row(mine, 'Once more').locator('.delete').click();
  await shows(mine, []);
  await add(mine, 'The end');
  for (const page of [mine, theirs]) await shows(page, ['[ ] The end']);
});

test('pages outlive a killed server: nothing is lost, what was written meanwhile arrives without a reload', async (t) => {
  const server = await startServer(t);
  const [one, two] = await openTwo(t, server, {allow: /WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/});
  await add(one, 'Before');
  await shows(two, ['[ ] Before']);
  for (const page of [one, two]) {
    await page.evaluate(() => {
      window.notReloaded = true;
      window.states = [];
      todo.vertebra.on('connection', (state) => window.states.push(state));
    });
  }

  await server.kill('SIGKILL');
  for (const page of [one, two]) {
    await page.locator('html[data-connection="stale"], html[data-connection="offline"]').waitFor();
    await page.locator('#connection', {hasText: /Reconnecting|Offline/}).waitFor();
    await shows(page, ['[ ] Before']);
  }
  await two.fill('#new-title', 'Written in the dark');
  await two.press('#new-title', 'Enter');
  await two.getByText('Waiting for the server.').waitFor();
  await screenshot(two, 'todo-server-gone');

  const again = await server.restart();
  await again.post('todos', {title: 'Meanwhile'});
  const sorted = `() => (${shown})().sort()`; // which of the two came first is the network's affair
  for (const page of [one, two]) {
    await eventually(page, sorted, ['[ ] Before', '[ ] Meanwhile', '[ ] Written in the dark']);
    await live(page);
    await page.locator('#connection', {hasText: 'Live'}).waitFor();
    const states = await page.evaluate(() => window.states);
    assert.match(states[0], /^(stale|offline)$/);
    assert.equal(states.at(-1), 'live');
    assert.equal(await page.evaluate(() => window.notReloaded), true);
  }
  await add(one, 'After');
  await two.getByRole('button', {name: 'After', exact: true}).waitFor();
});

test('everything can be done with the keyboard alone, and the focus is always somewhere visible', async (t) => {
  const server = await startServer(t);
  const context = await openContext(t, browser);
  const page = await openTodo(context, server);
  const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
  const at = async (...expected) => {
    await eventually(page, focus, expected);
    const visible = await page.evaluate(() => {
      const element = document.activeElement;
      const drawn = (node) => node && (getComputedStyle(node).outlineStyle !== 'none' || getComputedStyle(node).boxShadow !== 'none');
      return drawn(element) || element.matches('#new-title') && drawn(element.form);
    });
    assert.ok(visible, `the focus shows at ${expected}`);
  };

  await press('Tab');
  await at('new-title', null);
  for (const title of ['Sow', 'Water', 'Reap']) {
    await page.keyboard.type(title);
    await press('Enter');
    await page.getByRole('button', {name: title, exact: true}).waitFor();
    await eventually(page, () => document.querySelector('#new-title').value, '');
  }

  await press('Tab', 'Tab');
  await at('check', 'Sow');
  await press('Space');
  await shows(page, ['[x] Sow', '[ ] Water', '[ ] Reap']);
  await at('check', 'Sow');

  await press('Tab', 'Enter');
  await at('field', 'Sow');
  await page.keyboard.type('Sow early'); // the old title is selected: typing replaces it
  await press('Enter');
  await at('title', 'Sow early');
  await press('F2');
  await at('field', 'Sow early');
  await page.keyboard.type('Sow late');
  await press('Escape');
  await at('title', 'Sow early');
  await shows(page, ['[x] Sow early', '[ ] Water', '[ ] Reap']);

  await press('F2');
  await page.keyboard.type('Sow in March');
  await press('Tab'); // leaving the field saves
  await at('delete', 'Sow in March');
  await press('Enter');
  await shows(page, ['[ ] Water', '[ ] Reap']);
  await at('delete', 'Water');

  await press('Shift+Tab', 'Shift+Tab', 'Space');
  await at('check', 'Water');
  await press('Tab', 'Tab', 'Tab', 'Tab', 'Tab');
  await at('delete', 'Reap'); // no row is passed over
  await press('Tab', 'Tab', 'Enter');
  await shows(page, ['[ ] Reap']);
  await at('Active', null);
  await press('Shift+Tab', 'Shift+Tab', 'Shift+Tab', 'Shift+Tab', 'Space');
  await shows(page, []); // the row has left the filter, and the focus has not left the page
  await at('new-title', null);
});

test('what people write is shown as text, never run as markup', async (t) => {
  const server = await startServer(t);
  const context = await openContext(t, browser);
  const page = await openTodo(context, server);
  const hostile = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>';
  await add(page, hostile);
  await server.post('todos', {title: '"><svg onload=window.hurt=1>'});
  await shows(page, [`[ ] ${hostile}`, '[ ] "><svg onload=window.hurt=1>']);
  await rename(page, hostile, `${hostile}!`);
  await shows(page, [`[ ] ${hostile}!`, '[ ] "><svg onload=window.hurt=1>']);
  await row(page, `${hostile}!`).locator('.delete').click();
  await shows(page, ['[ ] "><svg onload=window.hurt=1>']);
  assert.equal(await page.locator('img, .rows script, svg[onload]').count(), 0);
  assert.equal(await page.evaluate(() => window.hurt), undefined);
});

test('a thousand rows in one batch are one insertion into the document, in order', async (t) => {
  const server = await startServer(t);
  const first = await server.post('todos', {title: 'The first'});
  const context = await openContext(t, browser);
  const page = await openTodo(context, server);
  await row(page, 'The first').locator('.title').click();
  await page.locator('.edit .field:visible').fill('Being edited');

  const insertions = await page.evaluate(async (created) => {
    const seen = [];
    const observer = new MutationObserver((records) => records.forEach(({addedNodes}) => seen.push(addedNodes.length)));
    observer.observe(document.querySelector('.rows'), {childList: true});
    const stamp = (i) => new Date(Date.parse(created) + 1 + i % 500).toISOString(); // two rows to a millisecond
    app.todos.set(Array.from({length: 1000}, (_, i) => ({
      id: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`, title: `Row ${i}`, done: false, created_at: stamp(i),
    })).reverse(), {remote: true, remove: false});
    await new Promise((resolve) => setTimeout(resolve)); // behind every microtask
    return seen.concat(observer.takeRecords().map(({addedNodes}) => addedNodes.length));
  }, first.created_at);
  assert.deepEqual(insertions, [1000]);

  const titles = await page.evaluate(() => [...document.querySelectorAll('.row .title')].map((title) => title.textContent));
  const pairs = Array.from({length: 500}, (_, i) => [`Row ${i}`, `Row ${i + 500}`]).flat();
  assert.deepEqual(titles, ['The first', ...pairs]);
  await page.getByText('1001 left').waitFor();
  await eventually(page, focus, ['field', 'The first']);
  assert.equal(await page.locator('.edit .field:visible').inputValue(), 'Being edited');
});

test('rows are in the order of their making, however precise its time', async (t) => {
  const server = await startServer(t);
  const context = await openContext(t, browser);
  const page = await openTodo(context, server);
  const fractions = ['', '.1', '.12', '.120000001', '.2', '.200'].map((digits) => `2026-01-31T12:00:00${digits}Z`);
  await page.evaluate((stamps) => {
    const rows = stamps.map((created_at, i) => ({
      id: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`, title: created_at, done: false, created_at,
    }));
    app.todos.set(rows.reverse(), {remote: true, remove: false});
  }, fractions);
  await shows(page, fractions.map((stamp) => `[ ] ${stamp}`));
});

for (const colorScheme of ['light', 'dark']) {
  for (const [device, viewport] of [['phone', {width: 360, height: 740}], ['desktop', {width: 1280, height: 800}]]) {
    test(`the page is accessible and fits: ${device}, ${colorScheme}`, async (t) => {
      const server = await startServer(t);
      const touch = device === 'phone';
      const context = await openContext(t, browser, {viewport, colorScheme, hasTouch: touch, isMobile: touch});
      const page = await openTodo(context, server);
      const look = async (state) => {
        await screenshot(page, `todo-${device}-${colorScheme}-${state}`);
        assert.deepEqual(await accessibilityFaults(page), [], state);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${state}: nothing sticks out`);
      };
      await look('empty');

      for (const title of ['Water the fig tree', `Read ${'a very long title '.repeat(9)}`, 'w'.repeat(200)]) {
        await server.post('todos', {title: title.trim()});
      }
      await server.post('todos', {title: 'Buy bread', done: true});
      await page.getByText('3 left').waitFor();
      await look('rows');
      for (const control of ['.tick', '.title', '.delete', '#new-title']) {
        const {width, height} = await page.locator(control).first().boundingBox();
        assert.ok(width >= 44 && height >= 44, `${control} is large enough for a thumb: ${width} × ${height}`);
      }

      await row(page, 'Water the fig tree').locator('.title').click();
      await page.locator('.edit .field:visible').fill('Water the fig tree and the lemon');
      await look('editing');
      await page.locator('.edit .field:visible').fill('');
      await page.keyboard.press('Enter');
      await page.fill('#new-title', TOO_LONG);
      await page.press('#new-title', 'Enter');
      await page.locator('.row .problem:not(:empty)').waitFor();
      await page.locator('#new-problem:not(:empty)').waitFor();
      await look('refused');
      await page.evaluate(() => todo.vertebra.trigger('error', {message: 'something that belongs to no field'}));
      await page.locator('#banner').waitFor();
      await look('banner');
      await page.getByRole('button', {name: 'Dismiss message'}).click();
      await page.locator('#banner').waitFor({state: 'hidden'});
    });
  }
}
