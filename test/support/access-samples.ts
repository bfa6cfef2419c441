// Samples of what is kept about access, for tests of its store.

import type { Actor, ApiKeySettings, BudgetRecord, LimitRecord } from '../../src/core/access.ts';
import type { NewSecret } from '../../src/features/access/access-store.ts';

export const sampleActor: Actor = { principalId: 'key:tester', organizationId: 'default', requestId: 'req_test' };

let secrets = 0;
/** Each call another. */
export function sampleSecret(): NewSecret {
  secrets++;
  return { prefix: `slk_test${secrets}`, digest: `digest-${secrets}`, pepperId: 'pepper-1' };
}

export const sampleKey = (name: string, settings: Partial<ApiKeySettings> = {}): ApiKeySettings => ({
  name,
  roles: ['MEMBER'],
  scopes: ['generate'],
  allowedModels: undefined,
  allowedOrigins: undefined,
  allowedCidrs: undefined,
  documentMode: undefined,
  mayActForEndUsers: false,
  expiresAtMs: undefined,
  ...settings,
});

export const sampleLimit = (
  limit: Partial<Omit<LimitRecord, 'id' | 'createdAtMs'>>,
): Omit<LimitRecord, 'id' | 'createdAtMs'> => ({
  organizationId: 'default',
  scope: 'ORGANIZATION',
  subjectId: undefined,
  model: undefined,
  requestsPerMinute: undefined,
  requestsPerHour: undefined,
  requestsPerDay: undefined,
  tokensPerMinute: undefined,
  tokensPerHour: undefined,
  tokensPerDay: undefined,
  costPerMinuteNanoUsd: undefined,
  costPerHourNanoUsd: undefined,
  costPerDayNanoUsd: undefined,
  concurrent: undefined,
  algorithm: 'TOKEN_BUCKET',
  mode: 'enforce',
  ...limit,
});

export const sampleBudget = (
  budget: Partial<Omit<BudgetRecord, 'id' | 'createdAtMs'>>,
): Omit<BudgetRecord, 'id' | 'createdAtMs'> => ({
  organizationId: 'default',
  scope: 'ORGANIZATION',
  subjectId: undefined,
  model: undefined,
  amountNanoUsd: 1_000_000_000n,
  period: 'month',
  timeZone: 'UTC',
  hard: true,
  mode: 'enforce',
  ...budget,
});
