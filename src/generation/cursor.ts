// Cursors name a place in one generation's log. Opaque to clients; no secret in them, for reading a log is decided by
// whose generation it is.

import { SluiceError } from '../core/errors.ts';

const CONTENT = /^(.+)\.(\d{1,10})$/;

export function formatCursor(generationId: string, sequence: number): string {
  return Buffer.from(`${generationId}.${sequence}`, 'latin1').toString('base64url');
}

export interface Cursor {
  readonly generationId: string;
  readonly sequence: number;
}

/** @throws SluiceError CURSOR_INVALID for what we never gave out. */
export function readCursor(cursor: string): Cursor {
  const match = CONTENT.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  const [generationId = '', sequence] = [match?.[1], Number(match?.[2])];
  if (formatCursor(generationId, sequence) !== cursor) throw invalidCursor();
  return { generationId, sequence };
}

/** The sequence a cursor of this log stands for. @throws SluiceError CURSOR_INVALID for that of another log. */
export function parseCursor(cursor: string, generationId: string): number {
  const read = readCursor(cursor);
  if (read.generationId !== generationId) throw invalidCursor();
  return read.sequence;
}

const invalidCursor = (): SluiceError => new SluiceError('CURSOR_INVALID', undefined, { inputPath: ['after'] });
