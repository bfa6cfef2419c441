// The signatures that prove a thinking block comes from here and was not changed on its way.

import { hashText } from '../random.ts';

export function signatureOf(thinking: string): string {
  return Buffer.from(`sim-thinking:${hashText(thinking, 0)}`).toString('base64');
}

/** Thinking that was not shown comes back empty, with the signature of what it was. */
export function isSignature(signature: string, thinking: string): boolean {
  if (thinking === '') return Buffer.from(signature, 'base64').toString().startsWith('sim-thinking:');
  return signature === signatureOf(thinking);
}
