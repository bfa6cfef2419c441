// Sends one answer as server-sent events at the pace of the model, or breaks it as the script says.

import type { Exchange } from './exchange.ts';
import { type Step, streamFrames } from './frames.ts';
import type { Plan } from './plan.ts';
import type { Behaviour, FaultPlace } from './types.ts';
import { usualError } from './wire-errors.ts';

const MAX_WRITE_CHARS = 65_536;
const MIN_TICK_MS = 5;

export async function sendStream(
  exchange: Exchange,
  plan: Plan,
  behaviour: Behaviour,
  includeUsage: boolean,
): Promise<void> {
  const { cut, hang, streamError, endless } = behaviour;
  if (cut === 'before-head') return exchange.destroy();
  if (hang === 'before-head') return;

  exchange.head(behaviour.status ?? 200, 'text/event-stream; charset=utf-8', { 'cache-control': 'no-cache' });
  if (plan.firstTokenMs > 0 || cut === 'after-head' || hang === 'after-head') exchange.flushHead();
  if (hang === 'after-head') return;
  if (cut === 'after-head') {
    await exchange.turn();
    return exchange.destroy();
  }
  await exchange.pause(plan.firstTokenMs);

  const created = Math.floor(exchange.entry.receivedAtMs / 1000);
  const frames = streamFrames(plan, behaviour, exchange.entry.id, created, includeUsage && behaviour.usage !== 'omit');
  const steps = behaviour.malformed === true ? withBrokenFrame(frames.steps, frames.frame) : frames.steps;
  const fault = earliest(cut, hang, streamError);
  const limit = fault === undefined || fault.afterTokens === Number.POSITIVE_INFINITY ? undefined : fault.afterTokens;
  const repeat = endless === true ? steps.slice(frames.bodyStart) : [];
  const source = createSource(steps, repeat, limit);

  if (fault === undefined && endless !== true) {
    await writeSteps(
      exchange,
      source,
      plan.tokensPerSecond,
      behaviour.tokensPerWrite,
      (rest) => {
        exchange.entry.finishReason = plan.finishReason;
        return exchange.end(rest + frames.tail);
      },
      () => Object.assign(exchange.entry, plan.usage),
    );
    return;
  }
  await writeSteps(exchange, source, plan.tokensPerSecond, behaviour.tokensPerWrite, (rest) =>
    rest === '' ? undefined : exchange.write(rest),
  );
  if (exchange.gone() || fault === undefined) return;
  if (fault.kind === 'error') {
    const error = usualError(500, streamError?.error);
    await exchange.end(frames.frame(JSON.stringify({ error })));
    return;
  }
  if (fault.kind === 'hang') return;
  if (behaviour.cutMidFrame === true) {
    const next = Buffer.from(source.next()?.frame ?? frames.tail);
    await exchange.write(next.subarray(0, Math.ceil(next.length / 2)));
  }
  // The bytes written have to leave before the connection goes.
  await exchange.turn();
  await exchange.turn();
  exchange.destroy();
}

interface Fault {
  readonly kind: 'cut' | 'hang' | 'error';
  readonly afterTokens: number;
}

function earliest(
  cut: FaultPlace | undefined,
  hang: FaultPlace | undefined,
  streamError: { readonly afterTokens: number } | undefined,
): Fault | undefined {
  const at = (place: FaultPlace) => (typeof place === 'object' ? place.afterTokens : Number.POSITIVE_INFINITY);
  const faults: Fault[] = [];
  if (cut !== undefined) faults.push({ kind: 'cut', afterTokens: at(cut) });
  if (hang !== undefined) faults.push({ kind: 'hang', afterTokens: at(hang) });
  if (streamError !== undefined) faults.push({ kind: 'error', afterTokens: streamError.afterTokens });
  return faults.sort((left, right) => left.afterTokens - right.afterTokens)[0];
}

interface Source {
  /** Within the limit. */
  peek(): Step | undefined;
  /** The next one, limit or not. */
  next(): Step | undefined;
}

/** The frames in order, then `repeat` for ever; `limit`: the tokens after which there are no more. */
function createSource(steps: readonly Step[], repeat: readonly Step[], limit: number | undefined): Source {
  let index = 0;
  let tokens = 0;
  const current = () =>
    index < steps.length
      ? steps[index]
      : repeat.length === 0
        ? undefined
        : repeat[(index - steps.length) % repeat.length];
  return {
    peek: () => {
      const step = current();
      return step === undefined || (limit !== undefined && tokens + step.tokens > limit) ? undefined : step;
    },
    next: () => {
      const step = current();
      if (step !== undefined) {
        index += 1;
        tokens += step.tokens;
      }
      return step;
    },
  };
}

/**
 * Writes what is due at each tick with one write. `last` writes the remainder, so that a fast answer and its end leave
 * together; `beforeLast` runs before it.
 */
async function writeSteps(
  exchange: Exchange,
  source: Source,
  tokensPerSecond: number,
  tokensPerWrite: number | undefined,
  last: (rest: string) => Promise<void> | undefined,
  beforeLast?: () => void,
): Promise<void> {
  const startedAt = performance.now();
  const tickMs = tokensPerSecond === 0 ? 0 : Math.max(MIN_TICK_MS, 1000 / tokensPerSecond);
  let written = 0;
  while (!exchange.gone()) {
    const elapsedSeconds = (performance.now() - startedAt) / 1000;
    const due = tokensPerSecond === 0 ? Number.POSITIVE_INFINITY : 1 + Math.floor(elapsedSeconds * tokensPerSecond);
    const most = Math.min(due, tokensPerWrite === undefined ? due : written + tokensPerWrite);
    let batch = '';
    let tokens = 0;
    let reasoningTokens = 0;
    let text = '';
    for (let step = source.peek(); step !== undefined; step = source.peek()) {
      // One piece may be more than what is due: it goes alone.
      if (written + tokens + step.tokens > most && (written + tokens >= most || tokens > 0)) break;
      if (batch.length > MAX_WRITE_CHARS) break;
      source.next();
      batch += step.frame;
      tokens += step.tokens;
      reasoningTokens += step.reasoningTokens;
      text += step.text;
    }
    written += tokens;
    const isLast = source.peek() === undefined;
    if (batch !== '') exchange.wrote(tokens, reasoningTokens, text);
    if (isLast) {
      beforeLast?.();
      await last(batch);
      return;
    }
    if (batch !== '') await exchange.write(batch);
    if (written < due) await exchange.turn();
    else await exchange.pause(tickMs);
  }
}

function withBrokenFrame(steps: readonly Step[], frame: (data: string) => string): readonly Step[] {
  const middle = Math.ceil(steps.length / 2);
  const broken: Step = {
    frame: frame('{"id":"chatcmpl-broken","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"'),
    tokens: 0,
    reasoningTokens: 0,
    text: '',
  };
  return [...steps.slice(0, middle), broken, ...steps.slice(middle)];
}
