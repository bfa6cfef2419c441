// Which database is configured. Read apart from all else where only the database matters: a deployment that migrates it
// knows DATABASE_URL and need not know the rest.

import { join, resolve } from 'node:path';
import type { Config, DatabaseConfig } from './config.ts';
import { type Environment, readEnvironment } from './config-environment.ts';
import { ConfigError } from './config-errors.ts';

export function databaseOf({ databaseUrl, dataDirectory }: Environment, cwd: string): DatabaseConfig {
  return databaseUrl === undefined
    ? { kind: 'EMBEDDED', directory: join(resolve(cwd, dataDirectory), 'database') }
    : { kind: 'POSTGRES', url: databaseUrl };
}

const READ = ['DATABASE_URL', 'SLUICE_DATA_DIR', 'LOG_LEVEL', 'LOG_FORMAT'];

/** @throws ConfigError */
export function loadDatabaseConfig(env = process.env, cwd = process.cwd()): Pick<Config, 'database' | 'log'> {
  const environment = readEnvironment(env);
  const problems = environment.problems.filter(({ field }) => READ.includes(field));
  if (problems.length > 0) throw new ConfigError(problems);
  const isTerminal = process.stdout.isTTY === true;
  return {
    database: databaseOf(environment, cwd),
    log: { level: environment.logLevel, format: environment.logFormat ?? (isTerminal ? 'pretty' : 'json') },
  };
}
