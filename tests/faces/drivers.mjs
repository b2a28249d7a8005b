// The four faces, each as a function that asks one thing and answers `{row, error}`: the same for all.
// Invariant: stock clients and bare sockets only; nothing of ours takes part but the server.

import {once} from 'node:events';
import {randomUUID} from 'node:crypto';
import {io} from 'socket.io-client';
import WebSocket from 'ws';

/** The frame protocol over anything that carries messages. */
class Frames {
  waiting = new Map();
  mid = 0;
  heard = [];

  constructor(send) {
    this.send = send;
  }

  hear(message) {
    const frames = Array.isArray(message[0]) ? message : [message];
    for (const frame of frames) {
      this.heard.push(frame);
      const key = frame[0] === 'R' ? `R${frame[1]}` : frame[0] === 'X' ? 'X' : frame[0];
      this.waiting.get(key)?.(frame);
      this.waiting.delete(key);
    }
  }

  next(key) {
    return new Promise((resolve) => this.waiting.set(key, resolve));
  }

  async hello(subs = []) {
    const welcome = this.next('W');
    this.send(['H', {v: 1, cid: randomUUID(), subs, last_mid: 0}]);
    return (await welcome)[1];
  }

  async write(op, collection, id, data) {
    const mid = ++this.mid;
    const result = this.next(`R${mid}`);
    this.send(['M', [[mid, op, collection, id, data]]]);
    const [, , error, row] = await result;
    return {error, row};
  }

  /** Something that is no frame, or not one that can be read. */
  async nonsense(message) {
    const failure = this.next('X');
    this.send(message);
    return {error: (await failure)[2]};
  }
}

export async function native(server) {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/realtime`, 'vertebra.1');
  const frames = new Frames((message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)));
  socket.on('message', (data) => frames.hear(JSON.parse(data)));
  await once(socket, 'open');
  await frames.hello();
  return {
    name: 'native WebSocket',
    frames,
    write: (...what) => frames.write(...what),
    nonsense: (text) => frames.nonsense(text),
    close: () => socket.terminate(),
  };
}

export async function socketIoFrames(server) {
  const socket = io(server.url, {transports: ['websocket'], forceNew: true});
  const frames = new Frames((message) => socket.emit('s', message));
  socket.on('s', (message) => frames.hear(message));
  await once(socket, 'connect');
  await frames.hello();
  return {
    name: 'Socket.IO, frames',
    frames,
    write: (...what) => frames.write(...what),
    nonsense: (message) => frames.nonsense(message),
    close: () => socket.close(),
  };
}

export async function socketIoPlain(server) {
  const sockets = new Map();
  const socketOf = async (collection) => {
    if (!sockets.has(collection)) {
      const socket = io(`${server.url}/${collection}`, {transports: ['websocket'], forceNew: true});
      sockets.set(collection, socket);
      const refused = new Promise((resolve) => socket.once('connect_error', (error) => resolve(error.data)));
      const error = await Promise.race([once(socket, 'connect').then(() => null), refused]);
      if (error) return {error};
    }
    return {socket: sockets.get(collection)};
  };
  return {
    name: 'Socket.IO, plain',
    socketOf,
    async write(op, collection, id, data) {
      const {socket, error} = await socketOf(collection);
      if (error) return {error};
      const attributes = id === null ? data : {id, ...data};
      return new Promise((resolve) => {
        socket.emit(op, attributes, (error, row) => resolve({error, row}));
      });
    },
    close: () => sockets.forEach((socket) => socket.close()),
  };
}

export function http(server) {
  const methods = {create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE'};
  const ask = async (method, path, body) => {
    const headers = body === undefined ? {} : {'content-type': 'application/json'};
    const response = await fetch(`${server.url}/api/${path}`, {method, headers, body});
    const answer = await response.json();
    if (response.ok) return {error: null, row: answer};
    const {title, detail, ...error} = answer;
    return {error, type: response.headers.get('content-type')};
  };
  return {
    name: 'HTTP',
    ask,
    write: (op, collection, id, data) => (
      ask(methods[op], id === null ? collection : `${collection}/${encodeURIComponent(id)}`, data ? JSON.stringify(data) : undefined)),
    close() {},
  };
}

/** All four, connected; they end with the test. */
export async function faces(t, server) {
  const all = [await native(server), await socketIoFrames(server), await socketIoPlain(server), http(server)];
  t.after(() => all.forEach((face) => face.close()));
  return all;
}
