import { describe, expect, it } from '@jest/globals';
import { claudeThinks, modelTraits } from '../../../../src/providers/anthropic/anthropic-models.ts';
import { usualCapabilities } from '../../../../src/providers/create-provider.ts';

/** thinking, unasked, sampling, forced tools, schemas, goes on writing. */
type Row = [models: string[], ...traits: [string, boolean, string, boolean, boolean, boolean]];

const rows: Row[] = [
  [['claude-3-haiku-20240307', 'claude-3-5-sonnet-latest', 'claude-2.1'], 'NONE', false, 'BOTH', true, false, true],
  [['claude-3-7-sonnet-20250219'], 'BUDGET', false, 'BOTH', true, false, true],
  [
    ['claude-sonnet-4-20250514', 'claude-opus-4-0', 'claude-opus-4-1-20250805', 'claude-4-opus-20250514'],
    'BUDGET',
    false,
    'ONE',
    true,
    false,
    true,
  ],
  [
    [
      'claude-sonnet-4-5',
      'claude-opus-4-5@20251101',
      'us.anthropic.claude-haiku-4-5-20251001-v1:0',
      'claude-sonnet-4.5',
    ],
    'BUDGET',
    false,
    'ONE',
    true,
    true,
    true,
  ],
  [['claude-opus-4-6', 'claude-sonnet-4-6'], 'ADAPTIVE', false, 'ONE', true, true, false],
  [['claude-opus-4-7', 'anthropic/claude-opus-4.8'], 'ADAPTIVE', false, 'NONE', true, true, false],
  [
    [
      'claude-opus-5',
      'claude-sonnet-5',
      'claude-fable-5',
      'claude-mythos-5',
      'claude-mythos-preview',
      'claude-haiku-5-5',
    ],
    'ADAPTIVE',
    true,
    'NONE',
    true,
    true,
    false,
  ],
  [
    ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-fable-5-1', 'claude-mythos-5-2', 'claude-opus-6', 'Claude-Latest'],
    'ADAPTIVE',
    true,
    'NONE',
    false,
    true,
    false,
  ],
  [['kimi-k2', 'glm-5', 'claudette-1'], 'BUDGET', false, 'BOTH', true, false, true],
];

describe('the traits of a model', () => {
  it.each(rows.flatMap(([models, ...traits]) => models.map((model) => [model, ...traits] as const)))(
    'are told by the name %s',
    (model, thinking, thinksUnasked, sampling, forcedTools, schemas, continuesAssistant) => {
      expect(modelTraits(model)).toEqual({
        thinking,
        thinksUnasked,
        sampling,
        forcedTools,
        schemas,
        continuesAssistant,
      });
    },
  );

  it('include thinking in what a Claude from 3.7 on can usually do, and say nothing of strangers', () => {
    expect(['claude-3-5-haiku-latest', 'kimi-k2'].map(claudeThinks)).toEqual([false, false]);
    expect(usualCapabilities('anthropic', 'claude-3-haiku-20240307')).not.toContain('REASONING');
    for (const model of ['claude-3-7-sonnet-latest', 'claude-sonnet-4-5', 'claude-opus-5-5']) {
      expect(usualCapabilities('anthropic', model)).toContain('REASONING');
    }
  });
});
