//! A server that loses connections at every point applies each write once, in order.

use crate::client::outbox::{Draft, Outbox};
use crate::protocol::{Code, Mid, Operation};
use proptest::prelude::*;
use serde_json::{Value, json};

fn draft(n: usize) -> Draft {
    Draft {
        operation: Operation::Create,
        collection: "todos".into(),
        id: json!(n),
        data: Value::Null,
        expected: None,
    }
}

/// Everything that is to be sent.
fn take(outbox: &mut Outbox<usize>) -> Vec<(Mid, usize)> {
    let taken = outbox.take(usize::MAX, |_| true, |_, _| {});
    taken
        .into_iter()
        .map(|one| (one.0, one.3.as_u64().unwrap() as usize))
        .collect()
}

fn filled(count: usize) -> Outbox<usize> {
    let mut outbox = Outbox::new(100);
    for n in 1..=count {
        outbox.push(draft(n), n, |_| true).unwrap();
    }
    outbox
}

#[test]
fn what_is_unanswered_is_sent_again_with_its_number_and_before_what_is_new() {
    let mut outbox = filled(3);
    outbox.connected(0);
    assert_eq!(take(&mut outbox), [(1, 1), (2, 2), (3, 3)]);
    assert_eq!(take(&mut outbox), []);
    assert_eq!(outbox.answer(1), Some(1));
    assert_eq!(outbox.answered(), 1);
    outbox.push(draft(4), 4, |_| true).unwrap();
    outbox.connected(2);
    assert_eq!(take(&mut outbox), [(2, 2), (3, 3), (4, 4)]);
    assert_eq!(outbox.answer(2), Some(2));
    assert_eq!(outbox.answer(2), None, "answered before");
    assert_eq!(outbox.answered(), 2);
}

#[test]
fn a_server_that_forgot_numbers_is_followed() {
    let mut outbox = filled(4);
    outbox.connected(0);
    take(&mut outbox);
    for mid in 1..=2 {
        outbox.answer(mid).unwrap();
    }
    outbox.connected(1);
    assert_eq!(take(&mut outbox), [(2, 3), (3, 4)]);
    outbox.renumber(0);
    assert_eq!(take(&mut outbox), [(1, 3), (2, 4)]);
    outbox.push(draft(5), 5, |_| true).unwrap();
    assert_eq!(take(&mut outbox), [(3, 5)]);
}

#[test]
fn a_full_outbox_refuses_and_forgotten_writes_make_room() {
    let mut outbox = Outbox::new(2);
    outbox.push(draft(1), 1, |_| true).unwrap();
    outbox.push(draft(2), 2, |_| true).unwrap();
    let error = outbox.push(draft(3), 3, |_| true).unwrap_err();
    assert_eq!(error.code, Code::Overloaded);
    outbox.push(draft(3), 3, |waiter| *waiter != 1).unwrap();
    outbox.connected(0);
    assert_eq!(take(&mut outbox), [(1, 2), (2, 3)]);
}

#[test]
fn messages_stay_below_their_limit_and_what_can_never_be_sent_is_refused() {
    let mut outbox = Outbox::new(10);
    let large = |length: usize| Draft {
        data: json!("x".repeat(length)),
        ..draft(0)
    };
    for (n, length) in [400, 400, 2000, 400].into_iter().enumerate() {
        outbox.push(large(length), n, |_| true).unwrap();
    }
    outbox.connected(0);
    let mut refused = Vec::new();
    let mut sent = Vec::new();
    loop {
        let taken = outbox.take(
            1000,
            |_| true,
            |waiter, error| {
                refused.push((waiter, error.code));
            },
        );
        if taken.is_empty() {
            break;
        }
        assert!(serde_json::to_string(&taken).unwrap().len() <= 1000 + 2);
        sent.push(taken.len());
    }
    assert_eq!(refused, [(2, Code::TooLarge)]);
    assert_eq!(sent, [2, 1]);
}

/// What happens next in a run.
#[derive(Clone, Debug)]
enum Step {
    Push,
    Send,
    /// The server handles the next of what was sent.
    Run,
    /// The next answer arrives.
    Answer,
    /// The connection breaks: what is on its way, in either direction, is lost.
    Break,
}

proptest! {
    #[test]
    fn every_write_is_applied_once_and_in_order(
        steps in prop::collection::vec(
            prop_oneof![
                3 => Just(Step::Push), 3 => Just(Step::Send), 4 => Just(Step::Run),
                4 => Just(Step::Answer), 1 => Just(Step::Break)
            ],
            0..200,
        )
    ) {
        let mut outbox = Outbox::new(1000);
        let mut pushed = 0;
        let mut answered = Vec::new();
        // The server: what it applied, by number; and both directions of the connection.
        let mut applied: Vec<usize> = Vec::new();
        let mut up: Vec<(Mid, usize)> = Vec::new();
        let mut down: Vec<Mid> = Vec::new();
        outbox.connected(0);
        let ending = [Step::Break, Step::Send].into_iter()
            .chain(std::iter::repeat_n([Step::Run, Step::Answer], 400).flatten());
        for step in steps.into_iter().chain(ending) {
            match step {
                Step::Push => {
                    pushed += 1;
                    outbox.push(draft(pushed), pushed, |_| true).unwrap();
                }
                Step::Send => up.extend(take(&mut outbox)),
                Step::Run if up.is_empty() => {}
                Step::Run => {
                    let (mid, n) = up.remove(0);
                    let last = applied.len() as Mid;
                    prop_assert!(mid <= last + 1, "{mid} after {last}");
                    if mid == last + 1 {
                        applied.push(n);
                    }
                    prop_assert_eq!(applied[mid as usize - 1], n, "a number names one write");
                    down.push(mid);
                }
                Step::Answer if down.is_empty() => {}
                Step::Answer => answered.extend(outbox.answer(down.remove(0))),
                Step::Break => {
                    up.clear();
                    down.clear();
                    prop_assert!(outbox.answered() <= applied.len() as Mid);
                    outbox.connected(applied.len() as Mid);
                }
            }
        }
        prop_assert_eq!(&applied, &(1..=pushed).collect::<Vec<_>>());
        prop_assert_eq!(&answered, &applied);
    }
}
