// API keys that are kept in the database.

import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { ApiKeyRecord, ApiKeySecret as SecretRecord } from '../../core/access.ts';
import type { AccessRole as CoreAccessRole } from '../../core/caller.ts';
import type { ApiKeyState as CoreApiKeyState } from '../../features/access/access-store.ts';
import { apiKeyState } from '../../features/access/api-key-state.ts';
import { Node } from '../node.types.ts';
import { DateTime } from '../scalars.ts';
import { AccessRole, ApiKeyState, DocumentMode, type DocumentModeName, toDocumentMode } from './access.enums.ts';
import { createConnectionType } from './connection.ts';
import { ALLOWED_MODELS, Organization, organizationOf } from './organization.types.ts';
import { Project, projectOf } from './project.types.ts';

@ObjectType({
  simpleResolvers: true,
  description:
    'One of the secrets a key goes by: the latest, or one before it while they overlap. Never the secret itself.',
})
export class ApiKeySecret {
  @Field(() => String, { description: 'The public start of the key, by which it can be told from others.' })
  prefix!: string;

  @Field(() => DateTime, { description: 'When it was made.' })
  createdAt!: number;

  @Field(() => DateTime, { nullable: true, description: 'Until when it is good, where another has taken its place.' })
  expiresAt!: number | undefined;

  @Field(() => DateTime, { nullable: true, description: 'When it was last used, to the minute or so.' })
  lastUsedAt!: number | undefined;
}

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: 'An API key. Its secret is shown once, when it is made.',
})
export class ApiKey extends Node {
  readonly __typename!: 'ApiKey';

  @Field(() => String, { description: 'Its name, unique in its project.' })
  name!: string;

  @Field(() => Organization, { description: 'The organization its calls belong to.' })
  organization!: Organization;

  @Field(() => Project, { description: 'The project its calls belong to.' })
  project!: Project;

  @Field(() => ApiKeyState, { description: 'What has become of it.' })
  state!: CoreApiKeyState;

  @Field(() => String, { description: 'The public start of its latest secret.' })
  prefix!: string;

  @Field(() => [ApiKeySecret], { description: 'Its secrets, the newest first.' })
  secrets!: readonly ApiKeySecret[];

  @Field(() => [AccessRole], { description: 'Its roles.' })
  roles!: readonly CoreAccessRole[];

  @Field(() => [String], { description: 'Its scopes: the ceiling of its roles.' })
  scopes!: readonly string[];

  @Field(() => [String], { nullable: true, description: ALLOWED_MODELS })
  allowedModels!: readonly string[] | undefined;

  @Field(() => [String], {
    nullable: true,
    description:
      'Origins of web pages it may be used from; requests that name none are refused then. Null: any, and none.',
  })
  allowedOrigins!: readonly string[] | undefined;

  @Field(() => [String], {
    nullable: true,
    description: 'Addresses it may be used from, and ranges of them. Null: any.',
  })
  allowedCidrs!: readonly string[] | undefined;

  @Field(() => DocumentMode, { nullable: true, description: 'Which documents run for it. Null: as the server is set.' })
  documentMode!: DocumentModeName | undefined;

  @Field(() => Boolean, { description: 'Whether its calls may name the end user they are made for.' })
  mayActForEndUsers!: boolean;

  @Field(() => DateTime, { nullable: true, description: 'When it ends by itself. Null: never.' })
  expiresAt!: number | undefined;

  @Field(() => DateTime, { nullable: true, description: 'Since when it is disabled.' })
  disabledAt!: number | undefined;

  @Field(() => DateTime, { nullable: true, description: 'When it was revoked.' })
  revokedAt!: number | undefined;

  @Field(() => DateTime, { nullable: true, description: 'When it was last used, to the minute or so. Null: never.' })
  lastUsedAt!: number | undefined;

  @Field(() => DateTime, { description: 'When it was made.' })
  createdAt!: number;

  @Field(() => String, { description: 'Who made it: their `viewer.principal`.' })
  createdBy!: string;
}

/** `nowMs`: whether its time is over. */
export function toApiKey(record: ApiKeyRecord, nowMs: number): ApiKey {
  const { id, organizationId, projectId, secrets } = record;
  return {
    __typename: 'ApiKey',
    id,
    name: record.name,
    organization: organizationOf(organizationId),
    project: projectOf(projectId, organizationId),
    state: apiKeyState(record, nowMs),
    prefix: secrets[0]?.prefix ?? '',
    secrets: secrets.map(toSecret),
    roles: record.roles,
    scopes: record.scopes,
    allowedModels: record.allowedModels,
    allowedOrigins: record.allowedOrigins,
    allowedCidrs: record.allowedCidrs,
    documentMode: record.documentMode && toDocumentMode(record.documentMode),
    mayActForEndUsers: record.mayActForEndUsers,
    expiresAt: record.expiresAtMs,
    disabledAt: record.disabledAtMs,
    revokedAt: record.revokedAtMs,
    lastUsedAt: record.lastUsedAtMs,
    createdAt: record.createdAtMs,
    createdBy: record.createdBy,
  };
}

const toSecret = ({ prefix, createdAtMs, expiresAtMs, lastUsedAtMs }: SecretRecord): ApiKeySecret => ({
  prefix,
  createdAt: createdAtMs,
  expiresAt: expiresAtMs,
  lastUsedAt: lastUsedAtMs,
});

export const ApiKeyConnection = createConnectionType('ApiKey', () => ApiKey, 'API keys');

@InputType({ description: 'Which API keys. What is left out does not count.' })
export class ApiKeyFilterInput {
  @Field(() => ID, { nullable: true, description: 'Of this organization.' })
  organizationId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Of this project.' })
  projectId?: string | null;

  @Field(() => String, { nullable: true, description: 'Part of the name, in any case.' })
  nameContains?: string | null;

  @Field(() => [ApiKeyState], { nullable: true, description: 'In one of these states.' })
  states?: CoreApiKeyState[] | null;

  @Field(() => DateTime, { nullable: true, description: 'Not used since then, or never.' })
  unusedSince?: number | null;
}

@InputType({ description: 'What an API key may do, and where from, as far as it was said.' })
class ApiKeySettingsInput {
  @Field(() => [String], { nullable: true, description: ALLOWED_MODELS })
  allowedModels?: string[] | null;

  @Field(() => [String], {
    nullable: true,
    description:
      'Origins of web pages it may be used from, e.g. `https://app.example.com`; requests that name none are refused then. Null: any, and none.',
  })
  allowedOrigins?: string[] | null;

  @Field(() => [String], {
    nullable: true,
    description: 'Addresses it may be used from, and ranges of them, e.g. `10.0.0.0/8`. Null: any.',
  })
  allowedCidrs?: string[] | null;

  @Field(() => DocumentMode, { nullable: true, description: 'Which documents run for it. Null: as the server is set.' })
  documentMode?: DocumentModeName | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether its calls may name the end user they are made for. Default: false.',
  })
  mayActForEndUsers?: boolean | null;

  @Field(() => DateTime, { nullable: true, description: 'When it ends by itself. Null: never.' })
  expiresAt?: number | null;

  @Field(() => [AccessRole], { nullable: true, description: 'None that you do not have yourself. Default: MEMBER.' })
  roles?: CoreAccessRole[] | null;

  @Field(() => [String], {
    nullable: true,
    description:
      'generate, usage:read, admin, content:read: none that you do not have yourself, and content:read only from an OPERATOR. Default: all but content:read, as far as you have them.',
  })
  scopes?: string[] | null;
}

@InputType({ description: 'A new API key.' })
export class CreateApiKeyInput extends ApiKeySettingsInput {
  @Field(() => ID, { nullable: true, description: 'In which project. Default: your own.' })
  projectId?: string | null;

  @Field(() => String, { description: 'Its name, 1 to 100 characters, unique in its project.' })
  name!: string;
}

@InputType({ description: 'What to change about an API key. What is left out stays as it is.' })
export class UpdateApiKeyInput extends ApiKeySettingsInput {
  @Field(() => ID, { description: 'Which one.' })
  id!: string;

  @Field(() => String, { nullable: true, description: 'Its new name.' })
  name?: string | null;
}

@InputType({ description: 'Which key gets a new secret.' })
export class RotateApiKeyInput {
  @Field(() => ID, { description: 'Which one.' })
  id!: string;

  @Field(() => Int, {
    nullable: true,
    description: 'How long the secrets so far stay good, 0 to 604800 (seven days). Default: 86400 (a day).',
  })
  overlapSeconds?: number | null;
}

@InputType({ description: 'One API key.' })
export class ApiKeyInput {
  @Field(() => ID, { description: 'Which one.' })
  id!: string;
}

@ObjectType({ simpleResolvers: true, description: 'An API key that was changed.' })
export class ApiKeyPayload {
  @Field(() => ApiKey, { description: 'As it is now.' })
  apiKey!: ApiKey;
}

@ObjectType({ simpleResolvers: true, description: 'An API key that was made.' })
export class CreateApiKeyPayload extends ApiKeyPayload {
  @Field(() => String, {
    description: 'The key itself, to be sent with calls. Shown this once: nobody can ask for it again.',
  })
  secret!: string;
}

@ObjectType({ simpleResolvers: true, description: 'An API key with its new secret.' })
export class RotateApiKeyPayload extends ApiKeyPayload {
  @Field(() => String, { description: 'The key from now on. Shown this once: nobody can ask for it again.' })
  secret!: string;
}
