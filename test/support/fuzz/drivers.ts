// Send what a grammar made and judge what comes back.

import { Pool } from 'undici';
import { WebSocket } from 'ws';
import type { FuzzRequest } from './request-grammar.ts';
import { problemOfAnswer, problemOfClose, problemOfMessage } from './well-formed.ts';

/** Says what was wrong with the answer; undefined when nothing was. */
type Drive<Type extends FuzzRequest['type']> = (
  request: Extract<FuzzRequest, { type: Type }>,
) => Promise<string | undefined>;

export interface Drivers {
  readonly http: Drive<'HTTP'>;
  readonly subscribe: Drive<'SUBSCRIBE'>;
  readonly conversation: Drive<'CONVERSATION'>;
  close(): Promise<void>;
}

export interface DriversOptions {
  /** e.g. `http://127.0.0.1:4000` */
  readonly url: string;
  /** Shown every text that came. */
  readonly onText: (text: string) => void;
}

const protocol = 'graphql-transport-ws';
const patienceMs = 20_000;
/** Long enough for a stream to begin. */
const soonMs = 15;

export function createDrivers({ url, onText }: DriversOptions): Drivers {
  const pool = new Pool(url, { connections: 24, pipelining: 1, keepAliveTimeout: 60_000 });
  const socketUrl = `${url.replace('http', 'ws')}/graphql`;
  const shared = createSharedSockets(socketUrl, onText);

  return {
    async http({ method, path, headers, body, leaves }) {
      const leave = new AbortController();
      // Cleared, so that nothing of a request is kept for as long as it might have taken.
      const timer = setTimeout(() => leave.abort(new Error('it took too long')), patienceMs);
      const sent = pool.request({ method, path, headers, body: body ?? null, signal: leave.signal });
      if (leaves === 'AT_ONCE') setImmediate(() => leave.abort());
      if (leaves === 'SOON') setTimeout(() => leave.abort(), soonMs);
      try {
        const answer = await sent;
        const text = await answer.body.text();
        onText(text);
        return problemOfAnswer({ method, status: answer.statusCode, headers: answer.headers, text });
      } catch (error) {
        return leaves !== undefined ? undefined : `no answer: ${error}`;
      } finally {
        clearTimeout(timer);
      }
    },
    subscribe: ({ payload, leaves }) => shared.subscribe(payload, leaves),
    conversation: ({ messages }) => converse(socketUrl, messages, onText),
    async close() {
      shared.close();
      await pool.destroy();
    },
  };
}

function createSharedSockets(url: string, onText: (text: string) => void) {
  interface Waiting {
    readonly leaves: boolean;
    end(problem: string | undefined): void;
  }
  interface Shared {
    readonly socket: WebSocket;
    readonly waiting: Map<string, Waiting>;
  }
  let sockets: Promise<Shared>[] = [];
  let turn = 0;
  let ids = 0;

  function open(): Promise<Shared> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, protocol);
      const waiting = new Map<string, Waiting>();
      socket.once('open', () => socket.send('{"type":"connection_init","payload":{"authorization":"Bearer good"}}'));
      socket.on('error', reject);
      socket.on('message', (data) => {
        const text = String(data);
        onText(text);
        const message = JSON.parse(text);
        const problem = problemOfMessage(message);
        if (message.type === 'connection_ack') return resolve({ socket, waiting });
        const wait = waiting.get(message.id);
        if (problem === undefined && message.type === 'next' && wait?.leaves !== true) return;
        if (message.type === 'next' && wait?.leaves) socket.send(`{"type":"complete","id":"${message.id}"}`);
        waiting.delete(message.id);
        wait?.end(problem);
      });
      socket.once('close', (code, reason) => {
        sockets = [];
        for (const { end } of waiting.values()) end(`the shared socket closed with ${code} ${reason}`);
      });
    });
  }

  return {
    /** `leaves`: it is completed from this side at the first event. */
    async subscribe(payload: string, leaves: boolean): Promise<string | undefined> {
      if (sockets.length === 0) sockets = Array.from({ length: 4 }, open);
      const { socket, waiting } = await (sockets[turn++ % sockets.length] as Promise<Shared>);
      const id = `op-${ids++}`;
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve('the operation did not end'), patienceMs);
        waiting.set(id, {
          leaves,
          end: (problem) => {
            clearTimeout(timer);
            resolve(problem);
          },
        });
        socket.send(`{"type":"subscribe","id":"${id}","payload":${payload}}`);
      });
    },
    close() {
      for (const each of sockets) void each.then(({ socket }) => socket.terminate());
    },
  };
}

/** Says all of it at once, reads what comes until a last ping is answered, then hangs up. */
function converse(
  url: string,
  messages: readonly (string | Buffer)[],
  onText: (text: string) => void,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, protocol);
    let hasLeft = false;
    let found: string | undefined;
    const leave = (): void => {
      hasLeft = true;
      socket.terminate();
    };
    const timer = setTimeout(() => {
      found = 'the conversation did not end';
      leave();
    }, patienceMs);
    socket.on('error', (error) => {
      found ??= `the socket failed: ${error.message}`;
    });
    socket.once('open', () => {
      for (const message of messages) socket.send(message, { binary: typeof message !== 'string' });
      socket.send('{"type":"ping","payload":{"last":true}}');
    });
    socket.on('message', (data) => {
      const text = String(data);
      onText(text);
      found ??= problemOfMessage(JSON.parse(text));
      if (text.includes('"last":true')) leave();
    });
    socket.once('close', (code) => {
      clearTimeout(timer);
      resolve(found ?? (hasLeft ? undefined : problemOfClose(code)));
    });
  });
}
