// Ids that clients make. Invariant: an id is unique without asking anyone, and ids made later sort later (to the
// millisecond), so that they are kind to the server's index.

/**
 * A version 7 UUID. Needs `crypto.getRandomValues` only, which unlike `randomUUID` exists on plain-HTTP pages too.
 * @returns {string}
 */
export function uuid7() {
  const hex = (n, width) => n.toString(16).padStart(width, '0');
  const random = Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => hex(byte, 2)).join('');
  const variant = '89ab'[parseInt(random[4], 16) & 3];
  return (hex(Date.now(), 12) + '7' + random.slice(1, 4) + variant + random.slice(5))
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
