// Cursors name a place in one generation's log. Opaque to clients; no secret in them, for reading a log is decided by
// whose generation it is.

import { SluiceError } from '../core/errors.ts';

const CONTENT = /^(.+)\.(\d{1,10})$/;

export function formatCursor(generationId: string, sequence: number): string {
  return Buffer.from(`${generationId}.${sequence}`, 'latin1').toString('base64url');
}

/** The sequence a cursor stands for. @throws SluiceError CURSOR_INVALID for a cursor we did not make for this log. */
export function parseCursor(cursor: string, generationId: string): number {
  const match = CONTENT.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  const sequence = Number(match?.[2]);
  if (match?.[1] !== generationId || formatCursor(generationId, sequence) !== cursor) {
    throw new SluiceError('CURSOR_INVALID', undefined, { inputPath: ['after'] });
  }
  return sequence;
}
