//! What tests of the whole share: servers in processes of their own, a proxy that breaks connections, load that keeps
//! account of what it was told, and an oracle that holds the account against the database.
//!
//! Invariant: nothing here knows how the server or a client works inside, but for the oracle, which reads the
//! database's tables.

pub mod follower;
pub mod load;
pub mod oracle;
pub mod process;
pub mod proxy;
pub mod random;
pub mod raw;
pub mod torture;
