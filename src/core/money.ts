// Money: integer nano-USD inside (bigint), plain decimal strings in USD outside. Never a float.

import type { TokenCounts } from './chat.ts';

const NANO_DIGITS = 9;
const MICRO_DIGITS = 6;
const DECIMAL = /^(?:0|[1-9]\d*)(?:\.(\d+))?$/;

/** Integer micro-USD per one million tokens of a class. */
export interface ClassPrices {
  readonly inputMicroUsd: bigint;
  readonly cachedInputMicroUsd: bigint;
  readonly cacheWriteMicroUsd: bigint;
  readonly outputMicroUsd: bigint;
}

/** What all tokens of an attempt cost once its input, cached part included, is longer than that. */
export interface LongInputPrices extends ClassPrices {
  readonly aboveInputTokens: number;
}

export interface Prices extends ClassPrices {
  /** Ascending; absent: long inputs cost no other price. */
  readonly longInput?: readonly LongInputPrices[];
  /** Names the table or file the prices came from; stored with every charge. */
  readonly version: string;
}

/** `1500000000n` → `"1.5"`: no exponent, at most 9 decimals, `"0"` for zero. */
export function formatNanoUsd(nanoUsd: bigint): string {
  return formatScaled(nanoUsd, NANO_DIGITS);
}

/** `3000000n` → `"3"`: micro-USD as a decimal string in USD. */
export function formatMicroUsd(microUsd: bigint): string {
  return formatScaled(microUsd, MICRO_DIGITS);
}

/** `"0.075"` → `75000n`; undefined when it is no plain non-negative decimal or finer than a micro-USD. */
export function parseMicroUsd(text: string): bigint | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const fraction = (match[1] ?? '').replace(/0+$/, '');
  if (fraction.length > MICRO_DIGITS) return undefined;
  const whole = text.split('.')[0] ?? '0';
  return BigInt(whole + fraction.padEnd(MICRO_DIGITS, '0'));
}

/**
 * What an attempt costs: `ceil(Σ tokens × price / 1000)` nano-USD, rounded once. Billable input is the input that was
 * neither read from nor written to the provider's cache, floored at 0.
 */
export function costNanoUsd(tokens: TokenCounts, prices: Prices): bigint {
  const { inputTokens } = tokens;
  const classPrices = prices.longInput?.findLast(({ aboveInputTokens }) => inputTokens > aboveInputTokens) ?? prices;
  const billableInput = Math.max(0, tokens.inputTokens - tokens.cachedInputTokens - tokens.cacheWriteTokens);
  const total =
    BigInt(billableInput) * classPrices.inputMicroUsd +
    BigInt(tokens.cachedInputTokens) * classPrices.cachedInputMicroUsd +
    BigInt(tokens.cacheWriteTokens) * classPrices.cacheWriteMicroUsd +
    BigInt(tokens.outputTokens) * classPrices.outputMicroUsd;
  return (total + 999n) / 1000n;
}

function formatScaled(amount: bigint, digits: number): string {
  const sign = amount < 0n ? '-' : '';
  const text = (amount < 0n ? -amount : amount).toString().padStart(digits + 1, '0');
  const whole = text.slice(0, -digits);
  const fraction = text.slice(-digits).replace(/0+$/, '');
  return fraction === '' ? sign + whole : `${sign}${whole}.${fraction}`;
}
