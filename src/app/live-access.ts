// How a running node keeps up with what is changed about access, by itself or by others: it reads anew what it holds
// copies of, goes by the switches, and looks after who is connected.

import { randomUUID } from 'node:crypto';
import type { SwitchRecord } from '../core/access.ts';
import type { AccessStore } from '../features/access/access-store.ts';
import { announcingStore } from '../features/access/announcing-store.ts';
import { createChangeFeed, type NewsOfAccess } from '../features/access/change-feed.ts';
import type { Announcements } from '../platform/announcements.ts';
import type { Logger } from '../platform/logger.ts';
import { withinMs } from '../server/lane.ts';
import type { IdentityService } from './identity.ts';

export interface LiveAccessParts {
  readonly store: AccessStore;
  /** Whether there may be any records. */
  readonly isPresent: () => boolean;
  readonly announcements: Announcements;
  readonly identity: Pick<IdentityService, 'refresh' | 'confirm'>;
  /** Looks after who is connected; gives how many had to end. */
  readonly renewCallers: () => Promise<number>;
  readonly useSwitches: (records: readonly SwitchRecord[]) => void;
  readonly logger: Logger;
}

export interface LiveAccess {
  /** All nodes hear of what is changed through it, and this one goes by it when the change answers. */
  readonly store: AccessStore;
  /** Resolves when this node goes by what there is, or the database does not answer soon. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const CHANNEL = 'access';
/** How long those who have to be asked for elsewhere keep the next news waiting. */
const RENEWAL_PATIENCE_MS = 1_000;
/** How long a database that does not answer keeps a start waiting. */
const START_PATIENCE_MS = 3_000;
/** The same for a stop. */
const CLOSE_PATIENCE_MS = 1_000;

export function createLiveAccess(parts: LiveAccessParts): LiveAccess {
  const { store, isPresent, announcements, identity, renewCallers, useSwitches, logger } = parts;
  const self = randomUUID();

  async function apply({ organizationIds, switches }: NewsOfAccess): Promise<void> {
    if (switches) useSwitches(await store.switches.list());
    await identity.refresh(organizationIds);
    if (organizationIds?.length === 0) return;
    const renewed = renewCallers().then((ended) => {
      if (ended > 0) logger.info({ ended }, 'access has changed: who is connected has ended');
    });
    await withinMs(RENEWAL_PATIENCE_MS, renewed, undefined);
  }

  const feed = createChangeFeed({
    changes: store.changes,
    isPresent,
    apply,
    unchanged: () => identity.confirm(),
    announce: () => announcements.publish(CHANNEL, self),
    logger,
  });
  announcements.subscribe(CHANNEL, (from) => {
    if (from !== self) feed.look();
  });

  return {
    store: announcingStore(store, feed.changed),
    start: () => withinMs(START_PATIENCE_MS, feed.start(), undefined),
    close: () => withinMs(CLOSE_PATIENCE_MS, feed.close(), undefined),
  };
}
