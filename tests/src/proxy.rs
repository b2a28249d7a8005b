//! A TCP proxy that breaks connections: resets and closes them after some bytes or some time, delays what they carry, and
//! falls silent in one direction or in both.
//!
//! Invariant: what happens to the n-th connection follows from the seed and n alone.

use crate::random::Random;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Both sides see a reset.
    Reset,
    /// Both sides see a close.
    Close,
    /// What goes one way is swallowed for so long; then both sides see a reset.
    Silence(Way, Duration),
    /// What goes either way is swallowed for so long; then both sides see a reset.
    BlackHole(Duration),
}

/// What happens to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// The direction whose bytes are counted.
    pub way: Way,
    /// After how many of them it ends.
    pub bytes: u64,
    /// After how long it ends, if there were not so many bytes.
    pub life: Duration,
    /// How long each piece that it carries is held back.
    pub delay: Duration,
    /// How it ends.
    pub end: End,
}

impl Fate {
    /// What happens to the n-th connection. Connections live up to `life`, and carry up to `bytes`.
    pub fn of(seed: u64, number: u64, life: Duration, bytes: u64) -> Fate {
        let mut random = Random::part(seed, number);
        let way = if random.percent(70) {
            Way::Down
        } else {
            Way::Up
        };
        // As many small numbers as large ones: the handshake and the welcome are cut through too.
        let bits = random.fraction() * (bytes.max(2) as f64).log2();
        let bytes = bits.exp2() as u64;
        let life = life.mul_f64(0.05 + 0.95 * random.fraction());
        let delay = match random.percent(30) {
            true => Duration::from_millis(1 + random.below(15)),
            false => Duration::ZERO,
        };
        let hold = Duration::from_millis(20 + random.below(180));
        let end = match random.below(10) {
            0..5 => End::Reset,
            5..7 => End::Close,
            7..9 => End::Silence(way, hold),
            _ => End::BlackHole(hold),
        };
        Fate {
            way,
            bytes,
            life,
            delay,
            end,
        }
    }
}

/// A proxy that runs until it is dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    to: SocketAddr,
    /// What happens to the n-th connection; `None` is nothing.
    fate: Box<dyn Fn(u64) -> Option<Fate> + Send + Sync>,
    calm: watch::Sender<bool>,
    broken: watch::Sender<u64>,
    /// Ends what is open now.
    strike: Notify,
    /// Takes no connections.
    closed: AtomicBool,
    accepted: AtomicU64,
}

impl Proxy {
    /// A proxy before an address, with fates by seed.
    pub async fn start(to: SocketAddr, seed: u64, life: Duration, bytes: u64) -> io::Result<Proxy> {
        Proxy::with(to, move |number| Some(Fate::of(seed, number, life, bytes))).await
    }

    /// A proxy that does nothing by itself.
    pub async fn peaceful(to: SocketAddr) -> io::Result<Proxy> {
        Proxy::with(to, |_| None).await
    }

    /// A proxy with fates of the caller's.
    pub async fn with(
        to: SocketAddr,
        fate: impl Fn(u64) -> Option<Fate> + Send + Sync + 'static,
    ) -> io::Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            to,
            fate: Box::new(fate),
            calm: watch::Sender::new(false),
            broken: watch::Sender::new(0),
            strike: Notify::new(),
            closed: AtomicBool::new(false),
            accepted: AtomicU64::new(0),
        });
        let task = tokio::spawn(accept(listener, shared.clone()));
        Ok(Proxy {
            address,
            shared,
            task,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// As the URL of a server.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections it has broken, now and from now on.
    pub fn broken(&self) -> watch::Receiver<u64> {
        self.shared.broken.subscribe()
    }

    /// Waits until it has broken so many connections.
    pub async fn has_broken(&self, count: u64) {
        // The sender lives as long as this proxy.
        let _ = self.broken().wait_for(|broken| *broken >= count).await;
    }

    /// How many connections there were.
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// From now on nothing happens to connections; those that are silent are reset.
    pub fn calm(&self) {
        self.shared.calm.send_replace(true);
    }

    /// Resets what is open.
    pub fn strike(&self) {
        self.shared.strike.notify_waiters();
    }

    /// Whether connections are refused at once; those that are open stay.
    pub fn refuse(&self, closed: bool) {
        self.shared.closed.store(closed, Ordering::Relaxed);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.shared.strike.notify_waiters();
    }
}

impl Shared {
    async fn is_calm(&self) {
        // The sender lives as long as this.
        let _ = self.calm.subscribe().wait_for(|calm| *calm).await;
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        if shared.closed.load(Ordering::Relaxed) {
            reset(&client);
            continue;
        }
        let number = shared.accepted.fetch_add(1, Ordering::Relaxed);
        let shared = shared.clone();
        tokio::spawn(async move { serve(client, number, &shared).await });
    }
}

fn reset(stream: &TcpStream) {
    // Where this fails the stream is gone, which is what was wanted.
    let _ = stream.set_zero_linger();
}

async fn serve(mut client: TcpStream, number: u64, shared: &Shared) {
    let Ok(mut server) = TcpStream::connect(shared.to).await else {
        return reset(&client);
    };
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    let fate = (shared.fate)(number).filter(|_| !*shared.calm.borrow());
    let state = State {
        fate,
        struck: Notify::new(),
        silent: [AtomicBool::new(false), AtomicBool::new(false)],
    };
    let (client_end, server_end) = (client.split(), server.split());
    let end = tokio::select! {
        () = carry(client_end.0, server_end.1, Way::Up, &state) => return,
        () = carry(server_end.0, client_end.1, Way::Down, &state) => return,
        end = state.run(shared) => end,
        () = shared.strike.notified() => End::Reset,
    };
    if end != End::Close {
        reset(&client);
        reset(&server);
    }
    shared.broken.send_modify(|broken| *broken += 1);
}

struct State {
    fate: Option<Fate>,
    /// So many bytes have passed that the connection ends.
    struck: Notify,
    /// Up, down.
    silent: [AtomicBool; 2],
}

impl State {
    /// Resolves when the connection is to be ended.
    async fn run(&self, shared: &Shared) -> End {
        let Some(fate) = self.fate else {
            return std::future::pending().await;
        };
        tokio::select! {
            () = self.struck.notified() => {}
            () = sleep(fate.life) => {}
            () = shared.is_calm() => return std::future::pending().await,
        }
        let hold = match fate.end {
            End::Reset | End::Close => return fate.end,
            End::Silence(way, hold) => {
                self.silence(way);
                hold
            }
            End::BlackHole(hold) => {
                self.silence(Way::Up);
                self.silence(Way::Down);
                hold
            }
        };
        tokio::select! {
            () = sleep(hold) => {}
            () = shared.is_calm() => {}
        }
        fate.end
    }

    fn silence(&self, way: Way) {
        self.silent[way as usize].store(true, Ordering::Relaxed);
    }
}

/// Carries bytes one way, until there are no more.
async fn carry(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, way: Way, state: &State) {
    let mut buffer = vec![0; 16 << 10];
    let mut room = state
        .fate
        .filter(|fate| fate.way == way)
        .map(|fate| fate.bytes);
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        let mut piece = &buffer[..read];
        if let Some(fate) = state.fate
            && !fate.delay.is_zero()
        {
            sleep(fate.delay).await;
        }
        let mut last = false;
        if let Some(left) = &mut room {
            if (read as u64) < *left {
                *left -= read as u64;
            } else {
                piece = &piece[..*left as usize];
                *left = 0;
                last = true;
            }
        }
        if !state.silent[way as usize].load(Ordering::Relaxed) && to.write_all(piece).await.is_err()
        {
            return;
        }
        if last {
            room = None;
            // The rest of the piece must not pass before the end comes.
            state.silence(way);
            state.struck.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_follow_from_seed_and_number() {
        let fate = |seed, n| Fate::of(seed, n, Duration::from_secs(1), 1 << 16);
        let all = |seed| (0..500).map(|n| fate(seed, n)).collect::<Vec<_>>();
        assert_eq!(all(1), all(1));
        assert_ne!(all(1), all(2));
        let has = |what: fn(&End) -> bool| all(1).iter().any(|fate| what(&fate.end));
        assert!(has(|end| *end == End::Reset) && has(|end| *end == End::Close));
        assert!(has(|end| matches!(end, End::Silence(Way::Up, _))));
        assert!(has(|end| matches!(end, End::Silence(Way::Down, _))));
        assert!(has(|end| matches!(end, End::BlackHole(_))));
    }

    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    tokio::io::copy(&mut read, &mut write).await
                });
            }
        });
        address
    }

    #[tokio::test]
    async fn bytes_pass_up_to_the_one_at_which_it_breaks() {
        for (end, reset) in [(End::Reset, true), (End::Close, false)] {
            let fate = Fate {
                way: Way::Down,
                bytes: 700,
                life: Duration::from_secs(60),
                delay: Duration::ZERO,
                end,
            };
            let proxy = Proxy::with(echo().await, move |_| Some(fate))
                .await
                .unwrap();
            let mut client = TcpStream::connect(proxy.address()).await.unwrap();
            client.write_all(&[7; 2000]).await.unwrap();
            let mut read = Vec::new();
            let outcome = client.read_to_end(&mut read).await;
            // A reset may overtake what was sent before it.
            assert!(if reset {
                read.len() <= 700
            } else {
                read.len() == 700
            });
            assert_eq!(outcome.is_err(), reset);
            proxy.has_broken(1).await;
        }
    }

    #[tokio::test]
    async fn silence_swallows_until_it_is_calm() {
        let fate = Fate {
            way: Way::Down,
            bytes: 5,
            life: Duration::from_secs(60),
            delay: Duration::ZERO,
            end: End::Silence(Way::Down, Duration::from_secs(600)),
        };
        let proxy = Proxy::with(echo().await, move |_| Some(fate))
            .await
            .unwrap();
        let mut client = TcpStream::connect(proxy.address()).await.unwrap();
        client.write_all(b"hello, world").await.unwrap();
        let mut read = [0; 5];
        client.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"hello");
        let rest = tokio::time::timeout(Duration::from_millis(50), client.read(&mut read)).await;
        assert!(rest.is_err(), "{rest:?}");
        proxy.calm();
        assert!(client.read(&mut read).await.is_err());
        let mut client = TcpStream::connect(proxy.address()).await.unwrap();
        client.write_all(b"12345 and more").await.unwrap();
        let mut all = [0; 14];
        client.read_exact(&mut all).await.unwrap();
    }
}
