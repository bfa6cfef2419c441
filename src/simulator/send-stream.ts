// Sends one answer as server-sent events at the pace of the model, or breaks it as the script says.

import type { Exchange } from './exchange.ts';
import { GARBAGE } from './malformed.ts';
import type { Plan } from './plan.ts';
import type { Behaviour, FaultPlace } from './types.ts';
import type { Step, StreamFrames } from './wire-format.ts';

const MAX_WRITE_CHARS = 65_536;
const MIN_TICK_MS = 5;

export interface StreamSource {
  readonly contentType: string;
  frames(): StreamFrames;
}

export async function sendStream(
  exchange: Exchange,
  plan: Plan,
  behaviour: Behaviour,
  source: StreamSource,
): Promise<void> {
  const { cut, hang, streamError, endless } = behaviour;
  if (cut === 'before-head') return exchange.destroy();
  if (hang === 'before-head') return;

  exchange.head(behaviour.status ?? 200, source.contentType, { 'cache-control': 'no-cache' });
  if (plan.firstTokenMs > 0 || cut === 'after-head' || hang === 'after-head') exchange.flushHead();
  if (hang === 'after-head') return;
  if (cut === 'after-head') {
    await exchange.turn();
    return exchange.destroy();
  }
  await exchange.pause(plan.firstTokenMs);

  const frames = source.frames();
  const steps = withMalformed(frames, behaviour.malformed);
  const fault = earliest(cut, hang, streamError);
  const limit = fault === undefined || fault.afterTokens === Number.POSITIVE_INFINITY ? undefined : fault.afterTokens;
  const queue = createQueue(steps, endless === true ? frames.repeat : [], limit);

  if (fault === undefined && endless !== true) {
    await writeSteps(
      exchange,
      queue,
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
  await writeSteps(exchange, queue, plan.tokensPerSecond, behaviour.tokensPerWrite, (rest) =>
    rest === '' ? undefined : exchange.write(rest),
  );
  if (exchange.gone() || fault === undefined) return;
  if (fault.kind === 'error') {
    await exchange.end(frames.error(streamError?.error));
    return;
  }
  if (fault.kind === 'hang') return;
  if (behaviour.cutMidFrame === true) {
    const next = Buffer.from(queue.next()?.frame ?? frames.tail);
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

interface Queue {
  /** Within the limit. */
  peek(): Step | undefined;
  /** The next one, limit or not. */
  next(): Step | undefined;
}

/** The frames in order, then `repeat` for ever; `limit`: the tokens after which there are no more. */
function createQueue(steps: readonly Step[], repeat: readonly Step[], limit: number | undefined): Queue {
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
  queue: Queue,
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
    for (let step = queue.peek(); step !== undefined; step = queue.peek()) {
      // One piece may be more than what is due: it goes alone.
      if (written + tokens + step.tokens > most && (written + tokens >= most || tokens > 0)) break;
      if (batch.length > MAX_WRITE_CHARS || step.bytes !== undefined) break;
      queue.next();
      batch += step.frame;
      tokens += step.tokens;
      reasoningTokens += step.reasoningTokens;
      text += step.text;
    }
    written += tokens;
    if (batch !== '') exchange.wrote(tokens, reasoningTokens, text);
    const bytes = queue.peek()?.bytes;
    if (bytes !== undefined) {
      queue.next();
      await exchange.write(Buffer.concat([Buffer.from(batch), bytes]));
      continue;
    }
    const isLast = queue.peek() === undefined;
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

/** What cannot be read stands half-way. */
function withMalformed(frames: StreamFrames, how: Behaviour['malformed']): readonly Step[] {
  const { steps } = frames;
  if (how === undefined || how === false || how === 'html') return steps;
  const nothing = { tokens: 0, reasoningTokens: 0, text: '' };
  const middle = Math.ceil(steps.length / 2);
  const bad: Step =
    how === 'garbage'
      ? { ...nothing, frame: '', bytes: GARBAGE }
      : { ...nothing, frame: how === 'wrong-shape' ? frames.misshapen : frames.broken };
  return [...steps.slice(0, middle), bad, ...steps.slice(middle)];
}
