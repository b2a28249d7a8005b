// Bytes as `Uint8Array`: on the wire they are base64 text. Text that is none is left as it is.

export const bytesValue = [
  (wire) => {
    try {
      return typeof wire === 'string' ? Uint8Array.from(atob(wire), (char) => char.charCodeAt(0)) : wire;
    } catch {
      return wire;
    }
  },
  (value) => (value instanceof Uint8Array ? btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join('')) : value),
];
