// Pages by ids: what stands behind or before one, and how many there are of all. One statement, however long the list.

import type { Kysely } from 'kysely';
import { type SelectQueryBuilder, type SqlBool, sql } from 'kysely';
import type { Page, PageRequest } from '../../core/access.ts';
import { SluiceError } from '../../core/errors.ts';
import { type AccessTables, text } from './sql-tables.ts';

type Unpaged<Table extends keyof AccessTables, Row> = SelectQueryBuilder<AccessTables, Table, Row>;

interface Totals {
  readonly total_count: bigint;
  /** Rows up to the first cursor, and from the second on. */
  readonly count_before: bigint;
  readonly count_behind: bigint;
}

export interface PageOptions<Table extends keyof AccessTables, Row extends { readonly id: string }, Item> {
  readonly db: Kysely<AccessTables>;
  /** All of the list, by one table. */
  readonly rows: Unpaged<Table, Row>;
  readonly page: PageRequest;
  readonly newestFirst?: boolean;
  readonly toItem: (row: Row) => Item;
}

export async function readPage<Table extends keyof AccessTables, Row extends { readonly id: string }, Item>(
  options: PageOptions<Table, Row, Item>,
): Promise<Page<Item>> {
  const { db, rows, page, newestFirst = false, toItem } = options;
  const size = page.first ?? page.last;
  if (size === undefined || (page.first !== undefined && page.last !== undefined)) {
    throw new SluiceError('BAD_USER_INPUT', 'A page needs exactly one of "first" and "last".');
  }
  const isFromEnd = page.first === undefined;
  const [behind, before] = newestFirst ? [sql`<`, sql`>`] : [sql`>`, sql`<`];
  const after = page.after === undefined ? undefined : text(page.after);
  const until = page.before === undefined ? undefined : text(page.before);

  let items = rows;
  if (after !== undefined) items = items.where(sql<SqlBool>`id ${behind} ${after}`);
  if (until !== undefined) items = items.where(sql<SqlBool>`id ${before} ${until}`);
  const order = newestFirst === isFromEnd ? sql`asc` : sql`desc`;
  // One more than asked for tells whether there are more.
  items = items.orderBy(sql`id ${order}`).limit(size + 1);

  const never = sql`false`;
  const totals = rows
    .clearSelect()
    .select([
      sql<bigint>`count(*)`.as('total_count'),
      sql<bigint>`count(*) filter (where ${after === undefined ? never : sql`not id ${behind} ${after}`})`.as(
        'count_before',
      ),
      sql<bigint>`count(*) filter (where ${until === undefined ? never : sql`not id ${before} ${until}`})`.as(
        'count_behind',
      ),
    ]);
  const { rows: answer } = await sql<Totals & (Row | { readonly id: null })>`
    select totals.*, items.* from (${totals}) as totals left join (${items}) as items on true order by items.id ${order}
  `.execute(db);

  const found = answer.filter((row): row is Totals & Row => row.id !== null);
  const hasMore = found.length > size;
  const shown = found.slice(0, size);
  if (isFromEnd) shown.reverse();
  const { total_count = 0n, count_before = 0n, count_behind = 0n } = answer[0] ?? {};
  return {
    items: shown.map(toItem),
    hasNextPage: isFromEnd ? count_behind > 0n : hasMore || count_behind > 0n,
    hasPreviousPage: isFromEnd ? hasMore || count_before > 0n : count_before > 0n,
    totalCount: Number(total_count),
  };
}
