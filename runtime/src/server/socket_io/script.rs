//! The stock browser client, as `<script src="…/socket.io/socket.io.js">` asks for it.
//!
//! Invariant: the bytes are those of the npm package; the tag changes when they do.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// The version of `vendor/socket.io`.
const VERSION: &str = "4.8.4";

/// A file of `vendor/socket.io`.
struct Script {
    path: &'static str,
    bytes: &'static [u8],
}

static SCRIPTS: [Script; 3] = [
    Script {
        path: "/socket.io/socket.io.js",
        bytes: include_bytes!("../../../vendor/socket.io/socket.io.js"),
    },
    Script {
        path: "/socket.io/socket.io.min.js",
        bytes: include_bytes!("../../../vendor/socket.io/socket.io.min.js"),
    },
    Script {
        path: "/socket.io/socket.io.esm.min.js",
        bytes: include_bytes!("../../../vendor/socket.io/socket.io.esm.min.js"),
    },
];

/// Adds a route for each script.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    SCRIPTS.iter().fold(router, |router, script| {
        let tag = script.tag();
        let answer = move |headers: HeaderMap| std::future::ready(script.answer(&tag, &headers));
        router.route(script.path, get(answer))
    })
}

impl Script {
    /// A strong entity tag: the version, and a hash (FNV-1a) of the bytes.
    fn tag(&self) -> String {
        let hash = self.bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("\"{VERSION}-{hash:016x}\"")
    }

    fn answer(&self, tag: &str, headers: &HeaderMap) -> Response {
        let common = [
            (header::ETAG, tag),
            (header::CACHE_CONTROL, "public, max-age=3600"),
            // Pages of other origins load it too, as a module only with this header.
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        if is_known(tag, headers) {
            return (StatusCode::NOT_MODIFIED, common).into_response();
        }
        let kind = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
        (kind, common, self.bytes).into_response()
    }
}

/// Whether the client already has what the tag names (RFC 9110, 13.1.2: compared weakly).
fn is_known(tag: &str, headers: &HeaderMap) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|one| one.trim().trim_start_matches("W/"))
        .any(|one| one == tag || one == "*")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn every_script_is_the_version_that_the_tag_names() {
        for script in &SCRIPTS {
            let head = String::from_utf8_lossy(&script.bytes[..200]);
            assert!(head.contains(&format!("v{VERSION}")), "{}", script.path);
            assert!(head.contains("MIT License"), "{}", script.path);
        }
    }

    #[test]
    fn a_tag_that_the_client_has_is_not_sent_again() {
        let tag = SCRIPTS[0].tag();
        let known = |value: &str| {
            let value = HeaderValue::from_str(value).unwrap();
            is_known(
                &tag,
                &HeaderMap::from_iter([(header::IF_NONE_MATCH, value)]),
            )
        };
        assert!(known(&tag));
        assert!(known(&format!("\"other\", W/{tag}")));
        assert!(known("*"));
        assert!(!known("\"other\""));
        assert!(!is_known(&tag, &HeaderMap::new()));
    }
}
