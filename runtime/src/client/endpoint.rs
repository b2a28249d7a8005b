//! Where the server's WebSocket is, from the address that people know.
//!
//! Invariant: a URL that cannot work is refused with a sentence that says why, before anything is connected.

use crate::protocol::Error;
use tokio_tungstenite::tungstenite::http::Uri;

/// `http://host:port/prefix` → `ws://host:port/prefix/realtime`.
pub(super) fn endpoint(url: &str) -> Result<Uri, Error> {
    let refuse = |problem: &str| Err(Error::field("url", format!("{url:?} {problem}")));
    let Some((scheme, rest)) = url.split_once("://") else {
        return refuse("must begin with http:// or ws://");
    };
    match scheme {
        "http" | "ws" => {}
        "https" | "wss" => {
            return refuse(
                "needs TLS, which this build of the client does not have: use http:// or ws://",
            );
        }
        _ => return refuse("must begin with http:// or ws://"),
    }
    let base = rest.split(['?', '#']).next().unwrap_or_default();
    let address = format!("ws://{}/realtime", base.trim_end_matches('/'));
    match address.parse::<Uri>() {
        Ok(uri) if uri.host().is_some_and(|host| !host.is_empty()) => Ok(uri),
        _ => refuse("is not an address such as http://127.0.0.1:4000"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expect: &str) {
        let found = match endpoint(url) {
            Ok(uri) => uri.to_string(),
            Err(error) => error.message,
        };
        assert!(found.contains(expect), "{url}: {found}");
    }

    #[test]
    fn addresses() {
        check("http://127.0.0.1:4000", "ws://127.0.0.1:4000/realtime");
        check("ws://127.0.0.1:4000/", "ws://127.0.0.1:4000/realtime");
        check(
            "http://example.org/app/v2/",
            "ws://example.org/app/v2/realtime",
        );
        check("http://[::1]:4000", "ws://[::1]:4000/realtime");
        check("https://example.org", "needs TLS");
        check("wss://example.org", "needs TLS");
        check("127.0.0.1:4000", "must begin with");
        check("ftp://example.org", "must begin with");
        check("http://", "is not an address");
    }
}
