// Structured logs by pino. Whatever is called like a secret or like content is cut out by path, should it ever be
// handed in.

import { type DestinationStream, type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { LogFormat, LogLevel } from './config.ts';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

const NEVER_LOGGED = [
  'authorization',
  'cookie',
  '["x-api-key"]',
  'apiKey',
  'key',
  'secret',
  'password',
  'token',
  'prompt',
  'messages',
  'text',
];
const REDACTED_PATHS = NEVER_LOGGED.flatMap((name) => [name, name.startsWith('[') ? `*${name}` : `*.${name}`]);

export function createLogger({ level, format, destination }: LoggerOptions): Logger {
  const settings = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: REDACTED_PATHS, censor: '***' },
  };
  if (format === 'json') return destination ? pino(settings, destination) : pino(settings);
  // In this thread and at once: lines stand where they belong among other output, and none is lost at a crash.
  const prettify = prettyFactory({
    colorize: destination === undefined && process.stdout.isTTY === true,
    translateTime: 'SYS:HH:MM:ss',
  });
  const output = destination ?? pino.destination({ dest: 1, sync: true });
  return pino(settings, { write: (line) => output.write(prettify(line)) });
}
