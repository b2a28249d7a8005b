//! A client that is away for longer than its numbers are kept.

use crate::peer::setup_with;
use serde_json::{Value, json};
use std::time::Duration;
use vertebra::store::{Options, Retention};
use vertebra::sync::Limits;

/// Forgets every client after its last write.
fn forgetful() -> Options {
    let retention = Retention {
        clients: Duration::ZERO,
        ..Retention::default()
    };
    Options {
        retention,
        ..Options::default()
    }
}

#[tokio::test]
async fn nothing_is_applied_twice_when_the_numbers_are_gone() {
    let setup = setup_with(Limits::default(), forgetful()).await;
    let mut peer = setup.connect();
    let sent_at = peer.hello(None).await[1]["now"].as_i64().unwrap();
    let create = json!(["M", [[1, "create", "tasks", "a", {}]]]);
    peer.send(create.clone()).await;
    peer.until("R").await;
    let cid = peer.cid;
    drop(peer);
    setup
        .write(vertebra::protocol::Operation::Delete, "a", Value::Null)
        .await;
    let database = setup.database();
    let forgotten = || -> i64 {
        let get = "SELECT value FROM _vertebra_meta WHERE key = 'forgotten_at'";
        database.query_row(get, [], |row| row.get(0)).unwrap()
    };
    while forgotten() == 0 {
        tokio::task::yield_now().await;
    }

    // Its answer was lost, as far as the client knows.
    let mut back = setup.connect();
    back.cid = cid;
    let hello = |cid, since: i64| json!(["H", {"v": 1, "cid": cid, "subs": [], "since": since}]);
    back.send(hello(cid, sent_at)).await;
    assert_eq!(back.until("W").await[1]["forgotten"], true);
    back.send(create.clone()).await;
    let refused = back.until("R").await;
    assert_eq!(refused[2]["code"], "out_of_order");
    assert_eq!(
        refused[2]["last"],
        Value::Null,
        "there is no number to go on from"
    );
    assert!(setup.rows().await.is_empty(), "it was not applied again");

    // A client that does not say since when, but that it had answers.
    let mut old = setup.connect();
    old.send(json!(["H", {"v": 1, "cid": cid, "subs": [], "last_mid": 4}]))
        .await;
    assert_eq!(old.until("W").await[1]["forgotten"], true);

    // One that wrote after all who were forgotten has simply not been heard.
    let mut late = setup.connect();
    late.send(hello(late.cid, i64::MAX >> 10)).await;
    assert_eq!(late.until("W").await[1]["forgotten"], Value::Null);
    late.send(create).await;
    assert_eq!(late.until("R").await[2], Value::Null);
    assert_eq!(setup.rows().await.len(), 1);
}
