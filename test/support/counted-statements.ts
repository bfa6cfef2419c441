// The statements that this process sends to Postgres, one by one, as the driver sends them. What runs by the clock is left
// out: looking for changes, and noting when keys were used.

import pg from 'pg';

export interface CountedStatements extends Disposable {
  /** Those sent while it ran. */
  during(run: () => Promise<unknown>): Promise<readonly string[]>;
}

const byTheClock = /^(?:begin|start transaction|commit|rollback)|access_version|access_changes|last_used_at" = /;

export function countStatements(): CountedStatements {
  const sent: string[] = [];
  const { prototype } = pg.Client;
  const plainQuery = prototype.query;
  prototype.query = function query(this: pg.Client, ...parts: unknown[]) {
    const [first] = parts;
    const text = typeof first === 'string' ? first : String((first as { text?: string } | undefined)?.text);
    if (!byTheClock.test(text)) sent.push(text);
    return Reflect.apply(plainQuery, this, parts);
  } as typeof plainQuery;
  return {
    async during(run) {
      const before = sent.length;
      await run();
      return sent.slice(before);
    },
    [Symbol.dispose]() {
      prototype.query = plainQuery;
    },
  };
}
