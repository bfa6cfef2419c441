// HTTP by hand, byte by byte: for requests that no client library would send, and clients that behave as none should.

import { connect, type Socket } from 'node:net';
import type { GraphQLFormattedError } from 'graphql';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case, in the order they came. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface RawConnection {
  readonly socket: Socket;
  /** What has come so far. */
  readonly received: () => string;
  /** Resolves with everything that came, once the server has closed. */
  readonly closed: Promise<string>;
}

export function openRaw(url: string): RawConnection {
  const { hostname, port } = new URL(url);
  // It stays open until the server closes it, whatever it sends.
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  // A connection that is cut while something is still being sent tells so as an error: its closing follows.
  socket.on('error', () => undefined);
  const closed = new Promise<string>((resolve) => {
    socket.once('end', () => socket.end()).once('close', () => resolve(text));
  });
  return { socket, received: () => text, closed };
}

/** Sends the bytes and reads until the server closes. */
export async function sendRaw(url: string, bytes: string | Uint8Array): Promise<readonly RawAnswer[]> {
  const { socket, closed } = openRaw(url);
  socket.write(bytes);
  return readAnswers(await closed);
}

/** The answers in a text that holds nothing else. @throws Error for anything else. */
export function readAnswers(text: string): readonly RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = text;
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n');
    const [statusLine = '', ...lines] = rest.slice(0, Math.max(0, end)).split('\r\n');
    const status = /^HTTP\/1\.1 (\d{3}) [A-Za-z ]+$/.exec(statusLine)?.[1];
    if (status === undefined) throw new Error(`this is no answer: ${rest.slice(0, 200)}`);
    const headers = new Map<string, string>();
    for (const line of lines) {
      const [, name, value] = /^([A-Za-z-]+): ([\x20-\x7e]+)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new Error(`this is no header: ${line}`);
      if (headers.has(name.toLowerCase())) throw new Error(`the header ${name} came twice`);
      headers.set(name.toLowerCase(), value);
    }
    const from = end + 4;
    const to = from + (status === '100' ? 0 : Number(headers.get('content-length') ?? Number.NaN));
    if (!(to <= rest.length)) throw new Error(`an answer without a length, or cut: ${rest.slice(0, 400)}`);
    answers.push({ status: Number(status), headers, body: rest.slice(from, to) });
    rest = rest.slice(to);
  }
  return answers;
}

export const errorsOf = (answer: RawAnswer | undefined): readonly GraphQLFormattedError[] =>
  answer === undefined || answer.body === '' ? [] : (JSON.parse(answer.body).errors ?? []);

/** A POST of GraphQL with a good key; `lines` are more header lines. It asks the server to close afterwards. */
export const rawPost = (body: string, key: string, lines: readonly string[] = []): string =>
  [
    'POST /graphql HTTP/1.1',
    'Host: sluice',
    `Authorization: Bearer ${key}`,
    'Content-Type: application/json',
    'Connection: close',
    ...lines,
    '',
    body,
  ].join('\r\n');
