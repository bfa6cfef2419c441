// How a node hears of changes to what is kept about access: it asks the database for its version every two seconds, at
// once after a change of its own, and at once when another node says that there is something new. What is said is not
// believed: it costs one look.

import type { Logger } from '../../platform/logger.ts';
import type { ChangeReader } from './access-store.ts';

export interface NewsOfAccess {
  /** Whose records may have changed; undefined: anybody's. */
  readonly organizationIds: readonly string[] | undefined;
  /** Whether a switch may have been set. */
  readonly switches: boolean;
}

export interface ChangeFeed {
  /** Begins to look; resolves when this node goes by what there is, or the database did not answer. Never rejects. */
  start(): Promise<void>;
  /** Somebody says that there is something new. */
  look(): void;
  /**
   * After a change that this node made: tells the others, and resolves when this one goes by it, or after two seconds.
   * Never rejects: the change stands, and is heard of with the next look at the latest.
   */
  changed(): Promise<void>;
  /** Resolves when nothing is looked at any more. */
  close(): Promise<void>;
}

export interface ChangeFeedOptions {
  readonly changes: ChangeReader;
  /** Whether there may be anything to look at: a database that was never made is not made for this. */
  readonly isPresent: () => boolean;
  /** A look found that nothing has changed since the last news were applied. Must not throw. */
  readonly unchanged?: () => void;
  /** Makes this node go by the news. What fails is tried again with the next look. */
  readonly apply: (news: NewsOfAccess) => Promise<void>;
  /** Tells the other nodes that there is something new. Must not throw. */
  readonly announce: () => void;
  readonly logger: Logger;
  /** Between two looks; less or more by a tenth, so that nodes do not look in step. Default 2,000. */
  readonly pollMs?: number;
  /** Between two looks because somebody said so, however many say so. Default 50. */
  readonly gapMs?: number;
  /** How long a change of one's own waits for its node. Default 2,000. */
  readonly patienceMs?: number;
}

export function createChangeFeed(options: ChangeFeedOptions): ChangeFeed {
  const { changes, isPresent, apply, announce, logger, pollMs = 2_000, gapMs = 50, patienceMs = 2_000 } = options;
  const { unchanged = () => undefined } = options;
  /** The version this node goes by; undefined: none yet. */
  let known: number | undefined;
  let isSilent = false;
  let isClosed = false;
  let pollTimer: NodeJS.Timeout | undefined;
  let lookTimer: NodeJS.Timeout | undefined;
  let isLookDue = false;
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  async function catchUp(): Promise<void> {
    if (!isPresent()) return;
    const version = await changes.version();
    if (version === known) return unchanged();
    if (known === undefined || version < known) {
      // The first look, or another database in its place: what was read before it may be of any age.
      if (known !== undefined) logger.warn({ version, known }, 'the database of keys and access is an older one now');
      await apply({ organizationIds: undefined, switches: true });
      known = version;
    } else {
      const news = await changes.since(known);
      await apply(news);
      known = news.version;
    }
  }

  async function readOnce(): Promise<void> {
    try {
      await catchUp();
      if (isSilent) logger.info({}, 'changes of keys and access are heard of again');
      isSilent = false;
    } catch (error) {
      if (isSilent || isClosed) return;
      isSilent = true;
      logger.warn({ err: error }, 'changes of keys and access are not heard of: the database does not answer');
    }
  }

  /** A reading that begins now, or when the one that runs is done: however many ask, at most one runs and one waits. */
  function read(): Promise<void> {
    if (isClosed) return running ?? Promise.resolve();
    if (running !== undefined) {
      next ??= running.then(() => {
        next = undefined;
        return read();
      });
      return next;
    }
    clearTimeout(pollTimer);
    running = readOnce().finally(() => {
      running = undefined;
      if (isClosed) return;
      clearTimeout(pollTimer);
      pollTimer = setTimeout(() => void read(), pollMs * (0.9 + Math.random() * 0.2)).unref();
    });
    return running;
  }

  function look(): void {
    if (isClosed) return;
    isLookDue = true;
    if (lookTimer !== undefined) return;
    isLookDue = false;
    void read();
    lookTimer = setTimeout(() => {
      lookTimer = undefined;
      if (isLookDue) look();
    }, gapMs).unref();
  }

  return {
    start: read,
    look,
    async changed() {
      announce();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, patienceMs);
      });
      await Promise.race([read(), late]);
      clearTimeout(timer);
    },
    async close() {
      isClosed = true;
      clearTimeout(pollTimer);
      clearTimeout(lookTimer);
      await next;
      await running;
    },
  };
}
