// Everything that is kept of one organization, as text: all rows of all tables that belong to it, or point to anything of it.

import pg from 'pg';

export interface Rows extends AsyncDisposable {
  of(organizationId: string): Promise<string>;
}

/** Columns that point to an organization under another name. */
const whoseChanges: Readonly<Record<string, string>> = { access_changes: 'subject' };
/** Written by the mere use of a key. */
const whenUsed = /^last_used/;

export async function openRows(url: string): Promise<Rows> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows: tables } = await client.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'public' order by 1",
  );
  const query = tables
    .map(({ name }) => `select '${name}' as table, to_jsonb(t) as row from "${name}" t`)
    .join(' union all ');

  return {
    async of(organizationId) {
      const { rows } = await client.query<{ table: string; row: Record<string, unknown> }>(query);
      let left = rows.map(({ table, row }) => {
        const columns = Object.entries(row);
        const named = columns.filter(([column]) => /(?:^|_)id$/.test(column) || column === whoseChanges[table]);
        const text = `${table} ${JSON.stringify(columns.filter(([column]) => !whenUsed.test(column)))}`;
        return {
          id: String(row['id'] ?? ''),
          names: named.map(([, value]) => String(value).replace(/^key:/, '')),
          text,
        };
      });
      const known = new Set([organizationId]);
      const found: string[] = [];
      // What points to something of it is something of it as well.
      for (;;) {
        const belonging = left.filter(({ names }) => names.some((name) => known.has(name)));
        if (belonging.length === 0) return found.sort().join('\n');
        for (const { id, text } of belonging) {
          found.push(text);
          if (/^[a-z]+_[0-9a-z]{26}$/.test(id)) known.add(id);
        }
        left = left.filter((row) => !belonging.includes(row));
      }
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}
