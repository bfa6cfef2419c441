// What organizations and projects have in common: a name, models, being disabled, and one of each that always exists.

import { isDeepStrictEqual } from 'node:util';
import { type AuditAction, DEFAULT_ORGANIZATION_ID, DEFAULT_PROJECT_ID } from '../../core/access.ts';
import { SluiceError } from '../../core/errors.ts';
import type { OrganizationChanges } from './access-store.ts';
import { checkName } from './record-name.ts';

interface NamedRecord {
  readonly id: string;
  readonly name: string;
  readonly allowedModels: readonly string[] | undefined;
  readonly disabledAtMs: number | undefined;
}

const DEFAULTS = { organization: DEFAULT_ORGANIZATION_ID, project: DEFAULT_PROJECT_ID };
const isDefault = (id: string): boolean => Object.values(DEFAULTS).includes(id);

export function applyChanges<Record extends NamedRecord>(
  record: Record,
  changes: OrganizationChanges,
  nowMs: number,
): Record {
  return {
    ...record,
    ...(changes.name === undefined ? {} : { name: checkName(changes.name, { reserved: !isDefault(record.id) }) }),
    ...('allowedModels' in changes ? { allowedModels: changes.allowedModels } : {}),
    disabledAtMs: disabledAtMs(record, changes.disabled, nowMs),
  };
}

/** Disabled already: it keeps its time. */
export function disabledAtMs(
  record: Pick<NamedRecord, 'disabledAtMs'>,
  disabled: boolean | undefined,
  nowMs: number,
): number | undefined {
  if (disabled === undefined) return record.disabledAtMs;
  return disabled ? (record.disabledAtMs ?? nowMs) : undefined;
}

/** undefined: nothing changed. */
export function actionOf<Record extends Pick<NamedRecord, 'disabledAtMs'>>(
  before: Record,
  after: Record,
): AuditAction | undefined {
  if (isDeepStrictEqual(before, after)) return undefined;
  if (before.disabledAtMs === after.disabledAtMs) return 'UPDATED';
  return after.disabledAtMs === undefined ? 'ENABLED' : 'DISABLED';
}

/** @throws SluiceError CONFLICT */
export function refuseForDefault(kind: keyof typeof DEFAULTS, id: string, verb: 'disabled' | 'deleted'): void {
  if (id !== DEFAULTS[kind]) return;
  throw new SluiceError(
    'CONFLICT',
    `The default ${kind} cannot be ${verb}: the keys of the configuration file belong to it. It can be renamed.`,
  );
}
