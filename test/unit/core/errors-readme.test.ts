// The README's table of errors is what callers program against: it says what the code says, row for row.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ERROR_TABLE } from '../../../src/core/errors.ts';

interface Row {
  readonly status: number;
  readonly retryable: boolean;
}

/** Rows of the form `| CODE | 400 | no | meaning |` under `## Errors`, up to the next heading of that rank. */
function readRows(readme: string): [code: string, row: Row, meaning: string][] {
  const section = readme.split(/^## /m).find((part) => part.startsWith('Errors\n')) ?? '';
  const rows = section.matchAll(/^\|\s*`?([A-Z][A-Z_]+)`?\s*\|\s*(\d{3})\s*\|\s*(yes|no)\s*\|\s*(.*?)\s*\|\s*$/gm);
  return [...rows].map(([, code = '', status, retryable, meaning = '']) => [
    code,
    { status: Number(status), retryable: retryable === 'yes' },
    meaning,
  ]);
}

const rows = readRows(readFileSync('README.md', 'utf8'));

describe('the table of errors in the README', () => {
  it('has one row per code, each with a meaning', () => {
    const codes = rows.map(([code]) => code);
    expect(new Set(codes).size).toBe(codes.length);
    expect(rows.filter(([, , meaning]) => meaning === '').map(([code]) => code)).toEqual([]);
  });

  it('equals the table in the code: codes, statuses, whether a retry helps', () => {
    const inReadme = Object.fromEntries(rows.map(([code, row]) => [code, row]));
    const inCode = Object.fromEntries(
      Object.entries(ERROR_TABLE).map(([code, { status, retryable }]) => [code, { status, retryable }]),
    );
    expect(inReadme).toEqual(inCode);
  });
});
