// Real servers and real pages for browser tests: the compiled binary on a free port, Debian's Chromium in front of it.
// Invariant: whatever a test starts ends with it, and a page that complains on its console fails the test that opened it.

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import {createRequire} from 'node:module';
import os from 'node:os';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {chromium} from 'playwright-core';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const screenshots = path.join(root, 'target', 'screenshots');
const require = createRequire(import.meta.url);

/** How long anything may take before it counts as not happening: generous, for it only delays failures. */
export const PATIENCE = 30_000;

const CHROMIUM_FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
];

const endings = new WeakMap();

/** Runs `end` when the test is over: what was started last ends first, pages before the server they talk to. */
function atEnd(t, end) {
  if (!endings.has(t)) {
    endings.set(t, []);
    t.after(async () => {
      const failures = [];
      for (const run of endings.get(t).reverse()) await Promise.resolve().then(run).catch((error) => failures.push(error));
      if (failures.length) throw failures[0];
    });
  }
  endings.get(t).push(end);
}

/** One browser for a test file. */
export function launch() {
  const executablePath = process.env.CHROMIUM || '/usr/bin/chromium';
  return chromium.launch({executablePath, args: CHROMIUM_FLAGS});
}

/**
 * Starts a server binary and waits until it says where it listens.
 * @param {import('node:test').TestContext} t the server ends with this test
 * @param {{bin?: string, args?: string[], addr?: string, db?: string, web?: string}} [options] `bin` relative to the repository's root
 */
export async function startServer(t, {bin = process.env.TODO_BIN || 'target/debug/todo', args = [], addr = '127.0.0.1:0', db, web} = {}) {
  if (!db) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'vertebra-'));
    atEnd(t, () => fs.rmSync(folder, {recursive: true, force: true}));
    db = path.join(folder, 'todo.sqlite');
  }
  const pages = web ? ['--web', web] : [];
  const child = spawn(path.resolve(root, bin), [...args, '--addr', addr, '--db', db, ...pages], {cwd: root, stdio: ['ignore', 'pipe', 'pipe']});
  const said = [];
  child.stderr.on('data', (chunk) => said.push(chunk));
  const exited = once(child, 'exit').catch(() => {}); // a binary that can't be started has no exit, but an error
  const kill = (signal = 'SIGKILL') => {
    child.kill(signal);
    return exited;
  };
  atEnd(t, () => kill());

  let limit;
  const url = await new Promise((resolve, reject) => {
    const fail = (what) => reject(new Error(`the server ${what} before it listened:\n${said.join('')}`));
    limit = setTimeout(fail, PATIENCE, 'was waited for too long');
    child.on('error', reject);
    child.on('exit', (code, signal) => fail(`ended (${signal || code})`));
    createInterface({input: child.stdout}).on('line', (line) => {
      const [, found] = /^listening on (http:\/\/\S+)/.exec(line) || [];
      if (found) resolve(found);
    });
  }).finally(() => clearTimeout(limit));

  const server = {
    url,
    db,
    addr: new URL(url).host,
    /** Ends the process, by default without a chance to tidy up, and waits until it is gone. */
    kill,
    /** How the process ended. */
    exitCode: () => child.exitCode,
    /** The same address and database again, in a new process. */
    restart: () => startServer(t, {bin, args, addr: server.addr, db, web}),
    /** Writes as some other program would: over HTTP. @returns the row */
    async post(collection, row) {
      const response = await fetch(`${url}/api/${collection}`, {
        method: 'POST',
        headers: {'content-type': 'application/json'},
        body: JSON.stringify(row),
      });
      const body = await response.json();
      assert.equal(response.status, 201, JSON.stringify(body));
      return body;
    },
  };
  return server;
}

/**
 * Opens a context whose pages fail the test if they report an error or leave the machine.
 * @param {import('node:test').TestContext} t
 * @param {import('playwright-core').Browser} browser
 * @param {import('playwright-core').BrowserContextOptions & {allow?: RegExp}} [options] `allow`: complaints that the test provokes
 */
export async function openContext(t, browser, {allow, ...options} = {}) {
  const context = await browser.newContext({viewport: {width: 1280, height: 800}, reducedMotion: 'reduce', ...options});
  context.setDefaultTimeout(PATIENCE);
  const complaints = [];
  const complain = (text) => { if (!(allow && allow.test(text))) complaints.push(text); };
  context.on('console', (message) => {
    if (message.type() === 'error') complain(`${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (error) => complain(String(error.error().stack || error.error())));
  context.on('request', (request) => {
    const {hostname} = new URL(request.url());
    if (hostname !== '127.0.0.1') complain(`asked ${request.url()}`);
  });
  atEnd(t, async () => {
    await context.close();
    assert.deepEqual(complaints, [], 'the console stays clean');
  });
  return context;
}

/**
 * Waits until what `read` sees in the page equals `expected`; a failure shows what was there instead.
 * @param {import('playwright-core').Page} page
 * @param {(argument?: any) => any} read runs in the page; its result is JSON
 * @param {any} expected
 */
export async function eventually(page, read, expected) {
  const wanted = JSON.stringify(expected);
  // A function of the page's own, for a content policy without `unsafe-eval` forbids making one there.
  const handle = await page.evaluateHandle(`(${read})`);
  try {
    await page.waitForFunction(([run, text]) => JSON.stringify(run()) === text, [handle, wanted], {timeout: PATIENCE});
  } catch (error) {
    assert.deepEqual(await page.evaluate(read), expected);
    throw error;
  }
}

/** Leaves a picture for whoever wants to look. */
export async function screenshot(page, name) {
  fs.mkdirSync(screenshots, {recursive: true});
  await page.screenshot({path: path.join(screenshots, `${name}.png`)});
}

/** What axe-core calls serious or critical: one line a finding, none if the page is fine. */
export async function accessibilityFaults(page) {
  await page.evaluate(fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  const {violations} = await page.evaluate(() => globalThis.axe.run(document, {resultTypes: ['violations']}));
  return violations
    .filter(({impact}) => impact === 'serious' || impact === 'critical')
    .flatMap(({id, nodes}) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
}
