// The server under fuzz: everything as in production but for a provider that answers at once, in many ways, and stores
// so small that they are soon full, so that what still grows is lost.

import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import type { Caller } from '../../../src/core/caller.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { UpstreamError } from '../../../src/core/upstream-error.ts';
import { createMemoryIdempotencyClaims } from '../../../src/features/admission/memory-idempotency-claims.ts';
import { createOutputSchemas } from '../../../src/features/guards/output-schema.ts';
import { createMemoryBatchStore } from '../../../src/features/results/memory-batch-store.ts';
import { createMemoryResultStore } from '../../../src/features/results/memory-result-store.ts';
import { batchEventBytes, generationEventBytes } from '../../../src/features/streams/event-size.ts';
import { createMemoryEventLogs } from '../../../src/features/streams/memory-event-logs.ts';
import { createGraphQLCore } from '../../../src/graphql/graphql-core.ts';
import { buildGraphQLSchema } from '../../../src/graphql/schema.ts';
import { createHttpServer } from '../../../src/server/http-server.ts';
import { createTestGenerations, testCaller } from '../create-test-generations.ts';
import { noClientTokens } from '../fake-generations.ts';
import { adminOfNothing } from '../no-access-records.ts';
import type { ScriptedCall } from '../scripted-provider.ts';
import { slowPrompt } from './value-grammar.ts';

export interface FuzzServer {
  readonly url: string;
  readonly schema: GraphQLSchema;
  readonly counts: { validated: number; resolved: number };
  /** Everything logged as an error, and what the generation layer took for a fault of its own. */
  readonly faults: unknown[];
  stop(): Promise<void>;
}

const never = 1_000_000_000;
const slowMs = 150;
const kib = 1024;

/** To whom every field is open. */
const operator: Caller = { ...testCaller, roles: ['OPERATOR'] };

export async function startFuzzServer(): Promise<FuzzServer> {
  const logs = { clock: systemClock, retentionMs: 60_000, stalledReaderMs: 15_000, maxEndedBytes: 32 * kib };
  const faults: unknown[] = [];
  const test = createTestGenerations(
    { graceMs: 0 },
    {
      schemas: createOutputSchemas({ maxKept: 10 }),
      claims: createMemoryIdempotencyClaims({ retentionMs: 60_000, maxFinished: 50 }),
      results: createMemoryResultStore({ metadataTtlMs: 60_000, maxMetadata: 50, maxContentBytes: 32 * kib }),
      batches: createMemoryBatchStore({ ttlMs: 60_000, maxItems: 50 }),
      logs: createMemoryEventLogs({ ...logs, sizeOf: generationEventBytes }),
      batchLogs: createMemoryEventLogs({ ...logs, sizeOf: batchEventBytes }),
      reportDefect: (error) => faults.push(error),
    },
  );
  let calls = 0;
  test.provider.onCall = (call) => {
    test.provider.calls.length = 0;
    answer(call, calls++);
  };

  const schema = await buildGraphQLSchema({
    generations: test.generations,
    createClientToken: noClientTokens,
    access: adminOfNothing(),
  });
  const counts = { validated: 0, resolved: 0 };
  countResolvers(schema, counts);
  const quiet = (): void => undefined;
  const logger = { debug: quiet, info: quiet, warn: quiet, error: (fields: object) => void faults.push(fields) };
  const core = createGraphQLCore({
    schema,
    generations: test.generations,
    introspection: false,
    logger,
    maxCachedDocumentBytes: 64 * kib,
  });
  const http = createHttpServer({
    host: '127.0.0.1',
    port: 0,
    core: {
      ...core,
      findDocument: (...asked) => {
        const found = core.findDocument(...asked);
        if (found.result.type === 'VALID') counts.validated++;
        return found;
      },
    },
    upstreams: test.upstreams,
    logger,
    acceptMs: 0,
    socketSpreadMs: 0,
    throttle: { failedSignInsPerMinute: never, unauthenticatedPerMinute: never, upgradesPerMinute: never },
    sockets: { perUser: never, perKey: never, operationsPerUser: never, operationsPerKey: never },
    authenticate: ({ authorization, apiKey }) => {
      const key = authorization?.replace(/^Bearer /, '') ?? apiKey;
      if (key === 'good') return operator;
      if (key === 'other') return { ...testCaller, principalId: 'key:other' };
      if (key === 'user') return { ...testCaller, principalId: 'user:ann', principalKind: 'USER' };
      throw new SluiceError('UNAUTHENTICATED');
    },
  });
  await http.listen();
  return {
    url: http.url,
    schema,
    counts,
    faults,
    async stop() {
      await http.stop(0);
      await test.generations.drain(0);
      test.close();
    },
  };
}

const usage = { inputTokens: 3, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 2, reasoningTokens: 0 };

/** Every kind of answer a provider gives; most are plain. */
const answers: readonly ((call: ScriptedCall) => void)[] = [
  (call) => {
    call.emit('{"a":"b","__proto__":{"c":1}}');
    call.finish('STOP', usage);
  },
  (call) => {
    call.emitDelta({ type: 'tool-call', index: 0, id: '1', name: 'a', argumentsText: '{"a":' });
    call.emitDelta({ type: 'tool-call', index: 0, id: undefined, name: undefined, argumentsText: '1}' });
    call.finish('TOOL_CALLS', usage);
  },
  (call) => {
    call.emit('cut');
    call.finish('LENGTH');
  },
  (call) => {
    call.emit('half');
    call.fail(new UpstreamError('UPSTREAM_ERROR', 'It broke.', { phase: 'PARTIAL', retryable: false }));
  },
  (call) => {
    const details = { phase: 'NOT_SENT', retryable: true, retryAfterMs: 5 } as const;
    call.fail(new UpstreamError('UPSTREAM_ERROR', 'Not reached.', details));
  },
  (call) => {
    const details = { phase: 'ANSWERED', retryable: false, categories: ['a'] } as const;
    call.fail(new UpstreamError('UPSTREAM_BLOCKED', 'Refused.', details));
  },
  (call) => {
    call.emitDelta({ type: 'reasoning', text: 'thinking' });
    call.emit('é😀\u2028');
    setTimeout(() => call.finish('STOP', usage), 5);
  },
];

const plain = (call: ScriptedCall): void => {
  call.emit('fine ');
  call.emit('and done');
  call.finish('STOP', usage);
};

function answer(call: ScriptedCall, turn: number): void {
  const [message] = call.call.request.messages;
  const [part] = message?.parts ?? [];
  if (part?.type === 'text' && part.text === slowPrompt) {
    call.emit('taking its time');
    setTimeout(() => call.finish(), slowMs);
    return;
  }
  (answers[turn % (2 * answers.length)] ?? plain)(call);
}

/** Counts operations that got as far as a resolver of a root field. */
function countResolvers(schema: GraphQLSchema, counts: { resolved: number }): void {
  const seen = new WeakSet<object>();
  const watch =
    (resolve: GraphQLFieldResolver<unknown, unknown>): GraphQLFieldResolver<unknown, unknown> =>
    (root, args, context, info) => {
      if (typeof context === 'object' && context !== null && !seen.has(context)) {
        seen.add(context);
        counts.resolved++;
      }
      return resolve(root, args, context, info);
    };
  const fieldsOf = (type: ReturnType<GraphQLSchema['getQueryType']>) => Object.values(type?.getFields() ?? {});
  for (const field of [...fieldsOf(schema.getQueryType()), ...fieldsOf(schema.getMutationType())]) {
    if (field.resolve) field.resolve = watch(field.resolve);
  }
  for (const field of fieldsOf(schema.getSubscriptionType())) {
    if (field.subscribe) field.subscribe = watch(field.subscribe);
  }
}
