// Sends one answer as one JSON body, or breaks it as the script says.

import type { Exchange } from './exchange.ts';
import { joined, plainBody } from './frames.ts';
import type { Plan } from './plan.ts';
import type { Behaviour } from './types.ts';

const JSON_TYPE = 'application/json';
const ENDLESS_CHUNK_BYTES = 16_384;

export async function sendPlain(exchange: Exchange, plan: Plan, behaviour: Behaviour): Promise<void> {
  const writingMs = plan.tokensPerSecond === 0 ? 0 : (plan.usage.completionTokens * 1000) / plan.tokensPerSecond;
  const place = behaviour.cut ?? behaviour.hang;
  if (place !== 'before-head') await exchange.pause(plan.firstTokenMs + writingMs);
  if (exchange.gone()) return;
  if (place === 'before-head') return stop(exchange, behaviour);

  const created = Math.floor(exchange.entry.receivedAtMs / 1000);
  const whole = plainBody(plan, exchange.entry.id, created, behaviour.usage !== 'omit');
  const body = behaviour.malformed === true ? whole.slice(0, Math.floor(whole.length * 0.6)) : whole;
  if (behaviour.endless === true) return sendEndless(exchange, whole, behaviour.status ?? 200);

  exchange.head(behaviour.status ?? 200, JSON_TYPE, { 'content-length': String(Buffer.byteLength(body)) });
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
  const bytes = Buffer.from(body).subarray(0, -1);
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

/** A body whose text never ends; as fast as the client reads. */
async function sendEndless(exchange: Exchange, whole: string, status: number): Promise<void> {
  exchange.head(status, JSON_TYPE);
  const start = whole.indexOf('"content":') + '"content":"'.length;
  await exchange.write(whole.slice(0, start));
  const more = 'and so on, '.repeat(Math.ceil(ENDLESS_CHUNK_BYTES / 11));
  const tokens = 4 * Math.ceil(ENDLESS_CHUNK_BYTES / 11);
  while (!exchange.gone()) {
    const writing = exchange.write(more);
    exchange.wrote(tokens, 0, '');
    await writing;
    await exchange.turn();
  }
}
