// The answer of POST /models/<model>:generateContent, streamed or whole → deltas, then the end. A stream is a row of bodies,
// each with what came since the last; nothing marks its end but the finish reason before it.
// Reference: https://ai.google.dev/api/generate-content#GenerateContentResponse

import type { ModelFinishReason, TokenCounts } from '../../core/chat.ts';
import { createAnswerWriter } from '../answer-writer.ts';
import { isFields, readErrorBody } from '../error-body.ts';
import { createJsonFence } from '../json-fence.ts';
import type { ProviderDelta } from '../provider.ts';
import { type AnswerReader, finishReasonOf, parseBody, parseEvent, progressOf } from '../read-answer.ts';
import { asRequestId } from '../retry-after.ts';
import { blockedError, errorFromBody, unreadableError } from '../upstream-errors.ts';
import { type GeminiUsage, readGeminiUsage } from './gemini-usage.ts';

export interface GeminiReaderOptions {
  readonly maxAnswerBytes: number;
  /** Text may be JSON in a code fence, which is taken away. */
  readonly mayBeFenced: boolean;
  /** What callers call the tool that the model knows by this name. */
  readonly ownToolName: (wireName: string) => string;
}

/** https://ai.google.dev/api/generate-content#FinishReason */
const FINISH_REASONS: Readonly<Record<string, ModelFinishReason>> = {
  STOP: 'STOP',
  MAX_TOKENS: 'LENGTH',
  // A long answer that could go on: not whole, as one that was cut.
  CONTINUATION: 'LENGTH',
  SAFETY: 'CONTENT_FILTER',
  RECITATION: 'CONTENT_FILTER',
  LANGUAGE: 'CONTENT_FILTER',
  BLOCKLIST: 'CONTENT_FILTER',
  PROHIBITED_CONTENT: 'CONTENT_FILTER',
  SPII: 'CONTENT_FILTER',
  IMAGE_SAFETY: 'CONTENT_FILTER',
  IMAGE_PROHIBITED_CONTENT: 'CONTENT_FILTER',
  IMAGE_RECITATION: 'CONTENT_FILTER',
};
/** The model failed; each with what completes "The provider …". Asked again, it may not. */
const BROKEN_CALLS = 'wrote a call of a tool that cannot be used';
const FAILED_REASONS: Readonly<Record<string, string>> = {
  MALFORMED_FUNCTION_CALL: BROKEN_CALLS,
  UNEXPECTED_TOOL_CALL: BROKEN_CALLS,
  TOO_MANY_TOOL_CALLS: BROKEN_CALLS,
  MISSING_THOUGHT_SIGNATURE: BROKEN_CALLS,
  MALFORMED_RESPONSE: 'gave up on its answer',
  OTHER: 'gave up on its answer',
  NO_IMAGE: 'gave up on its answer',
  IMAGE_OTHER: 'gave up on its answer',
};
const UNSAID = /_UNSPECIFIED$/;
const HARM = /^HARM_CATEGORY_(?!UNSPECIFIED$)([A-Z_]{1,64})$/;
const LIKELY: readonly unknown[] = ['MEDIUM', 'HIGH'];

type Fields = Readonly<Record<string, unknown>>;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const list = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.filter(isFields) : []);

/** `hate_speech`, … : what was blocked for, or else what is likely there. */
function harmsIn(ratings: unknown): string[] {
  const rated = list(ratings);
  const blocked = rated.filter((rating) => rating['blocked'] === true);
  const named = blocked.length > 0 ? blocked : rated.filter(({ probability }) => LIKELY.includes(probability));
  return named.flatMap(({ category }) => HARM.exec(text(category))?.[1]?.toLowerCase() ?? []).slice(0, 16);
}

/** The reason itself says it where no rating does. */
function categoriesOf(reason: string, ratings: unknown): string[] {
  const harms = harmsIn(ratings);
  return harms.length > 0 || reason === 'SAFETY' || reason === 'OTHER' ? harms : [reason.toLowerCase()];
}

const asReason = (value: unknown): string | undefined => {
  const reason = text(value);
  return /^[A-Z_]{1,64}$/.test(reason) && !UNSAID.test(reason) ? reason : undefined;
};

export function createGeminiAnswerReader(
  onDelta: (delta: ProviderDelta) => void,
  { maxAnswerBytes, mayBeFenced, ownToolName }: GeminiReaderOptions,
): AnswerReader {
  const writer = createAnswerWriter(onDelta, maxAnswerBytes);
  const fence = mayBeFenced ? createJsonFence() : undefined;
  let finishReason: ModelFinishReason | undefined;
  let refusedFor: readonly string[] = [];
  let usage: GeminiUsage | undefined;
  let answerId: string | undefined;

  const phase = (): 'ANSWERED' | 'PARTIAL' => (writer.begun ? 'PARTIAL' : 'ANSWERED');

  /** Parts of other kinds (pictures, tools of the provider) are not for the caller. */
  function readPart(part: Fields): void {
    const piece = text(part['text']);
    const call = part['functionCall'];
    if (isFields(call)) {
      readCall(call);
    } else if (part['thought'] === true) {
      writer.reasoning(piece);
    } else if (piece !== '') {
      writer.text(fence === undefined ? piece : fence.take(piece));
    }
  }

  /** Calls come whole; older models give them no id. */
  function readCall(call: Fields): void {
    const writing = writer.toolCall();
    const name = text(call['name']);
    const args = isFields(call['args']) ? JSON.stringify(call['args']) : '';
    if (name !== '') writing.name(text(call['id']) || undefined, ownToolName(name), args);
    writing.end();
  }

  function readFinish(candidate: Fields): void {
    const reason = asReason(candidate['finishReason']);
    if (reason === undefined) return;
    const failed = FAILED_REASONS[reason];
    if (failed !== undefined) throw unreadableError(failed, phase(), !writer.begun);
    finishReason = FINISH_REASONS[reason] ?? 'STOP';
    if (finishReason === 'CONTENT_FILTER') refusedFor = categoriesOf(reason, candidate['safetyRatings']);
  }

  /** A chunk of a stream is of the same form as a whole answer. */
  function readAnswer(answer: unknown): void {
    // Without `alt=sse` a stream comes as one array of its chunks.
    if (Array.isArray(answer)) {
      answer.forEach(readAnswer);
      return;
    }
    if (!isFields(answer)) throw unreadableError('sent JSON that is no answer', phase());
    usage = readGeminiUsage(answer['usageMetadata']) ?? usage;
    answerId ??= asRequestId(answer['responseId']);
    const facts = readErrorBody(answer);
    if (facts !== undefined) throw errorFromBody(facts, phase());
    const feedback = answer['promptFeedback'];
    const blockReason = isFields(feedback) ? asReason(feedback['blockReason']) : undefined;
    if (isFields(feedback) && blockReason !== undefined) {
      throw blockedError(categoriesOf(blockReason, feedback['safetyRatings']));
    }
    for (const candidate of list(answer['candidates'])) {
      // We ask for one; a second would be another answer.
      if ((candidate['index'] ?? 0) !== 0) continue;
      const content = candidate['content'];
      if (isFields(content)) list(content['parts']).forEach(readPart);
      readFinish(candidate);
    }
  }

  return {
    readEvent: (data) => {
      if (data.trim() !== '') readAnswer(parseEvent(data, writer.begun));
      return progressOf({ begun: writer.begun, finished: finishReason !== undefined, ended: false });
    },
    readBody: (body) => {
      readAnswer(parseBody(body));
      if (!writer.begun && finishReason === undefined) throw unreadableError('sent JSON that is no answer', 'ANSWERED');
    },
    end: () => {
      // Refused before the model wrote anything.
      if (finishReason === 'CONTENT_FILTER' && !writer.begun) throw blockedError(refusedFor);
      if (fence !== undefined) writer.text(fence.rest());
      writer.end();
      return { finishReason: finishReasonOf(finishReason, writer.toolCalls) };
    },
    get usage(): TokenCounts | undefined {
      return usage?.counts;
    },
    get usageBeforeOutput() {
      return usage !== undefined && !usage.outputTold && writer.begun;
    },
    get answerId() {
      return answerId;
    },
  };
}
