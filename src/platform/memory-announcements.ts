// Announcements within one process, where there is no Redis.

import type { Announcements } from './announcements.ts';

export function createMemoryAnnouncements(): Announcements {
  const listeners = new Map<string, ((message: string) => void)[]>();
  let isClosed = false;
  return {
    publish(channel, message) {
      // Later, as from another node: whoever publishes is done before it is heard.
      setImmediate(() => {
        if (!isClosed) for (const listener of listeners.get(channel) ?? []) listener(message);
      });
    },
    subscribe(channel, listener) {
      listeners.set(channel, [...(listeners.get(channel) ?? []), listener]);
    },
    close() {
      isClosed = true;
    },
  };
}
