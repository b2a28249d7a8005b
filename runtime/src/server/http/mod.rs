//! The HTTP face: the URLs that the original `Backbone.sync` uses.
//!
//! Invariant: every answer under `/api` is JSON; every error there is a problem document.

mod openapi;
mod problem;
mod query;

use self::problem::Problem;
use super::builder::Vertebra;
use crate::protocol::{Code, Error, Operation, Reply, Request, Seq};
use crate::sync::Caller;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http_body_util::{BodyExt, Limited};
use serde_json::Value;

/// The routes below `/api`.
pub fn routes() -> Router<Vertebra> {
    let api = Router::new()
        .route("/openapi.json", any(describe))
        .route("/{collection}", any(collection))
        .route("/{collection}/{id}", any(row))
        .fallback(nothing);
    Router::new().nest("/api", api)
}

async fn nothing() -> Problem {
    Error::new(
        Code::NotFound,
        "there is nothing here: the API is described at /api/openapi.json",
    )
    .into()
}

async fn describe(State(vertebra): State<Vertebra>, method: Method) -> Result<Response, Problem> {
    match method {
        Method::GET | Method::HEAD => Ok(json(
            StatusCode::OK,
            &openapi::document(vertebra.engine().schema()),
        )),
        _ => Err(not_allowed("GET")),
    }
}

/// `GET | POST /api/todos`
async fn collection(
    State(vertebra): State<Vertebra>,
    path: Result<Path<String>, PathRejection>,
    OriginalUri(uri): OriginalUri,
    request: axum::extract::Request,
) -> Result<Response, Problem> {
    let Path(collection) = path.map_err(bad_path)?;
    let engine = vertebra.engine();
    let caller = Caller::default();
    match *request.method() {
        Method::GET | Method::HEAD => {
            let parts = query::parts(
                engine.model(&collection)?,
                request.uri().query().unwrap_or(""),
            )?;
            let reply = engine.handle(Request::List(parts), &caller).await?;
            answer(StatusCode::OK, reply)
        }
        Method::POST => {
            engine.model(&collection)?;
            let key = idempotency_key(request.headers())?;
            let data = body(&vertebra, request).await?;
            let create = Request::Write {
                operation: Operation::Create,
                id: Value::Null,
                collection: collection.clone(),
                data,
                expected: None,
                key,
            };
            let reply = engine.handle(create, &caller).await?;
            let location = location(&vertebra, &uri, &collection, &reply);
            let mut response = answer(StatusCode::CREATED, reply)?;
            response
                .headers_mut()
                .extend(location.map(|uri| (header::LOCATION, uri)));
            Ok(response)
        }
        _ => Err(not_allowed("GET, POST")),
    }
}

/// `GET | PUT | PATCH | DELETE /api/todos/1`
async fn row(
    State(vertebra): State<Vertebra>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: axum::extract::Request,
) -> Result<Response, Problem> {
    let Path((collection, id)) = path.map_err(bad_path)?;
    let id = Value::String(id);
    let engine = vertebra.engine();
    engine.model(&collection)?;
    let caller = Caller::default();
    let operation = match *request.method() {
        Method::GET | Method::HEAD => {
            let reply = engine
                .handle(Request::Get { collection, id }, &caller)
                .await?;
            return answer_if_changed(request.headers(), reply);
        }
        Method::PUT => Operation::Update,
        Method::PATCH => Operation::Patch,
        Method::DELETE => Operation::Delete,
        _ => return Err(not_allowed("GET, PUT, PATCH, DELETE")),
    };
    let expected = expected_version(request.headers())?;
    let key = idempotency_key(request.headers())?;
    let data = match operation {
        Operation::Delete => Value::Null,
        _ => body(&vertebra, request).await?,
    };
    let write = Request::Write {
        operation,
        collection,
        id,
        data,
        expected,
        key,
    };
    match engine.handle(write, &caller).await {
        Ok(reply) => answer(StatusCode::OK, reply),
        Err(error)
            if error.code == Code::Conflict && expected.is_some() && error.fields.is_empty() =>
        {
            Err(Problem::with_status(StatusCode::PRECONDITION_FAILED, error))
        }
        Err(error) => Err(error.into()),
    }
}

/// The key in `Idempotency-Key`.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(key) => Ok(Some(key.trim().to_string())),
        Err(_) => Err(Error::field("key", "must be readable characters").into()),
    }
}

/// The version in `If-Match`; `*` asks for no particular one.
fn expected_version(headers: &HeaderMap) -> Result<Option<Seq>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.trim_matches('"').parse();
    version
        .map(Some)
        .map_err(|_| Error::field("If-Match", "must be the ETag of the row, such as \"7\"").into())
}

/// The JSON of a request's body.
async fn body(vertebra: &Vertebra, request: axum::extract::Request) -> Result<Value, Problem> {
    let media_type = request.headers().get(header::CONTENT_TYPE);
    let media_type = media_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    // A form on a foreign page can send what browsers call simple requests; JSON is none of them.
    if essence != "application/json" && !essence.ends_with("+json") {
        let error = Error::malformed("send JSON, with the header Content-Type: application/json");
        return Err(Problem::with_status(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            error,
        ));
    }
    let limit = vertebra.engine().limits().message_bytes;
    let body = Limited::new(request.into_body(), limit).collect().await;
    let bytes: Bytes = match body {
        Ok(body) => body.to_bytes(),
        Err(_) => {
            let message = format!("a body has at most {limit} bytes, and must arrive whole");
            return Err(Error::new(Code::TooLarge, message).into());
        }
    };
    serde_json::from_slice(&bytes)
        .map_err(|cause| Error::malformed(format!("the body is not JSON: {cause}")).into())
}

fn bad_path(rejection: PathRejection) -> Problem {
    Error::malformed(format!(
        "the path cannot be read: {}",
        rejection.body_text()
    ))
    .into()
}

fn not_allowed(allow: &'static str) -> Problem {
    let error = Error::new(Code::NotFound, format!("this resource answers {allow}"));
    Problem::with_status(StatusCode::METHOD_NOT_ALLOWED, error)
}

fn answer(status: StatusCode, reply: Reply) -> Result<Response, Problem> {
    Ok(match reply {
        Reply::Row { row, seq } => {
            let mut response = json(status, &row);
            response
                .headers_mut()
                .extend(etag(seq).map(|etag| (header::ETAG, etag)));
            response
        }
        Reply::Rows { rows, .. } => json(status, &Value::Array(rows)),
        Reply::Done => StatusCode::NO_CONTENT.into_response(),
    })
}

/// A row, or 304 when the client has this version.
fn answer_if_changed(headers: &HeaderMap, reply: Reply) -> Result<Response, Problem> {
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|known| known.to_str().ok());
    match (&reply, known) {
        (Reply::Row { seq, .. }, Some(known)) if known.contains(&format!("\"{seq}\"")) => {
            let mut response = StatusCode::NOT_MODIFIED.into_response();
            response
                .headers_mut()
                .extend(etag(*seq).map(|etag| (header::ETAG, etag)));
            Ok(response)
        }
        _ => answer(StatusCode::OK, reply),
    }
}

fn etag(seq: Seq) -> Option<HeaderValue> {
    format!("\"{seq}\"").parse().ok()
}

/// Where a created row is: the URL of the request and the row's id.
fn location(
    vertebra: &Vertebra,
    uri: &Uri,
    collection: &str,
    reply: &Reply,
) -> Option<HeaderValue> {
    let Reply::Row { row, .. } = reply else {
        return None;
    };
    let model = vertebra.engine().model(collection).ok()?;
    let id = match row.get(&*model.id().name)? {
        Value::String(id) => query::percent_encoded(id),
        id => id.to_string(),
    };
    format!("{}/{id}", uri.path().trim_end_matches('/'))
        .parse()
        .ok()
}

fn json(status: StatusCode, value: &Value) -> Response {
    let mut response = (status, value.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
