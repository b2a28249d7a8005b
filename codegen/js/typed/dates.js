// Moments and days as `Date`. A `Date` counts milliseconds; a day is its beginning in UTC. A `Date` that is none is left
// as it is, for validation to complain of.

const readDate = (wire) => (typeof wire === 'string' && !isNaN(Date.parse(wire)) ? new Date(wire) : wire);
const writeDate = (value, length) => (value instanceof Date && !isNaN(value) ? value.toISOString().slice(0, length) : value);

export const momentValue = [readDate, (value) => writeDate(value)];
export const dayValue = [readDate, (value) => writeDate(value, 10)];
