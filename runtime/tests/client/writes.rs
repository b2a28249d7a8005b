//! Writes: sent once or twice, applied once, answered once.

use crate::peer::{NEVER, Note, Server, note, welcome};
use futures_util::FutureExt;
use serde_json::{Value, json};
use std::time::Duration;
use vertebra::client::{Collection, Write};
use vertebra::protocol::{ClientFrame, Code, Mutation, Operation};
use vertebra::{New, Patch};

fn create(notes: &Collection<Note>, id: &str) -> Write<Note> {
    notes.create(Note::draft(id, "x"))
}

fn answer(mutation: &Mutation) -> Value {
    let row = json!({"id": mutation.4["id"], "text": "x", "stars": "0"});
    json!(["R", mutation.0, null, row, 100 + mutation.0])
}

fn ids(mutations: &[Mutation]) -> Vec<(u64, &str)> {
    let one = |one: &'_ Mutation| (one.0, one.4["id"].as_str().map(str::len));
    assert!(mutations.iter().map(one).all(|one| one.1.is_some()));
    mutations
        .iter()
        .map(|one| (one.0, one.4["id"].as_str().unwrap_or_default()))
        .collect()
}

#[tokio::test]
async fn each_operation_says_what_it_must() {
    let server = Server::new().await;
    let client = server.client().start().unwrap();
    let notes = client.collection::<Note>();
    let (mut peer, _) = server.welcome(0, "reset").await;
    let big = note("a", "A", u64::MAX);
    let calls = async {
        let created = notes
            .create(New::begin().set(Note::text(), "new"))
            .await
            .unwrap();
        let updated = notes.update(&big).expecting(7).await.unwrap();
        let patch = Patch::new().set(Note::stars(), u64::MAX);
        let patched = notes.patch(&big.id, patch).await.unwrap();
        notes.delete(&big.id).await.unwrap();
        (created, updated, patched)
    };
    let serve = async {
        let mut all = Vec::new();
        for _ in 0..4 {
            let one = peer.mutations(1).await.remove(0);
            let row = json!({"id": "a", "text": "A", "stars": "18446744073709551615", "novel": 1});
            peer.send(json!(["R", one.0, null, row, 9])).await;
            all.push(one);
        }
        all
    };
    let ((created, updated, patched), sent) = tokio::join!(calls, serve);
    assert_eq!([&created, &updated, &patched], [&big, &big, &big]);
    let id = sent[0].4["id"].as_str().unwrap();
    assert_eq!(uuid::Uuid::parse_str(id).unwrap().get_version_num(), 7);
    assert_eq!(sent[0].1, Operation::Create);
    let data = json!({"text": "A", "stars": "18446744073709551615"});
    let name = || "notes".to_string();
    assert_eq!(
        sent[1],
        Mutation(2, Operation::Update, name(), json!("a"), data, Some(7))
    );
    let data = json!({"stars": "18446744073709551615"});
    assert_eq!(
        sent[2],
        Mutation(3, Operation::Patch, name(), json!("a"), data, None)
    );
    assert_eq!(
        sent[3],
        Mutation(4, Operation::Delete, name(), json!("a"), Value::Null, None)
    );
}

#[tokio::test]
async fn an_unanswered_write_is_sent_again_with_its_number_and_before_new_ones() {
    let server = Server::new().await;
    let client = server.client().start().unwrap();
    let notes = client.collection::<Note>();
    let (mut peer, hello) = server.welcome(0, "reset").await;
    assert_eq!(hello.last_mid, 0);
    let first = tokio::spawn(create(&notes, "a").into_future());
    let sent = peer.mutations(1).await;
    let second = tokio::spawn(create(&notes, "b").into_future());
    let more = peer.mutations(1).await;
    peer.send(answer(&sent[0])).await;
    first.await.unwrap().unwrap();
    // The server ran both, and the second answer is lost.
    drop(peer);

    let mut peer = server.accept().await;
    let hello = peer.hello().await;
    assert_eq!(hello.last_mid, 1);
    let third = tokio::spawn(create(&notes, "c").into_future());
    peer.send(welcome(0, 2, "reset", &hello)).await;
    let again = peer.mutations(1).await;
    assert_eq!(again[0], more[0]);
    let mut all = again;
    if all.len() < 2 {
        all.extend(peer.mutations(1).await);
    }
    assert_eq!(ids(&all), [(2, "b"), (3, "c")]);
    // An answer to what was answered before is nothing.
    for one in [&sent[0], &all[0], &all[0], &all[1]] {
        peer.send(answer(one)).await;
    }
    assert_eq!(second.await.unwrap().unwrap().id, "b");
    assert_eq!(third.await.unwrap().unwrap().id, "c");
}

#[tokio::test]
async fn a_server_that_lost_its_numbers_gets_new_ones() {
    let server = Server::new().await;
    let client = server.client().start().unwrap();
    let notes = client.collection::<Note>();
    let (mut peer, _) = server.welcome(0, "reset").await;
    for id in ["a", "b"] {
        let call = tokio::spawn(create(&notes, id).into_future());
        let sent = peer.mutations(1).await;
        peer.send(answer(&sent[0])).await;
        call.await.unwrap().unwrap();
    }
    let call = tokio::spawn(create(&notes, "c").into_future());
    let sent = peer.mutations(1).await;
    assert_eq!(ids(&sent), [(3, "c")]);
    let error = json!({"code": "out_of_order", "message": "expected 2", "last": 1});
    peer.send(json!(["R", 3, error])).await;

    let mut peer = server.accept().await;
    let hello = peer.hello().await;
    assert_eq!(hello.last_mid, 1);
    peer.send(welcome(0, 1, "reset", &hello)).await;
    let sent = peer.mutations(1).await;
    assert_eq!(ids(&sent), [(2, "c")]);
    peer.send(answer(&sent[0])).await;
    assert_eq!(call.await.unwrap().unwrap().id, "c");
}

#[tokio::test]
async fn a_refusal_is_typed_and_the_next_write_follows() {
    let server = Server::new().await;
    let client = server.client().start().unwrap();
    let notes = client.collection::<Note>();
    let (mut peer, _) = server.welcome(0, "reset").await;
    let call = tokio::spawn(create(&notes, "a").into_future());
    peer.mutations(1).await;
    let error = json!({"code": "validation", "message": "text is required", "fields": {"text": "is required"}});
    peer.send(json!(["R", 1, error])).await;
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(
        (error.code, error.fields["text"].as_str()),
        (Code::Validation, "is required")
    );
    let call = tokio::spawn(create(&notes, "b").into_future());
    let sent = peer.mutations(1).await;
    assert_eq!(ids(&sent), [(2, "b")]);
    peer.send(answer(&sent[0])).await;
    call.await.unwrap().unwrap();
}

#[tokio::test]
async fn without_a_connection_writes_wait_and_a_full_queue_refuses() {
    let server = Server::new().await;
    let client = server.client().queue(2).start().unwrap();
    let notes = client.collection::<Note>();
    // Polled once, so that both are in the queue, in this order.
    let mut first = create(&notes, "a").into_future();
    let mut second = create(&notes, "b").into_future();
    assert!((&mut first).now_or_never().is_none());
    assert!((&mut second).now_or_never().is_none());
    let error = create(&notes, "c").await.unwrap_err();
    assert_eq!(error.code, Code::Overloaded);
    // One that is no longer wanted makes room, and is never sent.
    drop(first);
    let mut third = create(&notes, "d").into_future();
    assert!((&mut third).now_or_never().is_none());

    let (mut peer, _) = server.welcome(0, "reset").await;
    let sent = peer.mutations(2).await;
    assert_eq!(ids(&sent), [(1, "b"), (2, "d")]);
    for one in &sent {
        peer.send(answer(one)).await;
    }
    assert_eq!(second.await.unwrap().id, "b");
    assert_eq!(third.await.unwrap().id, "d");
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_given_up() {
    let server = Server::new().await;
    let client = server
        .client()
        .timeout(Duration::from_millis(20))
        .start()
        .unwrap();
    let notes = client.collection::<Note>();
    let error = create(&notes, "a").await.unwrap_err();
    assert_eq!(error.code, Code::Unavailable);
    assert_eq!(notes.list().await.unwrap_err().code, Code::Unavailable);
    assert_eq!(notes.subscribe().await.unwrap_err().code, Code::Unavailable);
    assert_eq!(notes.live().await.unwrap_err().code, Code::Unavailable);
    // None of it is sent later.
    let (mut peer, hello) = server.welcome(0, "reset").await;
    assert_eq!(hello.subs, []);
    drop(notes);
    drop(client);
    assert_eq!(peer.next().await, None);
}

#[tokio::test]
async fn reads_are_asked_again_after_a_break() {
    let server = Server::new().await;
    let client = server.client().start().unwrap();
    let notes = client.collection::<Note>();
    let (mut peer, _) = server.welcome(0, "reset").await;
    let page = notes
        .list()
        .filter(Note::stars().eq(3))
        .sort(Note::text().descending());
    let page = page.limit(2).after(&note("z", "Z", 3));
    let read = tokio::spawn(page.into_future());
    let asked = peer.next().await.unwrap();
    drop(peer);
    let (mut peer, _) = server.welcome(0, "reset").await;
    assert_eq!(peer.next().await.unwrap(), asked);
    let ClientFrame::Query { rid, query } = asked else {
        panic!("{asked:?} is no query");
    };
    assert_eq!(
        query,
        json!({"collection": "notes", "where": {"stars": "3"}, "sort": ["-text"], "limit": 2, "after": ["Z", "z"]})
    );
    let rows = json!([{"id": "b", "text": "B", "stars": "3"}, {"id": "a", "text": "A"}]);
    peer.send(json!(["Q", rid, null, {"rows": rows, "seq": 4}]))
        .await;
    assert_eq!(
        read.await.unwrap().unwrap(),
        [note("b", "B", 3), note("a", "A", 0)]
    );

    let read = tokio::spawn(async move { notes.get_with_version(&"a".to_string()).await });
    let Some(ClientFrame::Query { rid, query }) = peer.next().await else {
        panic!("no query");
    };
    assert_eq!(query, json!({"collection": "notes", "id": "a"}));
    let row = json!({"id": "a", "text": "A", "stars": "1"});
    peer.send(json!(["Q", rid, null, {"row": row, "seq": 4}]))
        .await;
    assert_eq!(read.await.unwrap().unwrap(), (note("a", "A", 1), 4));
}

#[tokio::test]
async fn an_error_answers_the_read_it_is_about() {
    let server = Server::new().await;
    let client = server.client().backoff(NEVER, NEVER).start().unwrap();
    let notes = client.collection::<Note>();
    let (mut peer, _) = server.welcome(0, "reset").await;
    let read = tokio::spawn(async move { notes.get(&"a".to_string()).await });
    let Some(ClientFrame::Query { rid, .. }) = peer.next().await else {
        panic!("no query");
    };
    let error = json!({"code": "not_found", "message": "there is no row"});
    peer.send(json!(["X", {"rid": rid}, error])).await;
    assert_eq!(read.await.unwrap().unwrap_err().code, Code::NotFound);
}
