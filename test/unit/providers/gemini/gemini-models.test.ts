import { describe, expect, it } from '@jest/globals';
import { usualCapabilities } from '../../../../src/providers/create-provider.ts';
import { geminiThinks, modelTraits } from '../../../../src/providers/gemini/gemini-models.ts';

describe('what a Gemini takes, by its name', () => {
  /** thinking, unasked, samplers, goes on writing, signatures, JSON beside tools. */
  it.each<[models: string, ...traits: [string, boolean, boolean, boolean, boolean, boolean]]>([
    ['gemini-pro gemini-1.5-flash-002 gemini-2.0-flash gemini-2.0-flash-lite', 'NONE', false, true, true, false, false],
    ['gemini-2.5-flash gemini-2.5-pro models/gemini-2.5-flash', 'BUDGET', true, true, true, false, false],
    ['gemini-2.5-flash-lite', 'BUDGET', false, true, true, false, false],
    ['gemini-2.5-flash-image gemini-2.5-pro-preview-tts', 'NONE', false, true, true, false, false],
    [
      'gemini-3-pro-preview gemini-3-flash-preview gemini-3.1-pro-preview gemini-3.1-flash-lite gemini-3.5-flash',
      'LEVEL',
      true,
      true,
      true,
      true,
      true,
    ],
    ['gemini-3.1-flash-image', 'NONE', false, true, true, true, true],
    [
      'gemini-3.5-flash-lite gemini-3.6-flash gemini-3.8-flash gemini-4-argon Gemini-4.1-Neon gemini-10-x gemini-flash-latest',
      'LEVEL',
      true,
      false,
      false,
      true,
      true,
    ],
    ['tunedModels/mine learnlm-2 sim-instant gemma-4-31b-it', 'LEVEL', false, true, true, false, false],
  ])('%s', (models, thinking, thinksUnasked, sampling, continuesAssistant, signatures, jsonWithTools) => {
    const expected = { thinking, thinksUnasked, sampling, continuesAssistant, signatures, jsonWithTools };
    for (const model of models.split(' ')) expect(modelTraits(model)).toMatchObject(expected);
  });

  it('knows the budgets of thinking, the levels, and who takes no system instruction', () => {
    expect(modelTraits('gemini-2.5-pro')).toMatchObject({ leastBudget: 128, mostBudget: 32_768 });
    expect(modelTraits('gemini-2.5-flash')).toMatchObject({ leastBudget: 1, mostBudget: 24_576 });
    expect(modelTraits('gemini-2.5-flash-lite')).toMatchObject({ leastBudget: 512, mostBudget: 24_576 });
    expect(modelTraits('gemini-3-pro-preview').mediumLevel).toBe(false);
    expect(modelTraits('gemini-3.1-pro-preview').mediumLevel).toBe(true);
    expect(modelTraits('gemma-3-27b-it').systemInstruction).toBe(false);
  });

  it('says of Gemini alone that it thinks', () => {
    for (const model of ['gemini-2.5-flash-lite', 'gemini-3.8-flash', 'gemini-pro-latest', 'models/gemini-4-argon']) {
      expect(geminiThinks(model)).toBe(true);
      expect(usualCapabilities('gemini', model)).toContain('REASONING');
    }
    for (const model of ['gemini-2.0-flash', 'gemini-pro', 'gemini-2.5-flash-image', 'gemma-4-31b-it', 'mine']) {
      expect(geminiThinks(model)).toBe(false);
      expect(usualCapabilities('gemini', model)).not.toContain('REASONING');
    }
  });
});
