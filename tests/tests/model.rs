//! Random operations, disconnects, restarts and shortenings of the log against a model: clients with real sockets, the
//! engine in this process, the database in a file. Failing cases are kept in `model.proptest-regressions`, and run first.

// A test that cannot go on ends.
#![allow(clippy::unwrap_used)]

use futures_util::FutureExt;
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use todo::models::Todo;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;
use vertebra::client::{Changes, Client, Write};
use vertebra::protocol::Code;
use vertebra::server::StartError;
use vertebra::store::{Sqlite, Store};
use vertebra::{Patch, Vertebra};
use vertebra_tests::follower::Follower;
use vertebra_tests::proxy::Proxy;

const CLIENTS: usize = 2;

/// What is done next. Rows are named by small numbers; that a row is or isn't there is part of the game.
#[derive(Clone, Debug)]
enum Step {
    Create {
        client: usize,
        row: u8,
    },
    Patch {
        client: usize,
        row: u8,
    },
    Update {
        client: usize,
        row: u8,
    },
    Delete {
        client: usize,
        row: u8,
    },
    /// The client's connection is reset.
    Reset {
        client: usize,
    },
    /// Nobody gets through for this client.
    Cut {
        client: usize,
    },
    Join {
        client: usize,
    },
    /// The server ends and comes back.
    Restart,
    /// The log is shortened to so many entries.
    Forget {
        keep: u8,
    },
    /// All answers are waited for.
    Settle,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let client = 0..CLIENTS;
    let write = (client.clone(), 0..6u8);
    let step = prop_oneof![
        6 => write.clone().prop_map(|(client, row)| Step::Create { client, row }),
        8 => write.clone().prop_map(|(client, row)| Step::Patch { client, row }),
        3 => write.clone().prop_map(|(client, row)| Step::Update { client, row }),
        3 => write.prop_map(|(client, row)| Step::Delete { client, row }),
        3 => client.clone().prop_map(|client| Step::Reset { client }),
        2 => client.clone().prop_map(|client| Step::Cut { client }),
        3 => client.prop_map(|client| Step::Join { client }),
        1 => Just(Step::Restart),
        1 => (0..8u8).prop_map(|keep| Step::Forget { keep }),
        3 => Just(Step::Settle),
    ];
    proptest::collection::vec(step, 1..60)
}

/// A server in this process that can be ended and started again at its address.
struct Running {
    store: Arc<Sqlite>,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), StartError>>,
}

impl Running {
    async fn start(db: &Path, address: &str) -> Running {
        let store = Arc::new(Sqlite::open(db).unwrap());
        let builder = Vertebra::builder().model::<Todo>().store(store.clone());
        let vertebra = builder.start().await.unwrap();
        let listening = vertebra.listen(address).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let address = listening.address();
        let task = tokio::spawn(listening.run_until(stopped.map(|_| ())));
        Running {
            store,
            address,
            stop,
            task,
        }
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }
}

type Told = JoinHandle<Result<(), Code>>;

struct Player {
    client: Client,
    proxy: Proxy,
    changes: Changes<Todo>,
    follower: Follower,
    /// Writes without a known answer, with what the model says of them.
    open: Vec<(Told, Result<(), Code>, String)>,
}

impl Player {
    /// Sends a write, in the order of the calls.
    fn send<T: Send + 'static>(
        &mut self,
        write: Write<T>,
        expected: Result<(), Code>,
        what: String,
    ) {
        let mut answer = write.into_future();
        // The first look queues it.
        let told = match (&mut answer).now_or_never() {
            Some(told) => tokio::spawn(async { told.map(|_| ()).map_err(|error| error.code) }),
            None => tokio::spawn(answer.map(|told| told.map(|_| ()).map_err(|error| error.code))),
        };
        self.open.push((told, expected, what));
    }

    async fn settle(&mut self) {
        for (told, expected, what) in self.open.drain(..) {
            let told = tokio::time::timeout(Duration::from_secs(60), told).await;
            assert_eq!(told.expect("no answer").unwrap(), expected, "{what}");
        }
    }
}

async fn play(steps: &[Step]) {
    let directory = tempfile::tempdir().unwrap();
    let db = directory.path().join("model.db");
    let mut running = Some(Running::start(&db, "127.0.0.1:0").await);
    let address = running.as_ref().unwrap().address;
    let mut players = Vec::new();
    for _ in 0..CLIENTS {
        let proxy = Proxy::peaceful(address).await.unwrap();
        let builder = Client::builder(proxy.url())
            .backoff(Duration::from_millis(1), Duration::from_millis(20))
            .random(|| 0.5);
        let client = builder.start().unwrap();
        let changes = client.collection::<Todo>().subscribe().await.unwrap();
        players.push(Player {
            client,
            proxy,
            changes,
            follower: Follower::default(),
            open: Vec::new(),
        });
    }
    // Clients write to rows of their own, so that the model knows the outcome of each write when it is asked for.
    let mut model: BTreeMap<(usize, u8), String> = BTreeMap::new();
    let id = |client: usize, row: u8| Uuid::from_u128((client as u128 + 1) << 32 | u128::from(row));
    for (n, step) in steps.iter().enumerate() {
        let title = format!("step:{n}");
        let what = format!("{n}: {step:?}");
        let there = |known: bool| if known { Ok(()) } else { Err(Code::NotFound) };
        match *step {
            Step::Create { client, row } => {
                let known = model.contains_key(&(client, row));
                let player = &mut players[client];
                let draft = Todo::draft(title.clone()).with_id(id(client, row));
                let write = player.client.collection::<Todo>().create(draft);
                player.send(
                    write,
                    if known { Err(Code::Conflict) } else { Ok(()) },
                    what,
                );
                model.entry((client, row)).or_insert(title);
            }
            Step::Patch { client, row } => {
                let known = model.get_mut(&(client, row));
                let player = &mut players[client];
                let patch = Patch::new().set(Todo::title(), title.clone());
                let write = player
                    .client
                    .collection::<Todo>()
                    .patch(&id(client, row), patch);
                let outcome = there(known.is_some());
                player.send(write, outcome, what);
                if let Some(known) = known {
                    *known = title;
                }
            }
            Step::Update { client, row } => {
                let known = model.get_mut(&(client, row));
                let player = &mut players[client];
                let now = jiff::Timestamp::UNIX_EPOCH;
                let row = Todo {
                    id: id(client, row),
                    title: title.clone(),
                    done: true,
                    created_at: now,
                    updated_at: now,
                };
                let write = player.client.collection::<Todo>().update(&row);
                let outcome = there(known.is_some());
                player.send(write, outcome, what);
                if let Some(known) = known {
                    *known = title;
                }
            }
            Step::Delete { client, row } => {
                let known = model.remove(&(client, row)).is_some();
                let player = &mut players[client];
                let write = player.client.collection::<Todo>().delete(&id(client, row));
                player.send(write, there(known), what);
            }
            Step::Reset { client } => players[client].proxy.strike(),
            Step::Cut { client } => {
                players[client].proxy.refuse(true);
                players[client].proxy.strike();
            }
            Step::Join { client } => players[client].proxy.refuse(false),
            Step::Restart => {
                running.take().unwrap().end().await;
                running = Some(Running::start(&db, &address.to_string()).await);
            }
            Step::Forget { keep } => {
                // Results go with the log, so none may be on its way that a client would ask for again.
                join_and_settle(&mut players).await;
                let store = &running.as_ref().unwrap().store;
                let head = store.read(Default::default()).await.unwrap().seq;
                store
                    .forget(head.saturating_sub(keep.into()))
                    .await
                    .unwrap();
            }
            Step::Settle => join_and_settle(&mut players).await,
        }
    }
    join_and_settle(&mut players).await;
    let reader = Client::connect(format!("http://{address}")).await.unwrap();
    let rows = reader.collection::<Todo>().list().await.unwrap();
    let rows: HashMap<Uuid, Todo> = rows.into_iter().map(|row| (row.id, row)).collect();
    let titles: BTreeMap<Uuid, String> = rows
        .iter()
        .map(|(id, row)| (*id, row.title.clone()))
        .collect();
    let expected = model
        .into_iter()
        .map(|((client, row), title)| (id(client, row), title));
    assert_eq!(titles, expected.collect());
    for player in &mut players {
        let follower = &mut player.follower;
        follower.converge(&mut player.changes, false, &rows).await;
        assert!(follower.faults.is_empty(), "{:?}", follower.faults);
    }
    drop(players);
    drop(reader);
    running.take().unwrap().end().await;
}

async fn join_and_settle(players: &mut [Player]) {
    for player in players.iter() {
        player.proxy.refuse(false);
    }
    for player in players {
        player.settle().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(24),
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::WithSource("proptest-regressions"),
        )),
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })]

    #[test]
    fn clients_and_server_agree_with_the_model(steps in steps()) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(play(&steps));
    }
}
