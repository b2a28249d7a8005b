//! Files that are part of the program: the generated JavaScript at `/vertebra/`.
//!
//! Invariant: a file is served with a strong `ETag` of its bytes, so that a browser asks again and downloads once.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A file of the program, or 304 when the browser has it.
pub fn file(headers: &HeaderMap, media_type: &'static str, bytes: &'static [u8]) -> Response {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let etag = format!("\"{:016x}\"", hasher.finish());
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .any(|value| value.to_str().unwrap_or_default().contains(&etag));
    let mut response = match known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => bytes.into_response(),
    };
    let out = response.headers_mut();
    if !known {
        out.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    // Sixteen hexadecimal digits in quotes are a header value.
    out.extend(etag.parse().map(|etag| (header::ETAG, etag)));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    out.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
