//! Keys of requests: what is sent again under its key is answered again, and done once.
//!
//! A key is the only mutation of a client of its own, so that its answer is kept in the write's own transaction. Invariant:
//! the client's id follows from the key alone, so that no lookup is needed and none can be out of date.

use crate::protocol::Error;
use crate::store::Origin;
use serde_json::Value;
use uuid::Uuid;

/// What ids of keys are made in, so that they are nobody else's.
const KEYS: Uuid = Uuid::from_u128(0x8f1d_6c0e_0b0a_4c55_9a53_5d0c_6b65_7973);

/// The longest key, in bytes.
const LONGEST: usize = 255;

/// A key, as the store knows it.
pub struct Key {
    /// The client that it stands for, and its one number.
    pub origin: Origin,
    /// What was asked for, in short.
    pub request: i64,
}

impl Key {
    /// The key of a request.
    pub fn new(key: &str, request: &Value) -> Result<Key, Error> {
        if key.is_empty() || key.len() > LONGEST {
            let problem = format!("must have 1 to {LONGEST} bytes");
            return Err(Error::field("key", problem));
        }
        let cid = Uuid::new_v5(&KEYS, key.as_bytes());
        let request = Uuid::new_v5(&KEYS, request.to_string().as_bytes());
        Ok(Key {
            origin: Origin { cid, mid: 1 },
            request: request.as_u64_pair().0 as i64,
        })
    }
}
