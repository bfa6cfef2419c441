// One attempt from its POST to its end, for every wire format alike. A format brings an AnswerReader, which knows its
// events and bodies; what is alike in reading them stands here.

import type { ModelFinishReason, TokenCounts } from '../core/chat.ts';
import { isNestedDeeper, MAX_ANSWER_DEPTH } from '../core/json.ts';
import { UpstreamError } from '../core/upstream-error.ts';
import type { ProviderEnd } from './provider.ts';
import { providerRequestId } from './retry-after.ts';
import { errorFromStatus, readingFailedError, unreadableError, withDetails } from './upstream-errors.ts';
import type { StreamProgress, UpstreamAnswer } from './upstream-exchange.ts';

export interface AnswerReader {
  /** One event of a stream. @throws UpstreamError */
  readEvent(data: string): StreamProgress;
  /** A whole body. @throws UpstreamError */
  readBody(body: string): void;
  /** Delivers what was still kept. @throws UpstreamError */
  end(): { readonly finishReason: ModelFinishReason };
  /** The last usage told, maybe before a failure. */
  readonly usage: TokenCounts | undefined;
  /** True: `usage` was told before the output was written. Absent: never. */
  readonly usageBeforeOutput?: boolean;
  /** The answer's own id. */
  readonly answerId: string | undefined;
}

/** @throws UpstreamError with all that was told before, never anything else. */
export async function readAnswer(reader: AnswerReader, post: () => Promise<UpstreamAnswer>): Promise<ProviderEnd> {
  try {
    const { status, headers, body } = await post();
    const requestId = providerRequestId(headers);
    if (status < 200 || status >= 300) throw errorFromStatus(status, headers, body ?? '', Date.now());
    try {
      if (body !== undefined) reader.readBody(body);
      const { finishReason } = reader.end();
      const usage = reader.usageBeforeOutput === true ? undefined : reader.usage;
      return { finishReason, usage, providerRequestId: requestId ?? reader.answerId };
    } catch (error) {
      throw error instanceof UpstreamError ? withDetails(error, { status, providerRequestId: requestId }) : error;
    }
  } catch (error) {
    const failure = error instanceof UpstreamError ? error : readingFailedError(error);
    const { usage, usageBeforeOutput, answerId } = reader;
    throw withDetails(failure, { usage, usageBeforeOutput, providerRequestId: answerId });
  }
}

/** `begun`: whether the model has begun to write. @throws UpstreamError; the parser's error quotes the text. */
export function parseEvent(json: string, begun: boolean): unknown {
  try {
    return parseShallow(json);
  } catch {
    throw unreadableError('sent an event that is not JSON', begun ? 'PARTIAL' : 'NO_ANSWER', !begun);
  }
}

/** @throws UpstreamError */
export function parseBody(body: string): unknown {
  if (body.trim() === '') throw unreadableError('sent an empty answer', 'ANSWERED', true);
  try {
    return parseShallow(body);
  } catch {
    throw unreadableError('sent a body that is not JSON', 'PARTIAL');
  }
}

/** The wire formats themselves add few levels to what a model wrote. */
const maxDepth = 2 * MAX_ANSWER_DEPTH;

function parseShallow(json: string): unknown {
  const value: unknown = JSON.parse(json);
  // Each level takes two characters: short events need no look.
  if (json.length > 2 * maxDepth && isNestedDeeper(value, maxDepth))
    throw new Error('nested too deeply to be written again');
  return value;
}

export function progressOf(stream: {
  readonly begun: boolean;
  readonly finished: boolean;
  readonly ended: boolean;
}): StreamProgress {
  if (stream.ended) return 'DONE';
  if (stream.finished) return 'FINISHED';
  return stream.begun ? 'WRITING' : 'WAITING';
}

/** Answers that call tools, when they were made to, end with a plain "stop" at some servers. */
export function finishReasonOf(told: ModelFinishReason | undefined, toolCalls: number): ModelFinishReason {
  const reason = told ?? 'STOP';
  return reason === 'STOP' && toolCalls > 0 ? 'TOOL_CALLS' : reason;
}
