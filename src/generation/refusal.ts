// What a call with an idempotency key is told when the key cannot be served.

import { SluiceError } from '../core/errors.ts';
import type { GenerateOutcome, IdempotencyRefusal } from '../core/generation.ts';
import type { StoredResult } from '../features/results/result-store.ts';

export function refusal(code: IdempotencyRefusal['code']): IdempotencyRefusal {
  return { type: 'IDEMPOTENCY', code, message: new SluiceError(code).message, retryAfterMs: undefined };
}

/** For fields whose result has no member for it. */
export function refusalError({ code, message, retryAfterMs }: IdempotencyRefusal): SluiceError {
  const inputPath = ['input', 'idempotencyKey'];
  return new SluiceError(code, message, { inputPath, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}

/** The stored answer told again, if it is still kept. */
export function replay({ terminal }: StoredResult): GenerateOutcome {
  if (terminal.generation.contentState !== 'AVAILABLE') return refusal('RESULT_EXPIRED');
  return { type: 'ENDED', terminal, replayed: true };
}
