// Enums of the admin API.

import type { AuditAction as CoreAuditAction, AuditTarget as CoreAuditTarget } from '../../core/access.ts';
import type { AccessRole as CoreAccessRole, DocumentMode as CoreDocumentMode } from '../../core/caller.ts';
import type { ApiKeyState as CoreApiKeyState } from '../../features/access/access-store.ts';
import { describeEnum } from '../describe-enum.ts';

export const AccessRole = describeEnum<CoreAccessRole>(
  'AccessRole',
  'What a caller may do, as far as the scopes of its key or token go. Each role holds those before it.',
  {
    MEMBER: 'Call models; see and cancel their own generations.',
    ADMIN: 'Run the organization: its projects, keys and limits; see usage and cost of all its generations.',
    OPERATOR: 'Run this server: what an ADMIN may do, in every organization, and the organizations themselves.',
  },
);

export const ApiKeyState = describeEnum<CoreApiKeyState>('ApiKeyState', 'What has become of an API key.', {
  ACTIVE: 'It signs in, where its project and organization are enabled.',
  DISABLED: 'It does not sign in until it is enabled again.',
  EXPIRED: 'Its time is over.',
  REVOKED: 'It was ended for good.',
});

const DOCUMENT_MODES = {
  OFF: 'off',
  LOG: 'log',
  ALLOW_KNOWN: 'allow-known',
  REQUIRE: 'require',
} as const satisfies Record<string, CoreDocumentMode>;
export type DocumentModeName = keyof typeof DOCUMENT_MODES;

export const DocumentMode = describeEnum<DocumentModeName>('DocumentMode', 'Which documents run for a caller.', {
  OFF: 'Those sent as text. Ids are not known.',
  LOG: 'Both; texts that are in no manifest are logged.',
  ALLOW_KNOWN: 'Both; texts only if they are in the manifest.',
  REQUIRE: 'Those of the manifest, by their ids.',
});

export const readDocumentMode = (name: DocumentModeName): CoreDocumentMode => DOCUMENT_MODES[name];
const MODE_NAMES = new Map<CoreDocumentMode, DocumentModeName>(
  (Object.keys(DOCUMENT_MODES) as DocumentModeName[]).map((name) => [DOCUMENT_MODES[name], name]),
);
export const toDocumentMode = (mode: CoreDocumentMode): DocumentModeName | undefined => MODE_NAMES.get(mode);

export const AuditAction = describeEnum<CoreAuditAction>('AuditAction', 'What was done.', {
  CREATED: 'It was made.',
  UPDATED: 'It was changed.',
  ROTATED: 'It got a new secret.',
  REVOKED: 'It was ended for good.',
  DISABLED: 'It was switched off.',
  ENABLED: 'It was switched on again.',
  DELETED: 'It was deleted, by itself or with what it depended on.',
  CLIENT_TOKEN_CREATED: 'A token for a browser was made with it.',
});

export const AuditTarget = describeEnum<CoreAuditTarget>('AuditTarget', 'A kind of thing that is administered.', {
  ORGANIZATION: 'An organization.',
  PROJECT: 'A project.',
  API_KEY: 'An API key.',
  ROLE_GRANT: 'Roles of a user who signs in with tokens.',
  LIMIT: 'A limit.',
  BUDGET: 'A budget.',
  MODEL: 'A model, by its switch.',
  PROVIDER: 'A provider, by its switch.',
});
