// How values of SQL types that JavaScript has no like of are read: the same from Postgres and from PGlite, and set for
// each connection, never for the process.

import pg from 'pg';

type Parser = (value: string) => unknown;

const { builtins, getTypeParser } = pg.types;
const parseTimestamp: (value: string) => Date = getTypeParser(builtins.TIMESTAMPTZ, 'text');

/** By type: 64-bit integers (counts too) are bigints, points in time milliseconds since the epoch. */
export const SQL_PARSERS: Readonly<Record<number, Parser>> = {
  [builtins.INT8]: (value) => BigInt(value),
  [builtins.TIMESTAMPTZ]: (value) => parseTimestamp(value).getTime(),
};

/** As pg takes them. */
export const pgTypes: pg.CustomTypesConfig = {
  getTypeParser: (type: number, format?: 'text' | 'binary') =>
    (format === 'binary' ? undefined : SQL_PARSERS[type]) ?? getTypeParser(type, format),
};
