// What limits and budgets may be: refused in words before they reach the database, which would refuse them too.

import type { BudgetRecord, LimitRecord } from '../../core/access.ts';
import { SluiceError } from '../../core/errors.ts';
import { formatNanoUsd } from '../../core/money.ts';

/** Counters of money stay below 2⁵³. */
const MAX_NANO_USD = 9_000_000_000_000_000n;
const COUNTS = [
  'requestsPerMinute',
  'requestsPerHour',
  'requestsPerDay',
  'tokensPerMinute',
  'tokensPerHour',
  'tokensPerDay',
  'concurrent',
] as const;
const COSTS = ['costPerMinuteNanoUsd', 'costPerHourNanoUsd', 'costPerDayNanoUsd'] as const;

type Subject = Pick<LimitRecord, 'scope' | 'subjectId' | 'model'>;

/** @throws SluiceError BAD_USER_INPUT */
export function checkLimit(limit: Omit<LimitRecord, 'id' | 'createdAtMs'>): void {
  checkSubject(limit);
  for (const field of COUNTS) {
    const count = limit[field];
    if (count !== undefined && !(Number.isSafeInteger(count) && count > 0)) {
      refuse(field, 'is a whole number from 1 to 9007199254740991');
    }
  }
  for (const field of COSTS) {
    const cost = limit[field];
    if (cost !== undefined) checkMoney(field, cost);
  }
  if ([...COUNTS, ...COSTS].every((field) => limit[field] === undefined)) {
    throw new SluiceError(
      'BAD_USER_INPUT',
      'A limit needs at least one number: of requests, tokens, cost or concurrency.',
      {
        inputPath: ['input'],
      },
    );
  }
}

/** @throws SluiceError BAD_USER_INPUT */
export function checkBudget(budget: Omit<BudgetRecord, 'id' | 'createdAtMs'>): void {
  checkSubject(budget);
  checkMoney('amountNanoUsd', budget.amountNanoUsd);
  if (!isTimeZone(budget.timeZone)) {
    refuse('timeZone', 'is the name of a time zone, e.g. "Europe/Berlin" or "UTC"');
  }
}

function checkSubject({ scope, subjectId, model }: Subject): void {
  if (scope === 'ORGANIZATION' && subjectId !== undefined) {
    refuse('subjectId', 'is for projects, keys and users: a limit of the organization has none');
  }
  if (subjectId !== undefined) checkWords('subjectId', subjectId);
  if (model !== undefined) checkWords('model', model);
}

function checkWords(field: string, value: string): void {
  if (value === '' || value.length > 1_000 || /\p{Cc}/u.test(value)) {
    refuse(field, 'has 1 to 1000 characters, none of them a control character');
  }
}

function checkMoney(field: string, nanoUsd: bigint): void {
  if (nanoUsd < 1n || nanoUsd > MAX_NANO_USD) {
    refuse(field.replace('NanoUsd', 'Usd'), `is more than 0 and at most ${formatNanoUsd(MAX_NANO_USD)} USD`);
  }
}

/** By name: an offset like +01:00 knows no summer time. */
function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function refuse(field: string, rule: string): never {
  throw new SluiceError('BAD_USER_INPUT', `"${field}" ${rule}.`, { inputPath: ['input', field] });
}
