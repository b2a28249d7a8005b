//! Which web pages may connect.
//!
//! A page of another site can open a WebSocket to any server that its visitor's browser reaches, a server on the visitor's
//! own machine included; only the `Origin` header tells.
//! Invariant: a request without `Origin` is not from a page, and passes; one with it must be ours or be named.

use axum::http::{HeaderMap, header};

/// The pages that may connect beside those that this server serves.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// As browsers write them: `https://app.example:8443`, lower case, no slash at the end.
    pub allowed: Vec<String>,
}

impl Origins {
    /// Whether the request is from a page that may connect.
    pub fn admit(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return true;
        };
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let ours = host.is_some_and(|host| {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
        });
        ours || self
            .allowed
            .iter()
            .any(|one| one.eq_ignore_ascii_case(origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(origin: Option<&str>, expect: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "127.0.0.1:4000".parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        let origins = Origins {
            allowed: vec!["https://app.example".to_string()],
        };
        assert_eq!(origins.admit(&headers), expect, "{origin:?}");
    }

    #[test]
    fn only_our_pages_and_named_ones_may_connect() {
        check(None, true);
        check(Some("http://127.0.0.1:4000"), true);
        check(Some("https://app.example"), true);
        check(Some("https://APP.example"), true);
        check(Some("http://127.0.0.1:4001"), false);
        check(Some("http://127.0.0.1"), false);
        check(Some("http://evil.example"), false);
        check(Some("https://app.example.evil.example"), false);
        check(Some("https://sub.app.example"), false);
        check(Some("null"), false);
    }
}
