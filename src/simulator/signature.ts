// The signatures that prove thinking comes from here and was not changed on its way.

import { hashText } from './random.ts';

const PREFIX = 'sim-thinking:';

export function signatureOf(thinking: string): string {
  return Buffer.from(`${PREFIX}${hashText(thinking, 0)}`).toString('base64');
}

/** Whether it was made here; `thinking`: of this, where it comes along. */
export function isSignature(signature: string, thinking = ''): boolean {
  if (thinking !== '') return signature === signatureOf(thinking);
  return Buffer.from(signature, 'base64').toString().startsWith(PREFIX);
}
