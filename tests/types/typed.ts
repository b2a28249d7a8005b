// With the options that give values types of their own.
import {Kind, Reading, Readings, vertebra} from 'models';

const reading = new Reading({at: new Date(), total: 1n, kind: undefined} as Partial<Reading.Attributes>);
const total: bigint = reading.get('total') + 1n;
const at: number | undefined = reading.get('at')?.getTime();
const id: string | undefined = reading.get('id');
const made = new Readings().create({at: new Date(), days: [], span: [new Date(), 1n], source: {serial: 1n, since: null, kind: Kind.Meter}});
made.on('change:day', (model, day) => [model, day?.getUTCDate()]);
// What is told of at application level is the row as it is on the wire.
vertebra.on('new:readings', (row) => { const [text, sums]: [string, Record<string, string>] = [row.at, row.sums]; return [text, sums]; });

// @ts-expect-error it is a bigint
reading.set({total: '1'});
// @ts-expect-error it is a Date
reading.set({at: '2026-01-31T12:00:00Z'});
// @ts-expect-error it is text there
vertebra.on('new:readings', (row) => row.at.getTime());

export {total, at, id};
