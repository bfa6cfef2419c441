// What every answer has to be, whatever was asked: GraphQL over HTTP, a stream of it, or messages of a socket. Says what
// is wrong; nothing for what is fine.

import { ERROR_TABLE } from '../../../src/core/errors.ts';

export interface HttpAnswer {
  readonly method: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

type Fields = Record<string, unknown>;

const statuses: ReadonlySet<number> = new Set([200, 204, ...Object.values(ERROR_TABLE).map(({ status }) => status)]);
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function problemOfAnswer({ method, status, headers, text }: HttpAnswer): string | undefined {
  if (status >= 500) return `status ${status}`;
  if (!statuses.has(status)) return `a status that is not documented: ${status}`;
  if (typeof headers['x-request-id'] !== 'string') return 'no X-Request-Id';
  if (headers['x-content-type-options'] !== 'nosniff') return 'no X-Content-Type-Options';
  if (headers['content-security-policy'] === undefined) return 'no Content-Security-Policy';
  if (method === 'HEAD' || status === 204) return text === '' ? undefined : 'an answer without a body has one';
  const type = String(headers['content-type']);
  if (type.startsWith('text/event-stream')) return problemOfEvents(text);
  if (type.startsWith('multipart/mixed')) return problemOfParts(text);
  if (!/^application\/(?:graphql-response\+)?json; charset=utf-8$/.test(type)) return `the type ${type}`;
  const result = parse(text);
  if (!isObject(result)) return 'no JSON object';
  if ('status' in result) return undefined;
  const hasData = result['data'] !== undefined;
  if (status >= 400 && result['data'] !== undefined && result['data'] !== null) return `data with status ${status}`;
  if (status === 200 && !hasData && type.startsWith('application/graphql-response+json'))
    return 'status 200 without data';
  if (status >= 400 && result['errors'] === undefined) return `no errors with status ${status}`;
  return problemOfResult(result);
}

/** One result, wherever it comes from. */
function problemOfResult(result: unknown): string | undefined {
  if (!isObject(result)) return 'a result that is no object';
  const { data, errors, extensions, ...others } = result;
  if (Object.keys(others).length > 0) return `members that do not exist: ${Object.keys(others)}`;
  if (data === undefined && errors === undefined) return 'neither data nor errors';
  if (data !== undefined && data !== null && !isObject(data)) return 'data that is no object';
  if (extensions !== undefined && !isObject(extensions)) return 'extensions that are no object';
  return errors === undefined ? undefined : problemOfErrors(errors);
}

function problemOfErrors(errors: unknown): string | undefined {
  if (!Array.isArray(errors) || errors.length === 0) return 'errors that are none';
  for (const error of errors) {
    if (!isObject(error)) return 'an error that is no object';
    const { message, locations, path, extensions, ...others } = error;
    if (Object.keys(others).length > 0) return `members of an error that do not exist: ${Object.keys(others)}`;
    if (typeof message !== 'string' || message === '') return 'an error without a message';
    if (/Did you mean|node_modules|\bat .*\.[jt]s:/.test(message)) return `an error that tells too much: ${message}`;
    if (!isObject(extensions)) return 'an error without extensions';
    const { code, requestId } = extensions;
    if (code === 'INTERNAL_SERVER_ERROR') return 'INTERNAL_SERVER_ERROR';
    if (typeof code !== 'string' || !Object.hasOwn(ERROR_TABLE, code)) return `a code that is not documented: ${code}`;
    if (typeof requestId !== 'string') return 'an error without a requestId';
    if (locations !== undefined && !isListOf(locations, isLocation)) return 'locations that are none';
    if (path !== undefined && !isListOf(path, (step) => typeof step === 'string' || Number.isInteger(step)))
      return 'a path that is none';
  }
  return undefined;
}

const isListOf = (value: unknown, isItem: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(isItem);
const isLocation = (value: unknown): boolean =>
  isObject(value) && Number(value['line']) >= 1 && Number(value['column']) >= 1;

function problemOfEvents(text: string): string | undefined {
  const blocks = text.split('\n\n');
  if (blocks.pop() !== '') return 'an event that is cut';
  const events = blocks.filter((block) => block !== ':');
  if (events.pop() !== 'event: complete\ndata: ') return 'events without an end';
  for (const event of events) {
    const json = /^event: next\ndata: ([^\r\n]*)$/.exec(event)?.[1];
    const problem = json === undefined ? `no event: ${event}` : problemOfResult(parse(json));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function problemOfParts(text: string): string | undefined {
  const parts = text.split('\r\n--graphql');
  if (parts.shift() !== '' || parts.pop() !== '--\r\n') return 'parts without a beginning or an end';
  for (const part of parts) {
    const json = /^\r\nContent-Type: application\/json; charset=utf-8\r\n\r\n([^\r\n]*)$/.exec(part)?.[1];
    const message = json === undefined ? undefined : parse(json);
    if (!isObject(message)) return `no part: ${part}`;
    const problem = json === '{}' ? undefined : problemOfResult(message['payload']);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

export function problemOfMessage(message: unknown): string | undefined {
  if (!isObject(message)) return 'a message that is no object';
  const { type, id, payload } = message;
  switch (type) {
    case 'connection_ack':
    case 'pong':
      return undefined;
    case 'next':
      return typeof id === 'string' ? problemOfResult(payload) : 'a result for nobody';
    case 'error':
      return typeof id === 'string' ? problemOfErrors(payload) : 'an error for nobody';
    case 'complete':
      return typeof id === 'string' ? undefined : 'an end of nothing';
    default:
      return `a message of the type ${type}`;
  }
}

/** Of the documented ones; 1011 and 4500 are faults of the server, and 1006 is a connection that just broke. */
const closeCodes: ReadonlySet<number> = new Set([1000, 1007, 1009, 1013, 4400, 4401, 4403, 4406, 4408, 4409, 4429]);

export const problemOfClose = (code: number): string | undefined =>
  closeCodes.has(code) ? undefined : `a socket closed with ${code}`;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
