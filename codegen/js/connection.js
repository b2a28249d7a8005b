// One socket to the server, made again whenever it is lost: a WebSocket, or a Socket.IO socket of the application's.
// Invariant: at most one socket is open, and silence is noticed: a peer that says nothing for 2.5 heartbeats is dead.

/**
 * @param {any} target a URL, or a connected or connectable socket.io-client socket
 * @param {any} options {WebSocket, timers, random}
 * @param {{open: () => void, message: (data: any) => void, close: (final: boolean) => void}} on
 */
export function createConnection(target, options, on) {
  const timers = options.timers || globalThis;
  const random = options.random || Math.random;
  const hosts = [globalThis, globalThis.document].filter((host) => host && host.addEventListener);
  let socket = null; // {send, close} of the current attempt
  let attempt = 0;
  let heartbeat = 4000;
  let earliest = 0;
  let ended = false;
  let retry;
  let watchdog;

  function watch(factor = 2.5) {
    timers.clearTimeout(watchdog);
    watchdog = timers.setTimeout(lost, heartbeat * factor);
  }
  function open() {
    timers.clearTimeout(retry);
    if (ended || socket) return;
    watch();
    // Events of a socket that has been given up are not ours any more.
    let mine;
    const current = (run) => (value) => { if (mine === socket) run(value); };
    socket = mine = {send() {}, close() {}};
    Object.assign(mine, (target.emit ? openSocketIo : openWebSocket)(target, options, {
      open: current(on.open),
      message: current((data) => { watch(); on.message(data); }),
      close: current(lost),
    }, mine));
  }
  function lost(code) {
    if (!socket) return;
    const old = socket;
    socket = null;
    timers.clearTimeout(watchdog);
    old.close();
    if (code >= 4500 && code < 5000) ended = true;
    if (!ended) {
      retry = timers.setTimeout(open, earliest + random() * Math.min(16000, 250 * 2 ** attempt++));
      earliest = 0;
    }
    on.close(ended);
  }
  // The network may be back, or the machine has slept: find out at once.
  function probe() {
    if (socket) watch(1.25);
    else open();
  }
  const listen = (method) => hosts.forEach((host) => ['online', 'visibilitychange'].forEach((name) => host[method](name, probe)));
  listen('addEventListener');

  return {
    open,
    /** Sends a frame or a batch; the caller knows that the socket is open. */
    send: (frame) => socket && socket.send(frame),
    /** The server has welcomed us: the next loss starts from a short delay again. */
    welcomed(heartbeatMs) {
      attempt = 0;
      heartbeat = heartbeatMs || heartbeat;
      watch();
    },
    /** The server says goodbye and when to come back, or never. */
    bye(code, retryMs) {
      earliest = retryMs || 0;
      lost(code);
    },
    /** Gives this socket up and tries again. */
    drop: lost,
    end() {
      ended = true;
      listen('removeEventListener');
      timers.clearTimeout(retry);
      timers.clearTimeout(watchdog);
      const old = socket;
      socket = null;
      if (old) old.close();
    },
  };
}

/** @param {string} url */
export function openWebSocket(url, options, on) {
  const socket = new (options.WebSocket || globalThis.WebSocket)(url, 'vertebra.1');
  socket.onopen = on.open;
  socket.onclose = (event) => on.close(event.code);
  socket.onmessage = (event) => {
    let data;
    try {
      data = JSON.parse(event.data);
    } catch (error) {
      return on.close(); // what isn't JSON isn't our peer
    }
    on.message(data);
  };
  return {send: (frame) => socket.send(JSON.stringify(frame)), close: () => socket.close()};
}

/** @param {any} io a socket.io-client socket; it carries frames as the one argument of event `s` */
export function openSocketIo(io, options, on, self) {
  const events = {connect: () => on.open(), s: on.message, disconnect: () => on.close(), connect_error: () => on.close()};
  const each = (method) => Object.keys(events).forEach((name) => io[method](name, events[name]));
  Object.assign(self, {
    send: (frame) => io.emit('s', frame),
    // Reconnecting is ours: socket.io's own attempts end with disconnect().
    close() { each('off'); io.disconnect(); },
  });
  each('on');
  if (io.connected) on.open();
  else io.connect();
  return {};
}
