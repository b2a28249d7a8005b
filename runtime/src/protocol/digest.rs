//! A digest of a set of rows, by which a client and the server find that they have the same ones.
//!
//! Invariant: it depends on the ids and versions alone, not on their order; JavaScript computes the same without big
//! integers. `tests/protocol/digest.json` holds examples.

use super::Seq;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a client has of a subscription: how many rows, and their digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Have(
    /// Rows.
    pub u64,
    /// Below 2^53.
    pub u64,
);

/// Adds up rows, in any order.
///
/// ```
/// use serde_json::json;
/// use vertebra::protocol::Digest;
///
/// let mut digest = Digest::default();
/// digest.add(&json!("a"), 12);
/// assert_eq!(serde_json::to_value(digest.have()).unwrap()[0], 1);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Digest {
    count: u64,
    low: u32,
    high: u32,
}

impl Digest {
    /// Adds a row: its id and its version.
    pub fn add(&mut self, id: &Value, v: Seq) {
        // What JavaScript has as the characters of `JSON.stringify(id) + ':' + v`.
        let text = format!("{id}:{v}");
        let (mut one, mut other) = (0x811c_9dc5_u32, 0x9747_b28c_u32);
        for unit in text.encode_utf16() {
            one = (one ^ u32::from(unit)).wrapping_mul(0x0100_0193);
            other = (other ^ u32::from(unit)).wrapping_mul(0x5bd1_e995);
            other ^= other >> 15;
        }
        self.count += 1;
        self.low = self.low.wrapping_add(mixed(one));
        self.high = self.high.wrapping_add(mixed(other));
    }

    /// All that was added.
    pub fn have(&self) -> Have {
        let high = u64::from(self.high & 0x1f_ffff);
        Have(self.count, high << 32 | u64::from(self.low))
    }
}

/// Lets every bit depend on every other.
fn mixed(mut hash: u32) -> u32 {
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}
