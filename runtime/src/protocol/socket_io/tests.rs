//! Round trips, the grammar case by case, and hostile texts.

#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;
use serde_json::Value;

#[track_caller]
fn reads_as(text: &str, expected: &str) {
    let packet = Packet::read(text).expect(text);
    assert_eq!(packet.to_string(), expected, "{packet:?}");
}

#[track_caller]
fn is_malformed(text: &str) {
    assert!(
        matches!(Packet::read(text), Err(ReadError::Malformed(_))),
        "{text}"
    );
}

#[test]
fn every_kind_of_packet_is_read_and_written() {
    for text in [
        "0",
        "0/todos,",
        r#"0{"token":"x"}"#,
        r#"0/todos,{"sid":"x"}"#,
        "1",
        "1/todos,",
        r#"2["s",[]]"#,
        r#"2/todos,12["create",{"title":"x"},{"key":"k"}]"#,
        "30[]",
        r#"3/todos,12[null,{"id":1}]"#,
        r#"4/todos,{"message":"no"}"#,
    ] {
        reads_as(text, text);
    }
    reads_as("0/todos", "0/todos,");
    reads_as("2 [ 1 , {} ]", r#"2["1",{}]"#);
}

#[test]
fn arguments_keep_their_text() {
    let text = r#"2["s",{"b" : 1.0, "a":1e400}]"#;
    reads_as(text, text);
}

#[test]
fn what_breaks_the_grammar_is_malformed() {
    for text in [
        "",
        "7",
        "é",
        "abc",
        "2",
        "2[]",
        "2{}",
        "2[[]]",
        "2[null]",
        "2abc[\"x\"]",
        "2[\"x\"",
        "2[\"x\"] [",
        "2[\"connect\"]",
        "2[\"disconnecting\"]",
        "2[\"\\ud800\"]",
        "2100000000000000000000[\"x\"]",
        "29007199254740992[\"x\"]",
        "0[]",
        "0abc",
        "0\"x\"",
        "1{}",
        "3[]",
        "31{}",
        "4",
        "4[]",
        "5[\"x\"]",
        "51[\"x\"]",
        "6",
    ] {
        is_malformed(text);
    }
    is_malformed(&format!("0/{},", "x".repeat(300)));
}

#[test]
fn binary_packets_are_refused_and_say_whom_to_tell() {
    let refused = |text| Packet::read(text).unwrap_err();
    assert_eq!(
        refused(r#"51-/todos,3["create",{"_placeholder":true,"num":0}]"#),
        ReadError::Binary {
            namespace: "/todos".into(),
            ack: Some(3)
        }
    );
    assert_eq!(
        refused(r#"61-3[{"_placeholder":true,"num":0}]"#),
        ReadError::Binary {
            namespace: "/".into(),
            ack: None
        }
    );
}

#[test]
fn depth_and_size_are_harmless() {
    let deep = format!("2[\"s\",{}{}]", "[".repeat(500_000), "]".repeat(500_000));
    let Ok(Packet::Event { args, .. }) = Packet::read(&deep) else {
        panic!("raw text has no depth");
    };
    assert!(serde_json::from_str::<Value>(args[0].get()).is_err());
    is_malformed(&format!("2{}", "[".repeat(1_000_000)));
    is_malformed(&"9".repeat(1_000_000));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn raw(value: impl serde::Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(&value).unwrap()
}

fn any_packet() -> impl Strategy<Value = Packet> {
    let namespace = prop_oneof![Just("/".to_string()), "/[^,]{0,40}"];
    let object = prop::collection::btree_map(any::<String>(), value(), 0..3).prop_map(raw);
    let args = prop::collection::vec(value().prop_map(raw), 0..4);
    let name = any::<String>().prop_filter("reserved", |name| !RESERVED.contains(&&**name));
    let ack = prop::option::of(0..=MAX_ACK);
    (0..5, namespace, object, args, name, ack).prop_map(
        |(kind, namespace, object, args, name, ack)| match kind {
            0 => Packet::Connect {
                namespace,
                data: ack.map(|_| object),
            },
            1 => Packet::Disconnect { namespace },
            2 => Packet::Event {
                namespace,
                ack,
                name,
                args,
            },
            3 => Packet::Ack {
                namespace,
                ack: ack.unwrap_or_default(),
                args,
            },
            _ => Packet::ConnectError {
                namespace,
                data: object,
            },
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(packet in any_packet()) {
        let text = packet.to_string();
        let again = Packet::read(&text).unwrap();
        prop_assert_eq!(format!("{packet:?}"), format!("{again:?}"));
        prop_assert_eq!(again.to_string(), text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = Packet::read(&text);
    }

    #[test]
    fn what_resembles_a_packet_is_read_or_refused(text in r#"[0-7]{1,2}(-|[0-9]{0,20})?(/[^"]{0,9})?[,0-9]{0,4}[\[\]{}",:a\\u0-9 ]{0,40}"#) {
        if let Ok(packet) = Packet::read(&text) {
            let text = packet.to_string();
            prop_assert_eq!(Packet::read(&text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_damaged_packet_is_read_or_refused(packet in any_packet(), at in any::<prop::sample::Index>(), with in any::<char>()) {
        let mut chars: Vec<char> = packet.to_string().chars().collect();
        let at = at.index(chars.len());
        chars[at] = with;
        let _ = Packet::read(&chars.iter().collect::<String>());
        chars.truncate(at);
        let _ = Packet::read(&chars.iter().collect::<String>());
    }
}
