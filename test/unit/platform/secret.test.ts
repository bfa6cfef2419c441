import { inspect } from 'node:util';
import { expect, it } from '@jest/globals';
import { createSecret } from '../../../src/platform/secret.ts';

it('a secret shows itself to reveal() alone', () => {
  const secret = createSecret('hidden');
  const shown = [
    String(secret),
    `${secret}`,
    `${secret}!`,
    JSON.stringify({ secret }),
    inspect(secret, { showHidden: true, customInspect: false }),
    inspect({ deep: [secret] }, { depth: 9 }),
    JSON.stringify(Object.entries(secret)),
  ];
  expect(shown.join('\n')).not.toContain('hidden');
  expect(secret.reveal()).toBe('hidden');
});
