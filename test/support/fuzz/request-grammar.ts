// Requests that carry made-up operations over every transport: most as a client would send them, some with a mistake in
// the document, the variables, the envelope, the bytes or the headers, and some conversations no client holds.

import type { FuzzOperation } from './operation-grammar.ts';
import type { Tape } from './tape.ts';
import { slowPrompt, type ValueGrammar } from './value-grammar.ts';

export type FuzzRequest =
  | {
      readonly type: 'HTTP';
      readonly method: string;
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer | undefined;
      /** When the caller hangs up before the end. */
      readonly leaves: 'AT_ONCE' | 'SOON' | undefined;
    }
  /** The payload of a `subscribe`, on a socket that is shared with others. */
  | { readonly type: 'SUBSCRIBE'; readonly payload: string; readonly leaves: boolean }
  /** All that a socket of its own sends. */
  | { readonly type: 'CONVERSATION'; readonly messages: readonly (string | Buffer)[] };

const keys = ['good', 'other', 'user'] as const;

const accepts = {
  json: [
    'application/graphql-response+json',
    'application/json',
    '*/*',
    'application/graphql-response+json, application/json;q=0.9',
  ],
  stream: [
    'text/event-stream',
    'multipart/mixed;boundary=graphql;subscriptionSpec=1.0',
    'text/event-stream, multipart/mixed, application/json;q=0.1',
  ],
};
const strangeHeaders: readonly (readonly [string, string])[] = [
  ['accept', ''],
  ['accept', 'text/html'],
  ['accept', 'multipart/mixed;deferSpec=20220824,;;q=,*/*;q=-1'],
  ['content-type', 'text/plain'],
  ['content-type', 'application/json; charset=utf-16'],
  ['content-type', 'application/json ;'],
  ['content-encoding', 'gzip'],
  ['idempotency-key', 'header-key'],
  ['idempotency-key', '""'],
  ['idempotency-key', '"quoted"'],
  ['x-request-id', '../../etc/passwd'],
  ['x-request-id', 'mine-1'],
  ['authorization', 'Basic Z29vZDpnb29k'],
  ['authorization', 'Bearer nobody'],
  ['authorization', ''],
  ['x-api-key', 'other'],
  ['origin', 'https://evil.example.com'],
  ['cookie', 'a=b'],
  ['traceparent', '00-0-0-0'],
];

type Mutable = Record<string, unknown>;

export function createRequestGrammar(
  generate: (tape: Tape) => FuzzOperation,
  values: ValueGrammar,
): (tape: Tape) => FuzzRequest {
  /** The envelope as an object, with mistakes where the dice say so. */
  function envelopeOf(operation: FuzzOperation, tape: Tape): unknown {
    const { query, operationName, variables } = operation;
    const envelope: Mutable = { query, variables, operationName };
    if (!tape.chance(36)) return envelope;
    switch (tape.below(10)) {
      case 0:
      case 1:
      case 2:
        return { ...envelope, query: brokenDocument(query, tape) };
      case 3:
      case 4:
        return { ...envelope, variables: brokenVariables(variables ?? {}, tape) };
      case 5:
        return {
          ...envelope,
          [tape.pick(['query', 'variables', 'operationName', 'extensions', 'documentId'])]: values.json(tape),
        };
      case 6:
        return {
          ...envelope,
          extensions: { persistedQuery: tape.pick([{ version: 1, sha256Hash: 'ab' }, null, 5, { version: 2 }]) },
        };
      case 7:
        return { ...envelope, operationName: tape.pick(['Other', '', '__proto__', 'é']) };
      case 8:
        return tape.pick([[envelope], null, 5, 'text', [], {}, { query: '' }, { variables }]);
      default:
        return { ...envelope, __proto__: null, more: values.json(tape), constructor: values.json(tape) };
    }
  }

  function brokenDocument(query: string, tape: Tape): string {
    const at = tape.below(query.length + 1);
    const to = Math.min(query.length, at + 1 + tape.below(12));
    switch (tape.below(9)) {
      case 0:
        return query.slice(0, at) + query.slice(to);
      case 1:
        return query.slice(0, to) + query.slice(at);
      case 2:
        return `${query.slice(0, at)}${tape.pick(['{', '}', '(', ')', '"', '"""', '$', '@skip', '...', '#', '\u0000', '\ud800', '💥', ' nope '])}${query.slice(at)}`;
      case 3:
        return query.replace(/\b[a-z]\w+(?=[ ({])/, (name) => `${name}x`);
      case 4:
        return query.replace(/\$v0\b/g, '$nobody');
      case 5:
        return query.replace(/: (?:String|Int|ID|\w+Input)/, ': Float');
      case 6:
        return `${query} ${tape.pick([query, 'fragment Unused on Query { __typename }', 'fragment F0 on Query { ...F0 }', 'type A { b: Int }'])}`;
      case 7:
        return `{ ${'... { '.repeat(1 + tape.below(300))}__typename${' }'.repeat(300)} }`;
      default:
        return query.replace(
          '{',
          `{ ${Array.from({ length: tape.below(30) }, (_, index) => `a${index}: __typename`).join(' ')} `,
        );
    }
  }

  /** One place of them is something else. */
  function brokenVariables(variables: unknown, tape: Tape): unknown {
    if (typeof variables !== 'object' || variables === null || tape.chance(25)) return values.json(tape);
    const entries = Object.entries(variables);
    if (entries.length === 0 || tape.chance(10))
      return { ...variables, [tape.pick(['v0', 'input', '__proto__'])]: values.json(tape) };
    const [name, value] = tape.pick(entries);
    const changed = tape.chance(10) ? undefined : brokenVariables(value, tape);
    if (Array.isArray(variables)) return variables.map((item, index) => (String(index) === name ? changed : item));
    return Object.fromEntries(entries.map(([key, item]) => [key, key === name ? changed : item]));
  }

  function brokenBytes(body: Buffer, tape: Tape): Buffer {
    const at = tape.below(body.length + 1);
    switch (tape.below(6)) {
      case 0:
        return body.subarray(0, at);
      case 1:
        return Buffer.concat([
          body.subarray(0, at),
          Buffer.from([0xff, 0xc3, 0x28].slice(tape.below(3))),
          body.subarray(at),
        ]);
      case 2:
        return Buffer.from(body.map((byte, index) => (index === at ? byte ^ (1 << tape.below(8)) : byte)));
      case 3:
        return Buffer.concat([Buffer.from('\uFEFF'), body]);
      case 4:
        return Buffer.concat([body, Buffer.from(tape.pick([' ', '}', ',', '\u0000', 'null']))]);
      default:
        return Buffer.from(body.toString('latin1'), 'utf16le');
    }
  }

  function httpRequest(operation: FuzzOperation, tape: Tape): FuzzRequest {
    const wantsStream = (operation.kind === 'subscription') !== tape.chance(12);
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      accept: tape.pick(wantsStream ? accepts.stream : accepts.json),
      authorization: `Bearer ${tape.pick(keys)}`,
    };
    if (tape.chance(10)) {
      const [name, value] = tape.pick(strangeHeaders);
      headers[name] = value;
    }
    const whole = Buffer.from(JSON.stringify(envelopeOf(operation, tape)) ?? '');
    const body = tape.chance(6) ? brokenBytes(whole, tape) : whole;
    const method = tape.chance(2) ? tape.pick(['GET', 'PUT', 'OPTIONS', 'HEAD', 'DELETE']) : 'POST';
    const path = tape.chance(1)
      ? tape.pick(['/graphql?query=a', '/', '/healthz', '/readyz', '/graphql/', '/%ff'])
      : '/graphql';
    return {
      type: 'HTTP',
      method,
      path,
      headers,
      body: method === 'GET' || method === 'HEAD' ? undefined : body,
      leaves: isSlow(whole.toString()) ? 'SOON' : tape.chance(3) ? 'AT_ONCE' : undefined,
    };
  }

  function conversation(operation: FuzzOperation, tape: Tape): FuzzRequest {
    const subscribe = (id: string): string =>
      JSON.stringify({ type: 'subscribe', id, payload: envelopeOf(operation, tape) });
    const init = JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${tape.pick(keys)}` } });
    const messages: (string | Buffer)[] = tape.chance(10) ? [] : [init];
    const count = 1 + tape.below(5);
    for (let index = 0; index < count; index++) {
      const valid = subscribe(tape.pick(['a', 'b', '__proto__']));
      messages.push(
        tape.pick<() => string | Buffer>([
          () => valid,
          () => valid,
          () => JSON.stringify({ type: 'complete', id: tape.pick(['a', 'b', 'c']) }),
          () => JSON.stringify({ type: 'ping', payload: tape.pick([undefined, {}, { a: values.json(tape) }]) }),
          () => JSON.stringify({ type: 'pong' }),
          () => init,
          () =>
            JSON.stringify({
              type: tape.pick(['connection_ack', 'next', 'error', 'start', '']),
              id: 'a',
              payload: tape.pick([{}, [{ message: 'no' }], [], null]),
            }),
          () => JSON.stringify(values.json(tape)) ?? '',
          () => brokenBytes(Buffer.from(valid), tape).toString('utf8'),
          () => Buffer.from(valid),
          () => JSON.stringify({ type: 'subscribe', id: tape.pick([5, '', null]), payload: values.json(tape) }),
          () => JSON.stringify({ type: 'connection_init', payload: values.json(tape) }),
        ])(),
      );
    }
    return { type: 'CONVERSATION', messages };
  }

  return (tape) => {
    const operation = generate(tape);
    if (tape.chance(9)) return conversation(operation, tape);
    if (tape.chance(operation.kind === 'subscription' ? 65 : 6)) {
      const payload = envelopeOf(operation, tape);
      // What is no payload of the protocol ends the socket: that belongs into conversations.
      if (isPayload(payload))
        return {
          type: 'SUBSCRIBE',
          payload: JSON.stringify(payload),
          leaves: isSlow(JSON.stringify(payload)) || tape.chance(10),
        };
    }
    return httpRequest(operation, tape);
  };
}

/** As a prompt in variables, or in the text of the document. */
const isSlow = (body: string): boolean => new RegExp(`\\\\?"${slowPrompt}\\\\?"`).test(body);

function isPayload(payload: unknown): boolean {
  if (typeof payload !== 'object' || payload === null) return false;
  const { query, variables, operationName, extensions } = payload as Mutable;
  const isObject = (value: unknown): boolean =>
    value === undefined || value === null || (typeof value === 'object' && !Array.isArray(value));
  const isText = operationName === undefined || operationName === null || typeof operationName === 'string';
  return typeof query === 'string' && isObject(variables) && isObject(extensions) && isText;
}
