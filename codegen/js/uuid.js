// Ids that clients make. Invariant: an id is unique without asking anyone, and ids made later sort later (to the
// millisecond), so that they are kind to the server's index.

/**
 * A version 7 UUID. Needs `crypto.getRandomValues` only, which unlike `randomUUID` exists on plain-HTTP pages too.
 * @returns {string}
 */
export function uuid7() {
  const random = [...crypto.getRandomValues(new Uint8Array(10))].map((byte) => (byte + 256).toString(16).slice(1));
  // Milliseconds have eleven digits until the year 2527.
  return ('0' + Date.now().toString(16) + random.join(''))
    .replace(/(.{8})(.{4}).(.{3}).(.{3})/, '$1-$2-7$3-8$4-');
}
