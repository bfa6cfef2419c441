// A bare WebSocket that keeps what it received, so that tests see frames and close codes as they are.

import { once } from 'node:events';
import { WebSocket } from 'ws';

export type GatewayMessage = Readonly<Record<string, unknown>> & { readonly type: string };

export interface TestSocket {
  readonly socket: WebSocket;
  readonly received: readonly GatewayMessage[];
  readonly closeCode: Promise<number>;
  send(message: GatewayMessage): void;
  /** The next message not yet taken. Rejects when the socket closes instead. */
  next(): Promise<GatewayMessage>;
  until(matches: (message: GatewayMessage) => boolean): Promise<GatewayMessage>;
}

export interface OpenSocketOptions {
  /** Empty: none is asked for. */
  readonly protocol?: string;
  readonly headers?: Record<string, string>;
  readonly autoPong?: boolean;
}

export async function openSocket(url: string, options: OpenSocketOptions = {}): Promise<TestSocket> {
  const { protocol = 'graphql-transport-ws', headers = {}, autoPong = true } = options;
  const socket = new WebSocket(url.replace('http', 'ws'), protocol === '' ? [] : protocol, { headers, autoPong });
  const received: GatewayMessage[] = [];
  let taken = 0;
  let wake = (): void => undefined;
  let isClosed = false;
  socket.on('error', () => undefined);
  socket.on('message', (data) => {
    received.push(JSON.parse(String(data)));
    wake();
  });
  const closeCode = new Promise<number>((resolve) => {
    socket.once('close', (code) => {
      isClosed = true;
      wake();
      resolve(code);
    });
  });
  await Promise.race([once(socket, 'open'), closeCode]);

  async function next(): Promise<GatewayMessage> {
    for (;;) {
      const message = received[taken];
      if (message !== undefined) {
        taken++;
        return message;
      }
      if (isClosed) throw new Error('the socket was closed');
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  return {
    socket,
    received,
    closeCode,
    send: (message) => socket.send(JSON.stringify(message)),
    next,
    async until(matches) {
      for (;;) {
        const message = await next();
        if (matches(message)) return message;
      }
    },
  };
}
