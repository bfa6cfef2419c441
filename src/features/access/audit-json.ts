// A record as the audit log keeps it: JSON for people. Points in time are ISO 8601, money is USD; what is absent is left
// out, and so is what no change makes: when a key was used last.

import { formatNanoUsd } from '../../core/money.ts';

const LEFT_OUT: ReadonlySet<string> = new Set(['lastUsedAtMs', 'pepperId']);

export function auditJson(record: object): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record)) {
    if (value === undefined || LEFT_OUT.has(name)) continue;
    if (name.endsWith('AtMs') && typeof value === 'number') {
      json[name.slice(0, -'Ms'.length)] = new Date(value).toISOString();
    } else if (name.endsWith('NanoUsd') && typeof value === 'bigint') {
      json[`${name.slice(0, -'NanoUsd'.length)}Usd`] = formatNanoUsd(value);
    } else {
      json[name] = jsonOf(value);
    }
  }
  return json;
}

function jsonOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value === 'object' && value !== null) return auditJson(value);
  if (typeof value === 'string') return value.replaceAll('\0', '\uFFFD').toWellFormed();
  return typeof value === 'bigint' ? String(value) : value;
}
