// Reads and parses the bodies of requests.

import type { IncomingMessage } from 'node:http';
import { isRecord } from './json-record.ts';
import { Refused } from './refusal.ts';
import type { JsonRecord } from './types.ts';

const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** @throws Refused when it is too long. Never settles when the client leaves half-way. */
export function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('error', () => {});
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MAX_BODY_BYTES) chunks.push(chunk);
    });
    request.on('end', () => {
      if (length > MAX_BODY_BYTES) reject(new Refused({ type: 'TOO_LARGE' }));
      else resolve(chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString());
    });
  });
}

/** @throws Refused */
export function parseBody(text: string): JsonRecord {
  const body = parseJson(text);
  if (!isRecord(body)) throw new Refused({ type: 'NOT_AN_OBJECT' });
  return body;
}

/** @throws Refused */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused({ type: 'NOT_JSON' });
  }
}
