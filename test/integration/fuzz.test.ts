// Ten thousand operations made up from the schema, valid and broken in every way, over all transports: what comes back is
// always well-formed and never a fault of the server, the process stays sound, and nothing of them stays in memory.

import { expect, it } from '@jest/globals';
import { runFuzz } from '../support/fuzz/run-fuzz.ts';

it('10,000 operations and bodies find no fault, and leave nothing behind', async () => {
  const report = await runFuzz(10_000);
  expect(report.failure).toBeUndefined();
  expect(report.operations).toBeGreaterThanOrEqual(10_000);
  expect(report.validated / report.operations).toBeGreaterThanOrEqual(0.5);
  expect(report.resolved / report.operations).toBeGreaterThanOrEqual(0.2);
  for (const count of Object.values(report.sent)) expect(count).toBeGreaterThan(0.01 * report.operations);
  expect(report.heapGrowthBytesPer10000).toBeLessThan(0.5 * 1024 * 1024);
}, 240_000);
