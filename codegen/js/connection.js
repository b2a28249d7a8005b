// One socket to the server, made again whenever it is lost: a WebSocket, or a Socket.IO socket of the application's.
// Invariant: at most one socket is open, and silence is noticed: a peer that says nothing for 2.5 heartbeats is dead.

/**
 * @param {any} target a URL, or a connected or connectable socket.io-client socket
 * @param {any} options {WebSocket, timers, random}
 * @param {{open: () => void, message: (data: any) => void, close: (final: boolean) => void}} on
 */
export function createConnection(target, options, on) {
  const {timers = globalThis, random = Math.random} = options;
  let socket; // {send, close} of the current attempt; what has been closed is not heard any more
  let attempt = 0;
  let heartbeat = 4000;
  let ended;
  let retry;
  let watchdog;

  const watch = (factor = 2.5) => {
    timers.clearTimeout(watchdog);
    watchdog = timers.setTimeout(lose, heartbeat * factor);
  };
  const open = () => {
    timers.clearTimeout(retry);
    if (ended || socket) return;
    watch();
    socket = (target.emit ? openSocketIo : openWebSocket)(target, options, {
      open: on.open,
      message(data) {
        watch();
        on.message(data);
      },
      close: lose,
    });
  };
  const release = () => {
    timers.clearTimeout(retry);
    timers.clearTimeout(watchdog);
    socket?.close();
    socket = null;
  };
  const lose = (code, earliest = 0) => {
    release();
    ended = code >= 4500;
    if (!ended) retry = timers.setTimeout(open, earliest + random() * Math.min(16000, 250 * 2 ** attempt++));
    on.close(ended);
  };
  // The network may be back, or the machine has slept: find out at once.
  const probe = () => (socket ? watch(1.25) : open());
  globalThis.addEventListener?.('online', probe);
  globalThis.addEventListener?.('visibilitychange', probe);

  return {
    open,
    send: (frame) => socket.send(frame),
    /** The server has welcomed us: the next loss starts from a short delay again. */
    welcomed(ms) {
      attempt = 0;
      heartbeat = ms || heartbeat;
      watch();
    },
    /** Gives this socket up and tries again, unless the code says never, and not before `earliest` milliseconds. */
    lose,
    end() {
      ended = true;
      release();
    },
  };
}

/** @param {string} url */
export function openWebSocket(url, options, on) {
  const socket = new (options.WebSocket || WebSocket)(url, 'vertebra.1');
  socket.onopen = on.open;
  socket.onclose = (event) => on.close(event.code);
  socket.onmessage = (event) => on.message(JSON.parse(event.data));
  return {
    send: (frame) => socket.send(JSON.stringify(frame)),
    close() {
      socket.onclose = socket.onmessage = null;
      socket.close();
    },
  };
}

/** @param {any} io a socket.io-client socket; it carries frames as the one argument of event `s` */
export function openSocketIo(io, options, on) {
  const close = () => on.close();
  const events = Object.entries({connect: on.open, s: on.message, disconnect: close, connect_error: close});
  events.forEach(([name, handler]) => io.on(name, handler));
  if (io.connected) queueMicrotask(on.open);
  else io.connect();
  return {
    send: (frame) => io.emit('s', frame),
    close() {
      events.forEach(([name, handler]) => io.off(name, handler));
      io.disconnect(); // trying again is ours
    },
  };
}
