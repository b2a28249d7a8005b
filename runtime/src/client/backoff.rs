//! How long to wait before the next attempt to connect.
//!
//! Full jitter: a random part of a bound that doubles with every failed attempt, so that clients that lost a server
//! together don't come back together. Invariant: knows no clock and no source of randomness of its own.

use std::time::Duration;

/// The bounds, and how many attempts there were since the last connection that lasted.
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    first: Duration,
    most: Duration,
    attempts: u32,
}

impl Backoff {
    pub(super) fn new(first: Duration, most: Duration) -> Backoff {
        Backoff {
            first,
            most,
            attempts: 0,
        }
    }

    /// The wait before the next attempt. `random` is from 0 up to 1; `retry` is what the server asked for, and the
    /// random part comes on top of it.
    pub(super) fn next(&mut self, random: f64, retry: Option<Duration>) -> Duration {
        let doublings = 1u32.checked_shl(self.attempts).unwrap_or(u32::MAX);
        let bound = self.first.saturating_mul(doublings).min(self.most);
        self.attempts = self.attempts.saturating_add(1);
        retry.unwrap_or_default() + bound.mul_f64(random.clamp(0.0, 1.0))
    }

    /// A connection has ended that lasted so long. One that lasted shorter than the largest bound counts as an
    /// attempt: a server that accepts and hangs up at once is not asked more often than one that is down.
    pub(super) fn lasted(&mut self, time: Duration) {
        if time >= self.most {
            self.attempts = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_double_up_to_the_largest() {
        let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(16));
        let bounds: Vec<u128> = (0..40)
            .map(|_| backoff.next(1.0, None).as_millis())
            .collect();
        assert_eq!(
            bounds[..8],
            [250, 500, 1000, 2000, 4000, 8000, 16000, 16000]
        );
        assert_eq!(bounds[39], 16000);
        backoff.lasted(Duration::from_secs(15));
        assert_eq!(backoff.next(0.5, None), Duration::from_secs(8));
        backoff.lasted(Duration::from_secs(16));
        assert_eq!(backoff.next(0.5, None), Duration::from_millis(125));
    }

    #[test]
    fn what_the_server_asks_for_is_waited_at_least() {
        let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(16));
        let asked = Some(Duration::from_secs(3));
        assert_eq!(backoff.next(0.0, asked), Duration::from_secs(3));
        assert_eq!(backoff.next(1.0, asked), Duration::from_millis(3500));
    }
}
