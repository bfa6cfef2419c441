// API keys: reading and changing them.

import { Arg, Args, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { ApiKeyRecord, ApiKeySettings } from '../../core/access.ts';
import { DEFAULT_SCOPES, hasScope } from '../../core/caller.ts';
import { readScopes } from '../../features/access/admin-input.ts';
import type { KeyWithSecret } from '../../features/access/api-keys-admin.ts';
import type { GraphQLContext } from '../context.ts';
import type { OperationLoaders } from '../loaders.ts';
import { Needs, TO_ADMINISTER } from '../needs.ts';
import type { ResolverServices } from '../resolver-services.ts';
import { readDocumentMode } from './access.enums.ts';
import { adminRequestOf } from './admin-request.ts';
import {
  type ApiKey,
  ApiKeyConnection,
  ApiKeyFilterInput,
  ApiKeyInput,
  ApiKeyPayload,
  CreateApiKeyInput,
  CreateApiKeyPayload,
  RotateApiKeyInput,
  RotateApiKeyPayload,
  toApiKey,
  UpdateApiKeyInput,
} from './api-key.types.ts';
import { type Connection, PageArgs, toConnection, toPageRequest } from './connection.ts';
import { given, setOnly, setOrClear } from './input-changes.ts';
import { readFilterId, requireProjectId, requireRecordId } from './record-ids.ts';

const DAY_SECONDS = 86_400;

@Resolver()
export class ApiKeyResolver {
  readonly #services: ResolverServices;
  readonly #loaders: OperationLoaders;

  constructor(services: ResolverServices, loaders: OperationLoaders) {
    this.#services = services;
    this.#loaders = loaders;
  }

  @Needs(TO_ADMINISTER)
  @Query(() => ApiKeyConnection, {
    description:
      'The API keys you administer, in the order they were made: all for an OPERATOR, else those of your organization. Keys of the configuration file are not among them.',
  })
  async apiKeys(
    @Ctx() context: GraphQLContext,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => ApiKeyFilterInput, { nullable: true, description: 'Which ones. Default: all.' })
    filter?: ApiKeyFilterInput | null,
  ): Promise<Connection<ApiKey>> {
    const wanted = {
      organizationId: readFilterId(filter?.organizationId, 'organization', ['filter', 'organizationId']),
      projectId: readFilterId(filter?.projectId, 'project', ['filter', 'projectId']),
      nameContains: given(filter?.nameContains),
      states: given(filter?.states),
      unusedSinceMs: given(filter?.unusedSince),
    };
    const { access } = this.#services;
    const found = await access.reading.listApiKeys(wanted, toPageRequest('apiKeys', page), context);
    const nowMs = access.now();
    return toConnection('apiKeys', found, (record) => toApiKey(record, nowMs));
  }

  @Needs(TO_ADMINISTER)
  @Mutation(() => CreateApiKeyPayload, {
    nullable: true,
    description:
      'Makes an API key. It works at once, with no role, scope or model that you do not have yourself; an end in time, origins and addresses of yours are not handed on. Its secret is in this answer and nowhere else.',
  })
  async createApiKey(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => CreateApiKeyInput, { description: 'The key.' }) input: CreateApiKeyInput,
  ): Promise<CreateApiKeyPayload> {
    const { caller } = context;
    const projectId = given(input.projectId);
    const scopes = given(input.scopes);
    const key = {
      projectId: projectId === undefined ? caller.projectId : requireProjectId(projectId, ['input', 'projectId']),
      name: input.name,
      roles: given(input.roles) ?? ['MEMBER' as const],
      scopes: scopes
        ? readScopes(scopes, ['input', 'scopes'])
        : DEFAULT_SCOPES.filter((scope) => hasScope(caller, scope)),
      allowedModels: given(input.allowedModels),
      allowedOrigins: given(input.allowedOrigins),
      allowedCidrs: given(input.allowedCidrs),
      documentMode: input.documentMode ? readDocumentMode(input.documentMode) : undefined,
      mayActForEndUsers: given(input.mayActForEndUsers) ?? false,
      expiresAtMs: given(input.expiresAt),
    };
    return this.#withSecret(context, this.#admin.create(key, adminRequestOf(context)));
  }

  @Needs(TO_ADMINISTER)
  @Mutation(() => ApiKeyPayload, {
    nullable: true,
    description:
      'Changes what an API key may do and where from. What it may do no longer ends what runs with it. A key changes nothing but the name of itself.',
  })
  async updateApiKey(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => UpdateApiKeyInput, { description: 'Which one, and what to change.' }) input: UpdateApiKeyInput,
  ): Promise<ApiKeyPayload> {
    return this.#changed(
      context,
      this.#admin.update(requireRecordId(input.id), changesOf(input), adminRequestOf(context)),
    );
  }

  @Needs(TO_ADMINISTER)
  @Mutation(() => RotateApiKeyPayload, {
    nullable: true,
    description:
      'Gives an API key a new secret. The ones so far stay good for a chosen time, so that nothing stands still while the new one is brought out; it stays the same key, with its idempotency keys and generations.',
  })
  async rotateApiKey(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => RotateApiKeyInput, { description: 'Which one, and for how long both are good.' })
    { id, overlapSeconds }: RotateApiKeyInput,
  ): Promise<RotateApiKeyPayload> {
    return this.#withSecret(
      context,
      this.#admin.rotate(requireRecordId(id), given(overlapSeconds) ?? DAY_SECONDS, adminRequestOf(context)),
    );
  }

  @Needs(TO_ADMINISTER)
  @Mutation(() => ApiKeyPayload, {
    nullable: true,
    description:
      'Ends an API key for good, and within five seconds everything that runs with it. It stays in the list.',
  })
  async revokeApiKey(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => ApiKeyInput, { description: 'Which one.' }) { id }: ApiKeyInput,
  ): Promise<ApiKeyPayload> {
    return this.#changed(context, this.#admin.revoke(requireRecordId(id), adminRequestOf(context)));
  }

  @Needs(TO_ADMINISTER)
  @Mutation(() => ApiKeyPayload, {
    nullable: true,
    description: 'Lets an API key sign in no longer, until it is enabled again.',
  })
  async disableApiKey(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => ApiKeyInput, { description: 'Which one.' }) { id }: ApiKeyInput,
  ): Promise<ApiKeyPayload> {
    return this.#changed(context, this.#admin.setDisabled(requireRecordId(id), true, adminRequestOf(context)));
  }

  @Needs(TO_ADMINISTER)
  @Mutation(() => ApiKeyPayload, { nullable: true, description: 'Lets a disabled API key sign in again.' })
  async enableApiKey(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => ApiKeyInput, { description: 'Which one.' }) { id }: ApiKeyInput,
  ): Promise<ApiKeyPayload> {
    return this.#changed(context, this.#admin.setDisabled(requireRecordId(id), false, adminRequestOf(context)));
  }

  get #admin() {
    return this.#services.access.apiKeys;
  }

  async #changed(context: GraphQLContext, change: Promise<ApiKeyRecord>): Promise<ApiKeyPayload> {
    const record = await change;
    this.#loaders.forget(context);
    return { apiKey: toApiKey(record, this.#services.access.now()) };
  }

  async #withSecret(
    context: GraphQLContext,
    change: Promise<KeyWithSecret>,
  ): Promise<CreateApiKeyPayload & RotateApiKeyPayload> {
    const { apiKey, secret } = await change;
    this.#loaders.forget(context);
    return { apiKey: toApiKey(apiKey, this.#services.access.now()), secret };
  }
}

function changesOf(input: UpdateApiKeyInput): Partial<ApiKeySettings> {
  const { scopes, documentMode, expiresAt } = input;
  return {
    ...setOnly('name', input.name),
    ...setOnly('roles', input.roles),
    ...setOnly('scopes', scopes && readScopes(scopes, ['input', 'scopes'])),
    ...setOnly('mayActForEndUsers', input.mayActForEndUsers),
    ...setOrClear('allowedModels', input.allowedModels),
    ...setOrClear('allowedOrigins', input.allowedOrigins),
    ...setOrClear('allowedCidrs', input.allowedCidrs),
    ...setOrClear('documentMode', documentMode && readDocumentMode(documentMode)),
    ...setOrClear('expiresAtMs', expiresAt),
  };
}
