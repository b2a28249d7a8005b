// 64-bit integers as `bigint`: on the wire they are decimal strings, for JSON's numbers would be rounded.

export const bigintValue = [
  (wire) => (/^-?\d+$/.test(wire) ? BigInt(wire) : wire),
  (value) => (typeof value === 'bigint' ? String(value) : value),
];
