//! The vectors of `tests/protocol/frames.json`, which the JavaScript implementation runs too.

#![allow(clippy::unwrap_used)]

use serde_json::Value;
use vertebra::protocol::{ClientFrame, Digest, Error, Have, ServerFrame, frames};

const VECTORS: &str = include_str!("../../tests/protocol/frames.json");

fn read(from: &str, frame: &Value) -> Result<Value, Error> {
    let mut frames = frames(&frame.to_string())?;
    assert_eq!(frames.len(), 1, "one frame is not a batch");
    let parts = frames.remove(0);
    match from {
        "client" => ClientFrame::read(parts).map(|frame| frame.to_json()),
        "server" => ServerFrame::read(parts).map(|frame| frame.to_json()),
        other => panic!("frames are from a client or a server, not from {other:?}"),
    }
}

#[test]
fn every_vector_reads_as_it_says() {
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    assert!(vectors.len() > 40);
    for vector in vectors {
        let name = &vector["name"];
        let read = read(vector["from"].as_str().unwrap(), &vector["frame"]);
        match (&vector["error"], read) {
            (Value::Null, Ok(frame)) => {
                let expected = vector.get("reads").unwrap_or(&vector["frame"]);
                assert_eq!(&frame, expected, "{name}");
                assert!(
                    vector["does"].is_string(),
                    "{name} says what a receiver does"
                );
            }
            (Value::String(expected), Err(error)) => {
                assert!(
                    error.message.contains(expected.as_str()),
                    "{name}: {}",
                    error.message
                );
            }
            (expected, read) => panic!("{name}: expected {expected}, read {read:?}"),
        }
    }
}

#[test]
fn messages_are_frames_or_batches() {
    assert_eq!(frames(r#"[["U",1],["U",2]]"#).unwrap().len(), 2);
    assert_eq!(frames("[]").unwrap(), vec![Vec::<Value>::new()]);
    for wrong in [
        "",
        "null",
        "{}",
        "\"U\"",
        "[",
        r#"[["U",1],2]"#,
        &"[".repeat(100_000),
    ] {
        let error = frames(wrong).unwrap_err();
        assert_eq!(error.status(), 400, "{wrong:.20}");
    }
}

#[test]
fn digests_are_those_of_every_implementation() {
    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        rows: Vec<(Value, u64)>,
        have: Have,
    }
    let cases = include_str!("../../tests/protocol/digest.json");
    let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
    assert!(cases.len() > 5);
    for Case { name, rows, have } in cases {
        let mut digest = Digest::default();
        for (id, v) in &rows {
            digest.add(id, *v);
        }
        assert_eq!(digest.have(), have, "{name}");
        assert!(have.1 < 1 << 53, "{name}");
    }
}
