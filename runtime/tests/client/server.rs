//! The client against the real server and a real SQLite file.

use futures_util::StreamExt;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;
use vertebra::client::{Change, Changes, Client, State, Why};
use vertebra::protocol::{Code, Error};
use vertebra::{Model, Patch, Vertebra};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Model)]
#[model(collection = "todos", realtime)]
struct Todo {
    #[model(id)]
    id: Uuid,
    #[model(len = 1..=2000)]
    title: String,
    #[serde(default)]
    done: bool,
    #[model(default = 1, min = 0, max = 9)]
    priority: u8,
    due: Option<jiff::civil::Date>,
    #[model(created_at)]
    created_at: Timestamp,
    #[model(updated_at)]
    updated_at: Timestamp,
}

/// The database makes its ids, and they are strings on the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Model)]
#[model(collection = "counters")]
struct Counter {
    #[model(id)]
    id: i64,
    total: u64,
    #[model(secret, default = "none")]
    key: String,
}

/// A server that can be stopped, and started again at its address.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Server {
    async fn start(directory: &Path, address: &str) -> Server {
        let builder = Vertebra::builder().model::<Todo>().model::<Counter>();
        let vertebra = builder
            .database(directory.join("db.sqlite"))
            .start()
            .await
            .unwrap();
        let listening = vertebra.listen(address).await.unwrap();
        let address = listening.address();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(async move {
            let stopped = async move { drop(stopped.await) };
            listening.run_until(stopped).await.unwrap();
        });
        Server {
            address,
            stop,
            served,
        }
    }

    async fn stop(self) -> String {
        self.stop.send(()).unwrap();
        self.served.await.unwrap();
        self.address.to_string()
    }

    async fn client(&self) -> Client {
        let builder = Client::builder(format!("http://{}", self.address)).random(|| 0.01);
        builder.connect().await.unwrap()
    }
}

async fn served() -> (TempDir, Server) {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), "127.0.0.1:0").await;
    (directory, server)
}

async fn next(changes: &mut Changes<Todo>) -> Change<Todo> {
    changes.next().await.unwrap().unwrap()
}

#[tokio::test]
async fn rows_are_created_read_changed_and_deleted() {
    let (_directory, server) = served().await;
    let todos = server.client().await.collection::<Todo>();
    let created = todos
        .create(Todo::draft("Buy milk").set(Todo::priority(), 3))
        .await
        .unwrap();
    assert_eq!(
        (created.title.as_str(), created.priority, created.done),
        ("Buy milk", 3, false)
    );
    assert_eq!(todos.get(&created.id).await.unwrap(), created);

    let mut changed = Todo {
        title: "Buy bread".into(),
        ..created.clone()
    };
    changed = todos.update(&changed).await.unwrap();
    assert_eq!(
        (changed.title.as_str(), changed.created_at),
        ("Buy bread", created.created_at)
    );
    let due: jiff::civil::Date = "2026-01-31".parse().unwrap();
    let patch = Patch::new().set(Todo::done(), true).set(Todo::due(), due);
    let patched = todos.patch(&created.id, patch).await.unwrap();
    assert_eq!(
        (patched.done, patched.due, patched.priority),
        (true, Some(due), 3)
    );
    let cleared = todos
        .patch(&created.id, Patch::new().clear(Todo::due()))
        .await
        .unwrap();
    assert_eq!(cleared.due, None);
    assert_eq!(todos.list().await.unwrap(), [cleared]);

    todos.delete(&created.id).await.unwrap();
    assert_eq!(
        todos.get(&created.id).await.unwrap_err().code,
        Code::NotFound
    );
    assert_eq!(
        todos.delete(&created.id).await.unwrap_err().code,
        Code::NotFound
    );
    assert_eq!(todos.list().await.unwrap(), []);
}

#[tokio::test]
async fn ids_of_the_database_and_64_bits_survive_the_wire() {
    let (_directory, server) = served().await;
    let counters = server.client().await.collection::<Counter>();
    let one = counters.create(Counter::draft(u64::MAX)).await.unwrap();
    assert_eq!((one.total, one.key.as_str()), (u64::MAX, "none"));
    let changed = counters
        .update(&Counter {
            total: 1 << 60,
            ..one.clone()
        })
        .await
        .unwrap();
    assert_eq!((changed.id, changed.total), (one.id, 1 << 60));
    assert_eq!(counters.get(&one.id).await.unwrap(), changed);
    let live = counters
        .live()
        .filter(Counter::total().eq(1 << 60))
        .await
        .unwrap();
    assert_eq!(*live.get(&one.id).unwrap(), changed);
    counters.delete(&one.id).await.unwrap();
    live.wait_until(|rows| rows.is_empty()).await.unwrap();
}

#[tokio::test]
async fn errors_are_typed_and_the_next_call_works() {
    let (_directory, server) = served().await;
    let todos = server.client().await.collection::<Todo>();
    let error = todos
        .create(Todo::draft("").set(Todo::priority(), 10))
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::Validation);
    let fields: Vec<&str> = error.fields.keys().map(String::as_str).collect();
    assert_eq!(fields, ["priority", "title"]);

    let created = todos.create(Todo::draft("a")).await.unwrap();
    let twice = todos
        .create(Todo::draft("b").with_id(created.id))
        .await
        .unwrap_err();
    assert_eq!(twice.code, Code::Conflict);
    let (_, version) = todos.get_with_version(&created.id).await.unwrap();
    let patch = |title: &str| Patch::new().set(Todo::title(), title);
    let patched = todos
        .patch(&created.id, patch("b"))
        .expecting(version)
        .await
        .unwrap();
    let stale = todos
        .patch(&created.id, patch("c"))
        .expecting(version)
        .await
        .unwrap_err();
    assert_eq!(stale.code, Code::Conflict);
    assert_eq!(Todo::from_wire(stale.current.unwrap()).unwrap(), patched);
    let twice = todos
        .list()
        .filter(Todo::title().eq("a"))
        .filter(Todo::title().eq("b"));
    assert_eq!(twice.await.unwrap_err().code, Code::Validation);
    assert_eq!(
        todos.list().limit(0).await.unwrap_err().code,
        Code::Validation
    );
    assert_eq!(
        todos.subscribe().limit(0).await.unwrap_err().code,
        Code::Validation
    );
    assert_eq!(todos.list().await.unwrap(), [patched]);

    #[derive(Debug, Clone, Serialize, Deserialize, Model)]
    #[model(collection = "nowhere")]
    struct Nothing {
        #[model(id)]
        id: Uuid,
    }
    let nowhere = server.client().await.collection::<Nothing>();
    assert_eq!(nowhere.list().await.unwrap_err().code, Code::NotFound);
    assert_eq!(
        nowhere.create(Nothing::draft()).await.unwrap_err().code,
        Code::NotFound
    );
    assert_eq!(nowhere.subscribe().await.unwrap_err().code, Code::NotFound);
    assert_eq!(nowhere.live().await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn pages_follow_one_another_and_a_live_collection_has_the_order_of_a_list() {
    let (_directory, server) = served().await;
    let todos = server.client().await.collection::<Todo>();
    // Pipelined: all are on their way before the first is answered.
    let titles = ["b", "B", "ä", "a", "😀", "\u{fffd}", "aa", ""];
    let drafts = (0..60).map(|n| {
        let title = format!("{}{}", titles[n % 8], n % 3);
        todos
            .create(Todo::draft(title).set(Todo::priority(), (n % 4) as u8))
            .into_future()
    });
    let created: Result<Vec<Todo>, Error> = join_all(drafts).await.into_iter().collect();
    assert_eq!(created.unwrap().len(), 60);
    let order = [Todo::priority().descending(), Todo::title().ascending()];
    let sorted = todos.list().sort(order[0]).sort(order[1]);
    let all = sorted.clone().await.unwrap();
    let mut paged = sorted.clone().limit(25).await.unwrap();
    while let Some(last) = paged.last().cloned() {
        let more = sorted.clone().after(&last).limit(25).await.unwrap();
        if more.is_empty() {
            break;
        }
        paged.extend(more);
    }
    assert_eq!(paged, all);
    let live = todos.live().sort(order[0]).sort(order[1]).await.unwrap();
    let rows: Vec<Todo> = live.rows().iter().map(|row| Todo::clone(row)).collect();
    assert_eq!(rows, all);
    let urgent = todos.list().filter(Todo::priority().eq(3)).await.unwrap();
    assert_eq!(urgent.len(), 15);
}

#[tokio::test]
async fn one_client_sees_what_another_does_in_order() {
    let (_directory, server) = served().await;
    let mine = server.client().await.collection::<Todo>();
    let theirs = server.client().await.collection::<Todo>();
    let there = theirs.create(Todo::draft("there before")).await.unwrap();
    let mut changes = mine.subscribe().await.unwrap();
    let mut open = mine
        .subscribe()
        .filter(Todo::done().eq(false))
        .await
        .unwrap();
    assert_eq!(
        next(&mut changes).await,
        Change::Snapshot(vec![there.clone()])
    );
    assert_eq!(next(&mut open).await, Change::Snapshot(vec![there.clone()]));

    let new = theirs.create(Todo::draft("new")).await.unwrap();
    let done = theirs
        .patch(&new.id, Patch::new().set(Todo::done(), true))
        .await
        .unwrap();
    theirs.delete(&there.id).await.unwrap();
    let own = mine.create(Todo::draft("own")).await.unwrap();
    assert_eq!(next(&mut changes).await, Change::New(new.clone()));
    let (row, before) = (done, new.clone());
    assert_eq!(next(&mut changes).await, Change::Changed { row, before });
    let (row, why) = (there.clone(), Why::Deleted);
    assert_eq!(next(&mut changes).await, Change::Removed { row, why });
    assert_eq!(next(&mut changes).await, Change::New(own.clone()));

    assert_eq!(next(&mut open).await, Change::New(new.clone()));
    let why = Why::Left;
    assert_eq!(next(&mut open).await, Change::Removed { row: new, why });
    let why = Why::Deleted;
    assert_eq!(next(&mut open).await, Change::Removed { row: there, why });
    assert_eq!(next(&mut open).await, Change::New(own));
}

#[tokio::test]
async fn a_large_snapshot_arrives_whole() {
    let (_directory, server) = served().await;
    let todos = server.client().await.collection::<Todo>();
    // More than one page of 128 KiB, and more writes than one message may hold.
    let drafts = (0..300).map(|n| {
        todos
            .create(Todo::draft(format!("{n:02000}")))
            .into_future()
    });
    assert!(join_all(drafts).await.iter().all(Result::is_ok));
    let live = server
        .client()
        .await
        .collection::<Todo>()
        .live()
        .await
        .unwrap();
    assert_eq!(live.len(), 300);
}

#[tokio::test]
async fn a_restart_is_survived_without_missing_or_repeating_anything() {
    let (directory, server) = served().await;
    let client = server.client().await;
    let mut state = client.state();
    let todos = client.collection::<Todo>();
    let kept = todos.create(Todo::draft("kept")).await.unwrap();
    let gone = todos.create(Todo::draft("gone")).await.unwrap();
    let live = todos.live().await.unwrap();
    let mut changes = todos.subscribe().await.unwrap();
    next(&mut changes).await;

    let address = server.stop().await;
    state
        .wait_for(|state| *state == State::Stale)
        .await
        .unwrap();
    // Written while there is no server: it waits.
    let waiting = tokio::spawn(todos.create(Todo::draft("waited")).into_future());
    // Another program writes before this client is back.
    let vertebra = Vertebra::builder().model::<Todo>().model::<Counter>();
    let vertebra = vertebra
        .database(directory.path().join("db.sqlite"))
        .start()
        .await
        .unwrap();
    let elsewhere = vertebra.listen("127.0.0.1:0").await.unwrap();
    let other = Client::builder(format!("http://{}", elsewhere.address()));
    let (stop, stopped) = oneshot::channel::<()>();
    let run = tokio::spawn(elsewhere.run_until(async move { drop(stopped.await) }));
    let other = other.connect().await.unwrap();
    other.collection::<Todo>().delete(&gone.id).await.unwrap();
    let meanwhile = other
        .collection::<Todo>()
        .create(Todo::draft("meanwhile"))
        .await
        .unwrap();
    other.close();
    stop.send(()).unwrap();
    run.await.unwrap().unwrap();

    let server = Server::start(directory.path(), &address).await;
    let waited = waiting.await.unwrap().unwrap();
    let titles = |rows: &[Arc<Todo>]| {
        let mut titles: Vec<String> = rows.iter().map(|row| row.title.clone()).collect();
        titles.sort();
        titles
    };
    let rows = live
        .wait_until(|rows| titles(rows) == ["kept", "meanwhile", "waited"])
        .await;
    assert!(rows.is_ok());
    // The stream has the same, each once.
    let mut told = vec![kept];
    while told.len() < 3 || told.iter().any(|row| row.id == gone.id) {
        match next(&mut changes).await {
            Change::New(row) => told.push(row),
            Change::Removed { row, why } => assert_eq!((row, why), (gone.clone(), Why::Deleted)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(told[1..], [meanwhile, waited]);
    assert_eq!(
        server
            .client()
            .await
            .collection::<Todo>()
            .list()
            .await
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn a_database_that_was_replaced_is_told_as_the_difference() {
    let (directory, server) = served().await;
    let client = server.client().await;
    let todos = client.collection::<Todo>();
    let old = todos.create(Todo::draft("old")).await.unwrap();
    let mut changes = todos.subscribe().await.unwrap();
    next(&mut changes).await;
    let address = server.stop().await;

    let directory = drop_and_make(directory);
    let _server = Server::start(directory.path(), &address).await;
    let why = Why::Missing;
    assert_eq!(next(&mut changes).await, Change::Removed { row: old, why });
    // The new server knows nothing of this client's numbers.
    let new = todos.create(Todo::draft("new")).await.unwrap();
    assert_eq!(next(&mut changes).await, Change::New(new));
}

fn drop_and_make(old: TempDir) -> TempDir {
    old.close().unwrap();
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn signals_reach_every_other_client() {
    let (_directory, server) = served().await;
    let (mine, theirs) = (server.client().await, server.client().await);
    let mut signals = theirs.signals();
    mine.signal("typing", serde_json::json!({"in": "todos"}))
        .unwrap();
    let signal = signals.next().await.unwrap();
    assert_eq!(
        (signal.topic.as_str(), &signal.payload["in"]),
        ("typing", &"todos".into())
    );
}
