// Sends one answer as one JSON body, or breaks it as the script says.

import type { Exchange } from './exchange.ts';
import { GARBAGE } from './malformed.ts';
import { joined, type Plan } from './plan.ts';
import type { Behaviour } from './types.ts';

const ENDLESS_CHUNK_BYTES = 16_384;
const ENDLESS_WORDS = 'and so on, ';

export interface PlainSource {
  readonly contentType: string;
  body(plan: Plan): string;
  /** A whole body of JSON that has not the shape it should have. */
  readonly misshapen: string;
}

export async function sendPlain(
  exchange: Exchange,
  plan: Plan,
  behaviour: Behaviour,
  source: PlainSource,
): Promise<void> {
  const writingMs = plan.tokensPerSecond === 0 ? 0 : (plan.usage.completionTokens * 1000) / plan.tokensPerSecond;
  const place = behaviour.cut ?? behaviour.hang;
  if (place !== 'before-head') await exchange.pause(plan.firstTokenMs + writingMs);
  if (exchange.gone()) return;
  if (place === 'before-head') return stop(exchange, behaviour);

  const status = behaviour.status ?? 200;
  if (behaviour.endless === true) return sendEndless(exchange, plan, status, source);
  const body = malform(source.body(plan), behaviour.malformed, source.misshapen);
  exchange.head(status, source.contentType, { 'content-length': String(Buffer.byteLength(body)) });
  if (place === undefined) {
    book(exchange, plan, 1);
    exchange.entry.finishReason = plan.finishReason;
    // What is told as usage is what is charged, once the answer is whole.
    Object.assign(exchange.entry, plan.usage);
    await exchange.end(body);
    return;
  }
  exchange.flushHead();
  const share = place === 'after-head' ? 0 : place === 'before-end' ? 1 : shareOf(place.afterTokens, plan);
  // The last byte is held back: with all of them the client would call the body complete.
  const bytes = (typeof body === 'string' ? Buffer.from(body) : body).subarray(0, -1);
  const part = bytes.subarray(0, Math.floor(bytes.length * share));
  if (part.length > 0) {
    await exchange.write(part);
    book(exchange, plan, share);
  }
  await exchange.turn();
  stop(exchange, behaviour);
}

function stop(exchange: Exchange, behaviour: Behaviour): void {
  if (behaviour.cut !== undefined) exchange.destroy();
}

function shareOf(tokens: number, plan: Plan): number {
  const total = countPieces(plan);
  return total === 0 ? 1 : Math.min(1, tokens / total);
}

function book(exchange: Exchange, plan: Plan, share: number): void {
  const reasoning = plan.reasoning.reduce((sum, piece) => sum + piece.tokens, 0);
  const tokens = Math.floor(countPieces(plan) * share);
  const text = joined(plan.text);
  exchange.wrote(
    tokens,
    Math.min(tokens, reasoning),
    share === 1 ? text : text.slice(0, Math.floor(text.length * share)),
  );
}

function countPieces(plan: Plan): number {
  let tokens = 0;
  for (const piece of plan.reasoning) tokens += piece.tokens;
  for (const piece of plan.text) tokens += piece.tokens;
  for (const call of plan.calls) {
    tokens += call.nameTokens;
    for (const piece of call.pieces) tokens += piece.tokens;
  }
  return tokens;
}

function malform(body: string, how: Behaviour['malformed'], misshapen: string): string | Buffer {
  if (how === true || how === 'truncated') return body.slice(0, Math.floor(body.length * 0.6));
  if (how === 'wrong-shape') return misshapen;
  return how === 'garbage' ? GARBAGE : body;
}

/** A body whose text never ends; as fast as the client reads. */
async function sendEndless(exchange: Exchange, plan: Plan, status: number, source: PlainSource): Promise<void> {
  exchange.head(status, source.contentType);
  // Whatever the format: all that comes before the text of the answer.
  const [start] = source
    .body({ ...plan, text: [{ text: ENDLESS_WORDS, tokens: 0 }], calls: [] })
    .split(ENDLESS_WORDS, 1);
  await exchange.write(start ?? '');
  const times = Math.ceil(ENDLESS_CHUNK_BYTES / ENDLESS_WORDS.length);
  const more = ENDLESS_WORDS.repeat(times);
  while (!exchange.gone()) {
    const writing = exchange.write(more);
    exchange.wrote(4 * times, 0, '');
    await writing;
    await exchange.turn();
  }
}
