// The transports by hand, without a client library in between: a WebSocket message by message, and the text of an
// answer that streams. For tests of what exactly goes over the wire.

import { WebSocket } from 'ws';

export interface WireMessage {
  readonly type: string;
  readonly id?: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into payloads of every shape
  readonly payload?: any;
}

export interface WireClose {
  readonly code: number;
  readonly reason: string;
}

export interface Wire extends AsyncDisposable {
  readonly socket: WebSocket;
  /** Objects go as JSON, text and bytes as they are. */
  send(message: unknown): void;
  /** The next message of the server. @throws Error when the socket closes instead. */
  next(): Promise<WireMessage>;
  /** Subscribes and gives the first message that is about this operation. */
  subscribe(id: string, payload: unknown): Promise<WireMessage>;
  readonly closed: Promise<WireClose>;
}

export interface OpenWireOptions {
  /** '' asks for none. Default: graphql-transport-ws. */
  readonly protocol?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Resolves when the socket is open. @throws Error when the upgrade is refused. */
export async function openWire(url: string, options: OpenWireOptions = {}): Promise<Wire> {
  const protocol = options.protocol ?? 'graphql-transport-ws';
  const socket = new WebSocket(url, protocol === '' ? [] : [protocol], { headers: options.headers });
  const received: WireMessage[] = [];
  const waiting: { resolve(message: WireMessage): void; reject(error: Error): void }[] = [];
  const closed = new Promise<WireClose>((resolve) => {
    socket.once('close', (code, reason) => {
      for (const { reject } of waiting.splice(0)) reject(new Error(`the socket closed with ${code} ${reason}`));
      resolve({ code, reason: String(reason) });
    });
  });
  socket.on('message', (data) => {
    const message: WireMessage = JSON.parse(String(data));
    const first = waiting.shift();
    if (first === undefined) received.push(message);
    else first.resolve(message);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve()).once('error', reject);
  });
  socket.on('error', () => undefined);

  const wire: Wire = {
    socket,
    closed,
    send: (message) =>
      socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message)),
    next() {
      const message = received.shift();
      if (message !== undefined) return Promise.resolve(message);
      if (socket.readyState === socket.CLOSED) return Promise.reject(new Error('the socket is closed'));
      return new Promise((resolve, reject) => void waiting.push({ resolve, reject }));
    },
    async subscribe(id, payload) {
      wire.send({ type: 'subscribe', id, payload });
      for (;;) {
        const message = await wire.next();
        if (message.id === id) return message;
      }
    },
    async [Symbol.asyncDispose]() {
      socket.terminate();
      await closed;
    },
  };
  return wire;
}

/** An open socket that the server has let in with this key. */
export async function openSignedIn(url: string, key: string): Promise<Wire> {
  const wire = await openWire(url);
  wire.send({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } });
  const answer = await wire.next();
  if (answer.type !== 'connection_ack') throw new Error(`expected connection_ack, got ${answer.type}`);
  return wire;
}

export const streamTypes = {
  SSE: 'text/event-stream',
  multipart: 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
} as const;

/** Reads the answer until its text holds `part`; gives what was read. */
export async function readUntil(response: Response, part: string): Promise<string> {
  if (response.body === null) throw new Error('the answer has no body');
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (!text.includes(part)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the answer ended before ${part}: ${text}`);
    text += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return text;
}
