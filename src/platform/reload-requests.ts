// Reloads as they are asked for: one at a time, and one more for all that were asked for meanwhile, so that the file as it
// is last is the one that counts. Why one came to nothing is told, and nothing has changed then.

import type { Config } from './config.ts';
import { ConfigError, formatProblem } from './config-errors.ts';

export interface Reloadable {
  reload(config: Config): Promise<void>;
  readonly logger: { error(fields: object, message: string): void };
}

export interface ReloadRequestsOptions {
  /** Until then they wait: one that comes early may tell of a change that came late. */
  readonly started: Promise<Reloadable>;
  readonly load: () => Promise<Config>;
}

/** What to call for each; it never throws. */
export function createReloadRequests({ started, load }: ReloadRequestsOptions): () => void {
  let isRunning = false;
  let isWanted = false;

  async function run(): Promise<void> {
    isRunning = true;
    const { reload, logger } = await started;
    while (isWanted) {
      isWanted = false;
      try {
        await reload(await load());
      } catch (error) {
        const why = error instanceof ConfigError ? { problems: error.problems.map(formatProblem) } : { err: error };
        logger.error(why, 'configuration not reloaded: the one before stays in use');
      }
    }
    isRunning = false;
  }

  return () => {
    isWanted = true;
    if (!isRunning) void run();
  };
}
