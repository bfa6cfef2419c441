// The models the simulator offers: how fast they write, how much, and whether they think aloud.

import { Refused } from './refusal.ts';

export interface SimulatedModel {
  readonly name: string;
  /** Tokens it can read and write in all. */
  readonly contextWindow: number;
  /** Tokens it can write. */
  readonly outputLimit: number;
  readonly latencyMs: number;
  readonly firstTokenMs: number;
  /** 0 = as fast as the client reads. */
  readonly tokensPerSecond: number;
  /** Longer answers are written faster, so that writing takes no longer than this. 0 = no such limit. */
  readonly maxWritingMs: number;
  /** Answers in several paragraphs. */
  readonly thorough: boolean;
  /** Streams its reasoning before the answer. */
  readonly reasons: boolean;
}

const INSTANT: SimulatedModel = {
  name: 'sim-instant',
  contextWindow: 128_000,
  outputLimit: 16_384,
  latencyMs: 0,
  firstTokenMs: 0,
  tokensPerSecond: 0,
  maxWritingMs: 0,
  thorough: false,
  reasons: false,
};

/** Ends within 2 s. */
const FAST: SimulatedModel = {
  ...INSTANT,
  name: 'sim-fast',
  contextWindow: 16_384,
  outputLimit: 4_096,
  latencyMs: 40,
  firstTokenMs: 80,
  tokensPerSecond: 120,
  maxWritingMs: 1_400,
};

/** Ends within 10 s. */
const SMART: SimulatedModel = {
  ...INSTANT,
  name: 'sim-smart',
  latencyMs: 80,
  firstTokenMs: 420,
  tokensPerSecond: 60,
  maxWritingMs: 8_000,
  thorough: true,
  reasons: true,
};

export const MODELS: readonly SimulatedModel[] = [FAST, SMART, INSTANT];

/** A model that exists because a script rule names it: as `sim-instant`, under its own name. */
export function instantModel(name: string): SimulatedModel {
  return { ...INSTANT, name };
}

/** `sim-fast` of `/v1/models/sim-fast`; undefined: this path names no model. */
export function modelInPath(path: string, listPath: string): string | undefined {
  if (!path.startsWith(`${listPath}/`)) return undefined;
  const name = path.slice(listPath.length + 1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** @throws Refused */
export function findModel(models: readonly SimulatedModel[], name: string): SimulatedModel {
  const model = models.find((one) => one.name === name);
  if (model === undefined) throw new Refused({ type: 'MODEL', name });
  return model;
}
