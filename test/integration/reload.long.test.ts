// The same as in reload-state.test.ts, twenty times as often: what little each leaves behind adds up.

import { expect, it } from '@jest/globals';
import { heapGrowthOfReloads } from '../support/heap-of-reloads.ts';

it('a thousand reloads leave nothing behind', async () => {
  expect(await heapGrowthOfReloads(1_000)).toBeLessThan(1024 * 1024);
});
