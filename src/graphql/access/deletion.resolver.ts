// Deleting organizations, projects and keys, with what depends on them.

import { Arg, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { SluiceError } from '../../core/errors.ts';
import type { Deletable } from '../../features/access/deletion-admin.ts';
import type { GraphQLContext } from '../context.ts';
import type { OperationLoaders } from '../loaders.ts';
import { Needs, TO_ADMINISTER, TO_OPERATE } from '../needs.ts';
import type { ResolverServices } from '../resolver-services.ts';
import { adminRequestOf } from './admin-request.ts';
import { DeleteInput, DeletePayload, DeletionPreview } from './deletion.types.ts';
import {
  readOrganizationId,
  readProjectId,
  requireOrganizationId,
  requireProjectId,
  requireRecordId,
} from './record-ids.ts';

@Resolver()
export class DeletionResolver {
  readonly #services: ResolverServices;
  readonly #loaders: OperationLoaders;

  constructor(services: ResolverServices, loaders: OperationLoaders) {
    this.#services = services;
    this.#loaders = loaders;
  }

  @Needs(TO_ADMINISTER)
  @Query(() => DeletionPreview, {
    nullable: true,
    description:
      'What would be deleted with an organization, a project or an API key. Null with a NOT_FOUND error when nothing that you administer has this id.',
  })
  async deletionPreview(
    @Ctx() context: GraphQLContext,
    @Arg('id', () => ID, { description: 'What is to be deleted.' }) id: string,
  ): Promise<DeletionPreview> {
    const { kind, recordId } = readDeletable(id);
    const { deletion } = this.#services.access;
    const { name, dependents, confirmation } = await deletion.preview(kind, recordId, adminRequestOf(context));
    const shown = dependents.map(({ target, count, names }) => ({ kind: target, count, names }));
    return { id, kind, name, dependents: shown, confirmation };
  }

  @Needs(TO_OPERATE)
  @Mutation(() => DeletePayload, {
    nullable: true,
    description:
      'Deletes an organization and everything in it, for good. Ask `deletionPreview` first; CONFLICT when something has changed since. For an OPERATOR.',
  })
  deleteOrganization(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => DeleteInput, { description: 'Which one, confirmed.' }) input: DeleteInput,
  ): Promise<DeletePayload> {
    return this.#delete(context, 'ORGANIZATION', requireOrganizationId(input.id), input);
  }

  @Needs(TO_ADMINISTER)
  @Mutation(() => DeletePayload, {
    nullable: true,
    description:
      'Deletes a project and everything in it, for good. Ask `deletionPreview` first; CONFLICT when something has changed since.',
  })
  deleteProject(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => DeleteInput, { description: 'Which one, confirmed.' }) input: DeleteInput,
  ): Promise<DeletePayload> {
    return this.#delete(context, 'PROJECT', requireProjectId(input.id), input);
  }

  @Needs(TO_ADMINISTER)
  @Mutation(() => DeletePayload, {
    nullable: true,
    description:
      'Deletes an API key, for good: it is in no list any more, only in the log of changes. Ask `deletionPreview` first; CONFLICT when something has changed since.',
  })
  deleteApiKey(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => DeleteInput, { description: 'Which one, confirmed.' }) input: DeleteInput,
  ): Promise<DeletePayload> {
    return this.#delete(context, 'API_KEY', requireRecordId(input.id), input);
  }

  async #delete(
    context: GraphQLContext,
    kind: Deletable,
    recordId: string,
    { id, confirmation }: DeleteInput,
  ): Promise<DeletePayload> {
    await this.#services.access.deletion.delete(kind, recordId, confirmation, adminRequestOf(context));
    this.#loaders.forget(context);
    return { deletedId: id };
  }
}

function readDeletable(id: string): { readonly kind: Deletable; readonly recordId: string } {
  const organizationId = readOrganizationId(id);
  if (organizationId !== undefined) return { kind: 'ORGANIZATION', recordId: organizationId };
  const projectId = readProjectId(id);
  if (projectId !== undefined) return { kind: 'PROJECT', recordId: projectId };
  if (!id.startsWith('key_')) throw new SluiceError('NOT_FOUND', undefined, { inputPath: ['id'] });
  return { kind: 'API_KEY', recordId: requireRecordId(id, ['id']) };
}
