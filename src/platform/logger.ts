// Structured logs by pino, one line per event: JSON for machines, text for people. Whatever is called like a secret or
// like content is masked, should it ever be handed in.

import { type DestinationStream, type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { LogFormat, LogLevel } from './config.ts';
import { escapeLine, plainStrings } from './log-escapes.ts';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

const MASK = '***';
const MASKED_NAMES: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'apiKey',
  'previousApiKey',
  'key',
  'secret',
  'password',
  'token',
  'prompt',
  'messages',
  'text',
]);
/** Fields, what they hold, and what that holds. */
const DEPTH = 3;

export function createLogger({ level, format, destination }: LoggerOptions): Logger {
  const settings = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    // pino's own `redact` for the first level, which children's bindings pass too. Deeper it would take wildcards, at
    // 15 µs a line; a walk over the fields costs 1.
    redact: { paths: [...MASKED_NAMES].map((name) => `["${name}"]`), censor: MASK },
    formatters: { level: (label: string) => ({ level: label }), log: maskFields },
  };
  // In this thread and at once: lines stand where they belong among other output, and none is lost at a crash.
  const output = destination ?? pino.destination({ dest: 1, sync: true });
  if (format === 'json') return pino(settings, { write: (line) => output.write(escapeLine(line)) });
  const prettify = prettyFactory({
    colorize: destination === undefined && process.stdout.isTTY === true,
    translateTime: 'SYS:HH:MM:ss',
  });
  return pino(settings, { write: (line) => output.write(prettify(plainStrings(JSON.parse(line)))) });
}

const maskFields = (fields: Record<string, unknown>): Record<string, unknown> => maskObject(fields, DEPTH);

/** The object itself where nothing in it is masked; callers keep theirs unchanged. */
function maskObject(fields: Record<string, unknown>, depth: number): Record<string, unknown> {
  let masked: Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(fields)) {
    const shown = MASKED_NAMES.has(name) && value !== undefined ? MASK : maskValue(value, depth - 1);
    if (shown === value) continue;
    masked ??= { ...fields };
    masked[name] = shown;
  }
  return masked ?? fields;
}

function maskValue(value: unknown, depth: number): unknown {
  if (depth === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => maskValue(item, depth));
  // Errors and what says itself how it is printed are left to pino.
  if ('stack' in value || 'toJSON' in value) return value;
  return maskObject(value as Record<string, unknown>, depth);
}
