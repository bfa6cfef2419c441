// A relay before a TCP server of the tests: to lose that server, or a connection to it at a chosen moment.

import { connect, createServer, type Socket } from 'node:net';

export interface Relay {
  readonly port: number;
  /** Connections are refused, and those there are cut. */
  lose(): Promise<void>;
  /** On the same port as before. */
  regain(): Promise<void>;
  /**
   * Cuts the next connection that sends the words: before they reach the server, or once it has them and answers, before
   * its answer reaches the client.
   */
  cutAt(words: string, when: 'BEFORE' | 'BEFORE_ANSWER'): void;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startRelay(target: { readonly host: string; readonly port: number }): Promise<Relay> {
  const sockets = new Set<Socket>();
  let cut: { readonly words: string; readonly when: 'BEFORE' | 'BEFORE_ANSWER' } | undefined;

  const open = (port: number) => {
    const server = createServer((client) => {
      const upstream = connect(target);
      const end = (): void => {
        client.destroy();
        upstream.destroy();
      };
      let isAnswerLost = false;
      client.on('data', (chunk) => {
        if (cut !== undefined && chunk.includes(cut.words)) {
          isAnswerLost = cut.when === 'BEFORE_ANSWER';
          cut = undefined;
          if (!isAnswerLost) return end();
        }
        upstream.write(chunk);
      });
      upstream.on('data', (chunk) => (isAnswerLost ? end() : client.write(chunk)));
      for (const socket of [client, upstream]) {
        sockets.add(socket);
        socket.on('error', end).on('close', () => {
          sockets.delete(socket);
          end();
        });
      }
    });
    return new Promise<typeof server>((resolve, reject) => {
      server.on('error', reject).listen(port, '127.0.0.1', () => resolve(server));
    });
  };

  let server = await open(0);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const lose = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    port,
    lose,
    async regain() {
      server = await open(port);
    },
    cutAt(words, when) {
      cut = { words, when };
    },
    [Symbol.asyncDispose]: lose,
  };
}
