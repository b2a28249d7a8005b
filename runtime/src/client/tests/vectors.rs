//! `tests/protocol/apply.json`: what frames mean for a client's rows.

use crate::client::replica::{Events, OutOfStep, Replica};
use crate::protocol::{ServerFrame, Sid, frames};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Case {
    name: String,
    subs: BTreeMap<Sid, Value>,
    frames: Vec<Value>,
    expect: Expect,
}

#[derive(Deserialize)]
struct Expect {
    position: u64,
    epoch: String,
    subs: BTreeMap<Sid, Option<Vec<Value>>>,
    cursors: BTreeMap<Sid, Value>,
    #[serde(default)]
    action: Option<String>,
}

#[test]
fn vectors() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/protocol/apply.json");
    let text = std::fs::read_to_string(path).expect(path);
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() > 20, "only {} cases", cases.len());
    let failures: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check(case: &Case) -> Result<(), String> {
    let mut replica = Replica::default();
    for (sid, query) in &case.subs {
        replica.open(*sid, query.clone());
    }
    let mut resume = false;
    for message in &case.frames {
        for parts in frames(&message.to_string()).unwrap() {
            let frame = ServerFrame::read(parts.clone());
            // What comes on a connection that was given up counts for nothing.
            if resume && !matches!(frame, Ok(ServerFrame::Welcome(_))) {
                continue;
            }
            resume = match frame {
                Ok(frame) => receive(&mut replica, frame).is_err(),
                // A frame that cannot be read ends the connection too.
                Err(_) => {
                    replica.unreadable(&parts, &mut Events::new());
                    true
                }
            };
        }
    }
    let sids = case.expect.subs.keys();
    let rows: BTreeMap<Sid, Option<Vec<Value>>> =
        sids.map(|sid| (*sid, rows(&replica, *sid))).collect();
    let mut expected = case.expect.subs.clone();
    for rows in expected.values_mut().flatten() {
        rows.sort_by_key(Value::to_string);
    }
    let openings = replica.openings();
    let cursors: BTreeMap<Sid, Value> = openings
        .into_iter()
        .map(|opening| (opening.0, json!(opening.2)))
        .collect();
    let found = json!([replica.position(), replica.epoch(), rows, cursors, resume]);
    let wanted = json!([
        case.expect.position,
        case.expect.epoch,
        expected,
        case.expect.cursors,
        case.expect.action.as_deref() == Some("resume"),
    ]);
    if found == wanted {
        Ok(())
    } else {
        Err(format!(
            "{}:\n  found  {found}\n  wanted {wanted}",
            case.name
        ))
    }
}

fn receive(replica: &mut Replica, frame: ServerFrame) -> Result<(), OutOfStep> {
    let mut events = Events::new();
    match frame {
        ServerFrame::Welcome(welcome) => replica.welcome(&welcome),
        ServerFrame::Snapshot(page) => replica.snapshot(page, &mut events)?,
        ServerFrame::Transition(transition) => replica.transition(transition, &mut events)?,
        ServerFrame::Watermark(to) => replica.watermark(to),
        ServerFrame::Failure(about, _) => {
            if let Some(sid) = about["sid"].as_u64() {
                replica.close(Sid::try_from(sid).unwrap());
            }
        }
        _ => {}
    }
    Ok(())
}

fn rows(replica: &Replica, sid: Sid) -> Option<Vec<Value>> {
    let rows = replica.rows(sid)?.values();
    let mut rows: Vec<Value> = rows.map(|row| json!([row.id, row.v, row.values])).collect();
    rows.sort_by_key(Value::to_string);
    Some(rows)
}
