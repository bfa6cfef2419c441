import { describe, expect, it } from '@jest/globals';
import { MODELS } from '../../../src/simulator/models.ts';

describe('models', () => {
  it.each([
    ['sim-fast', 2_000],
    ['sim-smart', 10_000],
    ['sim-instant', 0],
  ])('%s ends within %d ms, however long its answer', (name, limitMs) => {
    const model = MODELS.find((one) => one.name === name);
    if (model === undefined) throw new Error(`no ${name}`);
    expect(model.latencyMs + model.firstTokenMs + model.maxWritingMs).toBeLessThanOrEqual(limitMs);
    expect(model.tokensPerSecond > 0).toBe(model.maxWritingMs > 0);
    expect(model.outputLimit).toBeLessThan(model.contextWindow);
  });
});
