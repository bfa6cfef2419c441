// The same as fuzz.test.ts, ten times as long, on other dice.

import { expect, it } from '@jest/globals';
import { runFuzz } from '../support/fuzz/run-fuzz.ts';

it('100,000 operations and bodies find no fault, and leave nothing behind', async () => {
  const report = await runFuzz(100_000);
  expect(report.failure).toBeUndefined();
  expect(report.operations).toBeGreaterThanOrEqual(100_000);
  expect(report.validated / report.operations).toBeGreaterThanOrEqual(0.5);
  expect(report.resolved / report.operations).toBeGreaterThanOrEqual(0.2);
  expect(report.heapGrowthBytesPer10000).toBeLessThan(0.5 * 1024 * 1024);
}, 1_800_000);
