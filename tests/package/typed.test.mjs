// Attributes with types that JSON hasn't: what is sent, what is read, what is checked, over HTTP and over the socket.

import assert from 'node:assert/strict';
import {createRequire} from 'node:module';
import path from 'node:path';
import {test} from 'node:test';
import {project, root} from './project.mjs';

const MODELS = path.join(root, 'codegen/tests/fixtures/typed.rs');
const BIG = 2n ** 62n + 1n;
const AT = '2026-01-31T12:00:00.250Z';
const WIRE = {
  id: '9007199254740993',
  total: String(BIG),
  most: null,
  small: 7,
  at: AT,
  day: '2026-02-01',
  days: ['2026-02-01', '2026-02-28'],
  sums: {a: '1', __proto: '2', constructor: '3'},
  span: [AT, '18446744073709551615'],
  source: {serial: '12', since: null, kind: 'meter'},
  created_at: AT,
};
const {id, created_at, ...SENT} = WIRE;

/** The classes, with Backbone's HTTP requests in a list instead of on a wire. */
function load(t, args = ['--bigint', '--dates', '--bytes']) {
  const {folder} = project(t, {models: MODELS, args});
  const require = createRequire(path.join(folder, 'main.cjs'));
  const Backbone = require('backbone');
  const all = require('todo-models');
  const requests = [];
  const before = Backbone.ajax;
  Backbone.ajax = (request) => { requests.push(request); };
  t.after(() => { Backbone.ajax = before; });
  return {...all, Backbone, requests};
}

test('a row that is read has typed attributes, and is sent as it came', (t) => {
  const {Reading, requests} = load(t);
  const reading = new Reading(WIRE, {parse: true});
  const {attributes} = reading;
  assert.equal(attributes.total, BIG);
  assert.equal(attributes.most, null);
  assert.equal(attributes.small, 7);
  assert.deepEqual(attributes.at, new Date(AT));
  assert.deepEqual(attributes.day, new Date('2026-02-01T00:00:00Z'));
  assert.deepEqual(attributes.days.map((day) => day.getUTCDate()), [1, 28]);
  assert.deepEqual(Object.entries(attributes.sums), [['a', 1n], ['__proto', 2n], ['constructor', 3n]]);
  assert.deepEqual(attributes.span, [new Date(AT), 2n ** 64n - 1n]);
  assert.deepEqual(attributes.source, {serial: 12n, since: null, kind: 'meter'});
  assert.equal(reading.id, WIRE.id, 'an id stays what it is');
  assert.deepEqual(reading.toJSON(), WIRE);

  reading.save();
  assert.deepEqual([requests[0].type, requests[0].url], ['PUT', `/api/readings/${WIRE.id}`]);
  assert.deepEqual(JSON.parse(requests[0].data), SENT);
  reading.save({day: new Date('2026-03-01T23:00:00Z'), total: 5n}, {patch: true});
  assert.deepEqual(JSON.parse(requests[1].data), {day: '2026-03-01', total: '5'});
  requests[1].success({total: '6'});
  assert.equal(reading.get('total'), 6n);
  assert.deepEqual(reading.get('day'), new Date('2026-03-01T23:00:00Z'), 'what the answer does not say stays');
});

test('reading twice and writing twice change nothing, and what is no date stays for validation to see', (t) => {
  const {Reading} = load(t);
  const reading = new Reading(WIRE, {parse: true});
  const typed = reading.parse(reading.attributes);
  assert.deepEqual(typed, reading.attributes);
  assert.equal(reading.isValid(), true, JSON.stringify(reading.validationError));

  reading.set({at: new Date(NaN), most: 0n, total: 2n ** 63n, day: 'tomorrow'});
  assert.equal(reading.isValid(), false);
  assert.deepEqual(reading.validationError, {
    at: 'must be a date and time such as 2026-01-31T12:00:00Z',
    day: 'must be a date such as 2026-01-31',
    most: 'must be at least 1',
    total: `must be at most ${2n ** 63n - 1n}`,
  });
  assert.equal(reading.save(), false);
});

test('defaults are typed, and fresh each time', (t) => {
  const {Reading} = load(t);
  const [one, other] = [new Reading(), new Reading()];
  assert.equal(one.get('total'), 0n);
  assert.equal(one.get('small'), 5);
  assert.notEqual(one.get('sums'), other.get('sums'));
});

test('constants are frozen, and named after their values', (t) => {
  const {Kind} = load(t);
  assert.deepEqual({...Kind}, {Meter: 'meter', CloudSensor: 'cloud-sensor'});
  assert.ok(Object.isFrozen(Kind));
});

test('without options everything is the text of the wire', (t) => {
  const {Reading} = load(t, []);
  const reading = new Reading(WIRE, {parse: true});
  assert.deepEqual(reading.attributes, WIRE);
  assert.equal(new Reading().get('total'), '0');
});

test('classes are extended by extend and by class, and what they say of themselves counts', (t) => {
  const {Reading, Readings, requests} = load(t);
  const Extended = Reading.extend({
    urlRoot: '/elsewhere',
    parse(response) { return {...Reading.prototype.parse.call(this, response), parsed: true}; },
    twice() { return this.get('total') * 2n; },
  });
  class Derived extends Extended {
    url() { return `${super.url()}?derived`; }
    twice() { return super.twice() + 1n; }
  }
  const derived = new Derived(WIRE, {parse: true});
  assert.equal(derived.twice(), BIG * 2n + 1n);
  assert.equal(derived.get('parsed'), true);
  derived.save();
  assert.equal(requests[0].url, `/elsewhere/${WIRE.id}?derived`);
  assert.ok(!('parsed' in JSON.parse(requests[0].data)), 'what is no field is not sent');

  const calls = [];
  class Silent extends Readings {
    get url() { return '/nowhere'; }
    sync(...all) { calls.push(all[0]); }
  }
  new Silent().fetch();
  assert.deepEqual(calls, ['read']);
  assert.equal(requests.length, 1);
});

/** A socket whose other end is the test. */
function socket() {
  const sent = [];
  class Socket {
    constructor() {
      Socket.last = this;
      queueMicrotask(() => this.onopen());
    }
    send(text) { sent.push(JSON.parse(text)); }
    close() {}
  }
  return {Socket, sent, push: (frame) => Socket.last.onmessage({data: JSON.stringify(frame)})};
}

test('over the socket: what is sent is text, what is pushed is typed', async (t) => {
  const {Readings, vertebra} = load(t);
  const {Socket, sent, push} = socket();
  vertebra.connect('ws://127.0.0.1:1', {WebSocket: Socket});
  t.after(() => vertebra.close());
  await Promise.resolve();
  const names = Object.keys(WIRE);
  push(['W', {v: 1, epoch: 'e', seq: 1, last_mid: 0, cols: {readings: names}, ids: {readings: 'id'}, subs: {}, limits: {}}]);
  const readings = new Readings();
  readings.fetch();
  const [, sid] = sent.find(([kind]) => kind === 'S');
  push(['C', sid, 0, [[1, names.map((name) => WIRE[name])]], true]);
  await Promise.resolve();
  const [reading] = readings.models;
  assert.equal(reading.get('total'), BIG);

  const changes = [];
  reading.on('change:total', (_, value) => changes.push(value));
  push(['T', 1, 2, 0, [[sid, [['~', WIRE.id, 2, {total: '8'}]]]]]);
  assert.deepEqual(changes, [8n]);
  assert.deepEqual(reading.get('at'), new Date(AT));

  reading.save({total: 9n, at: new Date(0)}, {patch: true});
  const [, [[, op, , rowId, data]]] = sent.findLast(([kind]) => kind === 'M');
  assert.deepEqual([op, rowId, data], ['patch', WIRE.id, {total: '9', at: '1970-01-01T00:00:00.000Z'}]);
});
