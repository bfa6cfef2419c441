// Relay's connections: how pages of records are asked for and answered. Cursors name a record of one list, and hold
// nothing else.

import { ArgsType, type ClassType, Field, Int, ObjectType } from 'type-graphql';
import type { Page, PageRequest } from '../../core/access.ts';
import { SluiceError } from '../../core/errors.ts';

const DEFAULT_SIZE = 20;
const MOST = 100;

@ArgsType()
export class PageArgs {
  @Field(() => Int, { nullable: true, description: 'How many from the beginning: 1 to 100. Default 20.' })
  first?: number | null;

  @Field(() => Int, { nullable: true, description: 'How many from the end, instead of `first`: 1 to 100.' })
  last?: number | null;

  @Field(() => String, { nullable: true, description: 'Only what stands behind this cursor.' })
  after?: string | null;

  @Field(() => String, { nullable: true, description: 'Only what stands before this cursor.' })
  before?: string | null;
}

@ObjectType({ simpleResolvers: true, description: 'Where a page stands among the others.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether something stands behind this page.' })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Whether something stands before this page.' })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'Cursor of the first; null on an empty page.' })
  startCursor!: string | undefined;

  @Field(() => String, { nullable: true, description: 'Cursor of the last; null on an empty page.' })
  endCursor!: string | undefined;
}

export interface Edge<Item> {
  readonly cursor: string;
  readonly node: Item;
}

export interface Connection<Item> {
  readonly edges: readonly Edge<Item>[];
  readonly nodes: readonly Item[];
  readonly pageInfo: PageInfo;
  readonly totalCount: number;
}

/** The types of one list. `what`: its items in words, e.g. `API keys`. */
export function createConnectionType<Item extends object>(
  name: string,
  type: () => ClassType<Item>,
  what: string,
): ClassType<Connection<Item>> {
  @ObjectType(`${name}Edge`, { simpleResolvers: true, description: `One of the ${what}, and where it stands.` })
  class EdgeType implements Edge<Item> {
    @Field(() => String, { description: 'Its place, for `after` and `before`.' })
    cursor!: string;

    @Field(type, { description: 'What stands there.' })
    node!: Item;
  }

  @ObjectType(`${name}Connection`, { simpleResolvers: true, description: `A page of ${what}.` })
  class ConnectionType implements Connection<Item> {
    @Field(() => [EdgeType], { description: 'What is on this page, each with its cursor.' })
    edges!: readonly EdgeType[];

    @Field(() => [type()], { description: 'What is on this page, without cursors.' })
    nodes!: readonly Item[];

    @Field(() => PageInfo, { description: 'Whether there is more.' })
    pageInfo!: PageInfo;

    @Field(() => Int, { description: 'How many there are on all pages together.' })
    totalCount!: number;
  }

  return ConnectionType;
}

const badPage = (message: string, argument: string): SluiceError =>
  new SluiceError('BAD_USER_INPUT', message, { inputPath: [argument] });

/** `list`: cursors of other lists are not taken. @throws SluiceError BAD_USER_INPUT, CURSOR_INVALID */
export function toPageRequest(list: string, args: PageArgs): PageRequest {
  const [first, last] = [args.first ?? undefined, args.last ?? undefined];
  if (first !== undefined && last !== undefined) throw badPage('Give "first" or "last", not both.', 'last');
  for (const [argument, size] of Object.entries({ first, last })) {
    if (size !== undefined && (size < 1 || size > MOST)) {
      throw badPage(`"${argument}" is a number from 1 to ${MOST}.`, argument);
    }
  }
  return {
    ...(last === undefined ? { first: first ?? DEFAULT_SIZE } : { last }),
    after: readCursor(list, args.after, 'after'),
    before: readCursor(list, args.before, 'before'),
  };
}

const formatCursor = (list: string, id: string): string => Buffer.from(`${list} ${id}`).toString('base64url');

function readCursor(list: string, cursor: string | null | undefined, argument: string): string | undefined {
  if (cursor === null || cursor === undefined) return undefined;
  const [, id = ''] = /^\S+ ([a-z0-9_]{1,64})$/.exec(Buffer.from(cursor.slice(0, 256), 'base64url').toString()) ?? [];
  if (formatCursor(list, id) === cursor) return id;
  throw new SluiceError('CURSOR_INVALID', 'This cursor does not belong to this list.', { inputPath: [argument] });
}

export function toConnection<Item extends { readonly id: string }, Shown>(
  list: string,
  { items, hasNextPage, hasPreviousPage, totalCount }: Page<Item>,
  show: (item: Item) => Shown,
): Connection<Shown> {
  const edges = items.map((item) => ({ cursor: formatCursor(list, item.id), node: show(item) }));
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: { hasNextPage, hasPreviousPage, startCursor: edges[0]?.cursor, endCursor: edges.at(-1)?.cursor },
    totalCount,
  };
}
