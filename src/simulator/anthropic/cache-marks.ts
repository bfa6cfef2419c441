// `cache_control` wherever it stands: what the API asks of each mark, and of all of them together.

import type { Json } from '../types.ts';
import { invalidRequest } from './anthropic-errors.ts';
import { readOption, readRecord, refuseExtra } from './anthropic-values.ts';

const MAX_MARKS = 4;

export interface CacheMarks {
  /** Looks at one mark; in the order tools, system, messages. @throws Refused */
  read(value: Json | undefined, at: string): boolean;
  /** @throws Refused when there are too many */
  check(): void;
}

export function createCacheMarks(): CacheMarks {
  let count = 0;
  let shortSeen = false;
  return {
    read: (value, at) => {
      if (value === undefined || value === null) return false;
      const mark = readRecord(value, at);
      refuseExtra(mark, ['type', 'ttl'], at);
      readOption(mark['type'], ['ephemeral'], `${at}.type`);
      const ttl = mark['ttl'] === undefined ? '5m' : readOption(mark['ttl'], ['5m', '1h'], `${at}.ttl`);
      if (ttl === '1h' && shortSeen) {
        throw invalidRequest(
          `${at}: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are processed in the following order: \`tools\`, \`system\`, \`messages\`.`,
        );
      }
      shortSeen ||= ttl === '5m';
      count += 1;
      return true;
    },
    check: () => {
      if (count <= MAX_MARKS) return;
      throw invalidRequest(`A maximum of ${MAX_MARKS} blocks with cache_control may be provided. Found ${count}.`);
    },
  };
}
