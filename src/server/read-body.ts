// Reads a request's body as JSON: bounded while it streams, UTF-8 or nothing, and complaints that quote nothing of it.

import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { SluiceError } from '../core/errors.ts';
import { hasTooMuchStructure, maxJsonDepth, maxJsonParts } from './json-structure.ts';

const jsonType = /^application\/json\s*(?:;|$)/i;
const charset = /;\s*charset\s*=\s*"?([^";\s]+)"?/i;

/** @throws SluiceError UNSUPPORTED_MEDIA_TYPE */
export function requireJson(request: IncomingMessage): void {
  const type = request.headers['content-type'];
  if (type === undefined || !jsonType.test(type.trim())) throw new SluiceError('UNSUPPORTED_MEDIA_TYPE');
  const encoding = charset.exec(type)?.[1]?.toLowerCase();
  if (encoding !== undefined && encoding !== 'utf-8' && encoding !== 'utf8') {
    throw new SluiceError(
      'UNSUPPORTED_MEDIA_TYPE',
      'Send the body in UTF-8: "Content-Type: application/json; charset=utf-8".',
    );
  }
  const compression = request.headers['content-encoding'];
  if (compression !== undefined && compression.toLowerCase() !== 'identity') {
    throw new SluiceError('UNSUPPORTED_MEDIA_TYPE', 'Send the body without Content-Encoding.');
  }
}

/** @throws SluiceError PAYLOAD_TOO_LARGE, at once where Content-Length tells; Error when the caller leaves half-way. */
export function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = (): SluiceError =>
    new SluiceError('PAYLOAD_TOO_LARGE', `The request body is too large: at most ${maxBytes} bytes.`);
  if (Number(request.headers['content-length']) > maxBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (finish: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      finish();
    };
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
      else settle(() => reject(tooLarge()));
    };
    const onEnd = (): void =>
      settle(() => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length)));
    const onError = (error: Error): void => settle(() => reject(error));
    const onClose = (): void => settle(() => reject(new Error('the caller left before the end of its request')));
    request.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
  });
}

/** @throws SluiceError BAD_USER_INPUT */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new SluiceError('BAD_USER_INPUT', 'The request body is not valid UTF-8.');
  if (bytes.length === 0) throw new SluiceError('BAD_USER_INPUT', 'The request body is empty: send a JSON object.');
  if (hasTooMuchStructure(bytes)) {
    throw new SluiceError(
      'BAD_USER_INPUT',
      `The JSON of the request body has too many parts: at most ${maxJsonParts} lists, objects and fields, nested at most ${maxJsonDepth} levels deep.`,
    );
  }
  try {
    return JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, ''));
  } catch {
    // The parser's message quotes the text around the mistake, which may be a prompt.
    throw new SluiceError('BAD_USER_INPUT', 'The request body is not valid JSON.');
  }
}
