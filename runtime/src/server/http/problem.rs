//! Errors as RFC 9457 problem documents.
//!
//! Invariant: the document carries every member that the error has on a socket, `code` first of all.

use crate::protocol::{Code, Error};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An error as it is answered, with the status that HTTP has for it.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    error: Error,
}

impl Problem {
    /// Where HTTP has a more exact status than the error's code.
    pub fn with_status(status: StatusCode, error: Error) -> Problem {
        Problem { status, error }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        // Every code's status is a number that HTTP knows.
        let status = StatusCode::from_u16(error.status());
        Problem {
            status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            error,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let retry_ms = self.error.retry_ms;
        let code = self.error.code;
        let mut document = serde_json::to_value(&self.error).unwrap_or_else(|_| json!({}));
        if let Value::Object(members) = &mut document {
            members.insert(
                "title".into(),
                json!(self.status.canonical_reason().unwrap_or("Error")),
            );
            members.insert("status".into(), json!(self.status.as_u16()));
            members.insert("detail".into(), json!(self.error.message));
        }
        let mut response = (self.status, document.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if matches!(
            code,
            Code::RateLimited | Code::Overloaded | Code::Unavailable
        ) {
            let seconds = retry_ms.unwrap_or(1000).div_ceil(1000);
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
