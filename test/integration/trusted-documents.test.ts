// Trusted documents over the wire: each way a document can be named, on every transport, in every mode, by keys that
// have modes of their own.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { print } from 'graphql';
import type { DocumentMode } from '../../src/core/caller.ts';
import { hashOfText } from '../../src/platform/document-manifest.ts';
import * as generated from '../generated/graphql.ts';
import { adminKey, otherKey, startGateway, type TestGateway } from '../support/start-gateway.ts';
import { openSignedIn, openWire, streamTypes } from '../support/wire.ts';

const file = 'schema/persisted-documents.json';
const manifest: Readonly<Record<string, string>> = JSON.parse(readFileSync(file, 'utf8'));
const idOf = (document: object): string => (document as { __meta__: { hash: string } }).__meta__.hash;

const modes: readonly DocumentMode[] = ['off', 'log', 'allow-known', 'require'];
const keyOf = (mode: DocumentMode): string => `sk_test_${mode}_0123456789abcdef0123456789abcdef`;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    yaml: `server: { trustedDocuments: { mode: require, manifest: manifest.json } }\n`,
    apiKeys: modes.map((mode) => `{ name: ${mode}, key: "${keyOf(mode)}", documentMode: ${mode} }`),
    files: { 'manifest.json': readFileSync(file, 'utf8') },
  });
  gateway.simulator.script({ model: 'sim-instant', text: 'yes' });
});
afterAll(() => gateway[Symbol.asyncDispose]());

type Transport = 'POST' | 'SSE' | 'multipart' | 'WebSocket';
interface Payload {
  readonly query?: string;
  readonly documentId?: unknown;
  readonly extensions?: object;
}

let streams = 0;
const variables = () => ({
  input: { idempotencyKey: `trusted-${streams++}`, request: { model: 'sim-instant', prompt: 'Say it' } },
});

/** `ran`, or the code of the refusal. */
async function send(transport: Transport, key: string, payload: Payload): Promise<string> {
  if (transport === 'WebSocket') {
    await using wire = await openSignedIn(gateway.socketUrl, key);
    // The protocol wants a string.
    const message = await wire.subscribe('1', { query: '', variables: variables(), ...payload });
    return message.type === 'next' ? 'ran' : message.payload[0].extensions.code;
  }
  const response = await fetch(gateway.graphqlUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: transport === 'POST' ? 'application/graphql-response+json' : streamTypes[transport],
      authorization: `Bearer ${key}`,
    },
    body: JSON.stringify({ ...payload, variables: transport === 'POST' ? {} : variables() }),
  });
  const text = await response.text();
  if (response.ok) {
    expect(response.headers.get('content-type')).toMatch(transport === 'POST' ? /json/ : /event-stream|multipart/);
    expect(text).toMatch(transport === 'POST' ? /"models"/ : /GenerationCompleted/);
    return 'ran';
  }
  // Refused before anything ran: plain JSON with its status, on every transport of HTTP.
  expect(response.status).toBe(400);
  const { errors } = JSON.parse(text);
  expect(errors).toHaveLength(1);
  return errors[0].extensions.code;
}

const NOT_FOUND = 'PERSISTED_DOCUMENT_NOT_FOUND';
const MISMATCH = 'BAD_USER_INPUT';
const transports: readonly Transport[] = ['POST', 'SSE', 'multipart', 'WebSocket'];

describe.each(transports)('over %s', (transport) => {
  const document = transport === 'POST' ? generated.ModelsDocument : generated.GenerateStreamDocument;
  const id = idOf(document);
  const bare = id.replace('sha256:', '');
  const text = manifest[id] ?? '';
  const unknown =
    transport === 'POST'
      ? 'query { models { name } }'
      : text.replace('subscription GenerateStream', 'subscription Other');
  const persisted = (sha256Hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } });

  it.each<[what: string, payload: Payload, outcomes: readonly string[]]>([
    ['documentId', { documentId: id }, [NOT_FOUND, 'ran', 'ran', 'ran']],
    ['the hash of Apollo’s extension', persisted(bare), [NOT_FOUND, 'ran', 'ran', 'ran']],
    ['the extension with a prefixed id', persisted(id), [NOT_FOUND, 'ran', 'ran', 'ran']],
    ['both ids', { documentId: id, ...persisted(bare) }, [NOT_FOUND, 'ran', 'ran', 'ran']],
    ['the text of the manifest', { query: text }, ['ran', 'ran', 'ran', NOT_FOUND]],
    ['the text a client prints', { query: print(document) }, ['ran', 'ran', 'ran', NOT_FOUND]],
    ['another text', { query: unknown }, ['ran', 'ran', NOT_FOUND, NOT_FOUND]],
    ['an id and its text', { query: print(document), documentId: id }, [NOT_FOUND, 'ran', 'ran', 'ran']],
    ['an id and another text', { query: unknown, documentId: id }, [NOT_FOUND, MISMATCH, MISMATCH, MISMATCH]],
    ['an unknown id', { documentId: `sha256:${hashOfText(unknown)}` }, [NOT_FOUND, NOT_FOUND, NOT_FOUND, NOT_FOUND]],
    [
      'a text that is no GraphQL',
      { query: '{ CANARY' },
      ['GRAPHQL_PARSE_FAILED', 'GRAPHQL_PARSE_FAILED', NOT_FOUND, NOT_FOUND],
    ],
    [
      'an id of another algorithm',
      { documentId: `sha1:${'a'.repeat(40)}` },
      [NOT_FOUND, NOT_FOUND, NOT_FOUND, NOT_FOUND],
    ],
    ['"__proto__"', { documentId: '__proto__' }, [NOT_FOUND, NOT_FOUND, NOT_FOUND, NOT_FOUND]],
    ['"constructor"', persisted('constructor'), [NOT_FOUND, NOT_FOUND, NOT_FOUND, NOT_FOUND]],
    ['a huge id', { documentId: 'a'.repeat(100_000) }, [NOT_FOUND, NOT_FOUND, NOT_FOUND, NOT_FOUND]],
    ['an id that is a number', { documentId: 7 }, [MISMATCH, MISMATCH, MISMATCH, MISMATCH]],
    ['two ids that differ', { documentId: id, ...persisted('ab') }, [MISMATCH, MISMATCH, MISMATCH, MISMATCH]],
    [
      'an extension of another version',
      { extensions: { persistedQuery: { version: 2, sha256Hash: bare } } },
      [MISMATCH, MISMATCH, MISMATCH, MISMATCH],
    ],
    ['an extension without a hash', { extensions: { persistedQuery: {} } }, [MISMATCH, MISMATCH, MISMATCH, MISMATCH]],
  ])('%s runs, or is refused, as the mode of the key has it', async (_what, payload, outcomes) => {
    const found: string[] = [];
    for (const mode of modes) found.push(await send(transport, keyOf(mode), payload));
    expect(found).toEqual(outcomes);
  });

  it('a key without a mode of its own has that of the server, the admin key too', async () => {
    for (const key of [otherKey, adminKey]) {
      expect(await send(transport, key, { query: text })).toBe(NOT_FOUND);
      expect(await send(transport, key, { documentId: id })).toBe('ran');
    }
  });
});

describe('a caller that is nobody', () => {
  const documentId = idOf(generated.ModelsDocument);

  it.each(transports.slice(0, 3))(
    'is refused over %s whatever id it sends, a known one like any other',
    async (transport) => {
      const accept = transport === 'POST' ? '*/*' : streamTypes[transport as 'SSE'];
      const bodies = [{ documentId }, { documentId: 'x' }, { documentId: 7 }, { query: '{ CANARY' }];
      const answers = await Promise.all(
        bodies.map(async (body) => {
          const { status, errors } = await gateway.send({ ...body, key: '', headers: { accept } });
          return [status, errors[0]?.message];
        }),
      );
      expect(new Set(answers.map(String)).size).toBe(1);
      expect(answers[0]?.[0]).toBe(401);
    },
  );

  it('is shown the door on a socket before it can name one', async () => {
    await using wire = await openWire(gateway.socketUrl);
    wire.send({ type: 'subscribe', id: '1', payload: { query: '', documentId } });
    expect((await wire.closed).code).toBe(4401);
  });
});

describe('the answer to a refused document', () => {
  it('says what to do, names nothing of the schema and repeats nothing', async () => {
    const query = '{ modles { CANARY } __schema { types { name } } }';
    for (const mode of ['allow-known', 'require'] as const) {
      const { errors, text } = await gateway.send({ query, key: keyOf(mode) });
      expect(errors[0]?.message).toMatch(/manifest|"documentId"/);
      expect(text).not.toMatch(/CANARY|models|Did you mean|__schema/);
    }
  });

  it('keeps introspection to those who may send any text', async () => {
    const query = '{ __schema { queryType { name } } }';
    const outcomes: (string | number)[] = [];
    for (const mode of modes) outcomes.push((await gateway.send({ query, key: keyOf(mode) })).status);
    expect(outcomes).toEqual([200, 200, 400, 400]);
  });
});

describe('what stands in the log', () => {
  it('is the id, name and caller of a document that a stricter mode would refuse, once', async () => {
    const query = 'query OnlyHere { models { contextWindow } }';
    for (let count = 0; count < 3; count++) await gateway.send({ query, key: keyOf('log') });
    const lines = gateway.logLines.filter((line) => line.includes('OnlyHere')).map((line) => JSON.parse(line));
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'warn',
        documentId: `sha256:${hashOfText(query)}`,
        operation: 'OnlyHere',
        principal: 'key:log',
      }),
    ]);
    expect(gateway.logLines.join()).not.toContain('contextWindow');
  });
});

describe('a server whose manifest does not fit', () => {
  it('does not start, and says which operation of which file it is', async () => {
    const query = 'query Old { models { gone } }';
    const starting = startGateway({
      yaml: 'server: { trustedDocuments: { mode: require, manifest: old.json } }\n',
      files: { 'old.json': JSON.stringify({ [hashOfText(query)]: query }) },
    });
    await expect(starting).rejects.toThrow(/old\.json Old sha256:.*: Cannot query field "gone" on type "Model"/);
  });
});

describe('the manifest that codegen writes', () => {
  const documents = Object.entries(generated as Record<string, unknown>).filter(
    (entry): entry is [string, Parameters<typeof print>[0]] => /Document$/.test(entry[0]),
  );

  it('holds each typed document under the id that it carries', () => {
    expect(documents.length).toBeGreaterThan(10);
    expect(new Set(Object.keys(manifest))).toEqual(new Set(documents.map(([, document]) => idOf(document))));
    for (const [id, text] of Object.entries(manifest)) expect(`sha256:${hashOfText(text)}`).toBe(id);
  });

  it('lets each run by its id alone, and as the text that it prints where known texts may', async () => {
    for (const [, document] of documents) {
      // Without variables nothing runs: what counts is that the document was found.
      const byId = await gateway.send({ documentId: idOf(document), key: keyOf('require') });
      const asText = await gateway.send({ query: print(document), key: keyOf('allow-known') });
      for (const { errors } of [byId, asText]) {
        expect([undefined, 'BAD_USER_INPUT', 'SUBSCRIPTION_TRANSPORT_REQUIRED', 'FORBIDDEN']).toContain(
          errors[0]?.extensions?.['code'],
        );
      }
    }
  });
});
