//! The text forms of values that JSON has no type for.
//!
//! Invariant: each form is narrower than what parsers of such values usually take, so that Rust and JavaScript take the
//! same texts.

/// A whole number: `0`, `-12`; no sign but a minus, no zeros in front, no `-0`.
pub(crate) fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && match digits.as_bytes() {
            [] => false,
            [b'0'] => digits.len() == text.len(),
            [first, ..] => *first != b'0',
        }
}

/// `-12.50`: digits, perhaps with a fraction.
pub(crate) fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction].iter().all(|part| is_digits(part))
}

/// Base64 with its padding, in one piece.
pub(crate) fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - body.len() <= 2
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

/// The moment of `2026-01-31T12:00:00Z`, with a fraction or an offset such as `+05:30` perhaps; RFC 3339 without what it
/// only tolerates: small letters, a blank for the `T`, leap seconds.
pub(crate) fn moment(text: &str) -> Option<jiff::Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let (clock, rest) = rest.strip_prefix('T')?.split_at_checked(8)?;
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            (zone.len() < fraction.len()).then_some(zone)?
        }
        None => rest,
    };
    let right = date.parse::<jiff::civil::Date>().is_ok()
        && is_clock(clock, &[24, 60, 60])
        && (zone == "Z"
            || zone
                .strip_prefix(['+', '-'])
                .is_some_and(|offset| is_clock(offset, &[24, 60])));
    right.then(|| text.parse().ok())?
}

/// Two digits a part, each below its limit.
fn is_clock(text: &str, limits: &[u8]) -> bool {
    let mut parts = text.split(':');
    let right = limits.iter().all(|limit| {
        parts.next().is_some_and(|part| {
            part.len() == 2 && is_digits(part) && part.parse::<u8>().is_ok_and(|n| n < *limit)
        })
    });
    right && parts.next().is_none()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
