// What has become of a key. Of several things the one that lasts longest.

import type { ApiKeyRecord } from '../../core/access.ts';
import type { ApiKeyState } from './access-store.ts';

export function apiKeyState(
  key: Pick<ApiKeyRecord, 'revokedAtMs' | 'expiresAtMs' | 'disabledAtMs'>,
  nowMs: number,
): ApiKeyState {
  if (key.revokedAtMs !== undefined) return 'REVOKED';
  if (key.expiresAtMs !== undefined && key.expiresAtMs <= nowMs) return 'EXPIRED';
  return key.disabledAtMs === undefined ? 'ACTIVE' : 'DISABLED';
}
