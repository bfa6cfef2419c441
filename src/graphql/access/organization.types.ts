// Organizations, as everybody sees their own and those who administer see all within their reach.

import { Field, ID, InputType, ObjectType } from 'type-graphql';
import type { OrganizationRecord } from '../../core/access.ts';
import { Node } from '../node.types.ts';
import { createConnectionType } from './connection.ts';
import { organizationIdOf } from './record-ids.ts';

@ObjectType({ simpleResolvers: true, implements: Node, description: 'A tenant of this server.' })
export class Organization extends Node {
  readonly __typename!: 'Organization';
  /** Not part of the schema: its own id, and the record where it was read already. */
  readonly recordId!: string;
  readonly record?: OrganizationRecord | undefined;
}

export const organizationOf = (recordId: string, record?: OrganizationRecord): Organization => ({
  __typename: 'Organization',
  id: organizationIdOf(recordId),
  recordId,
  record,
});
export const toOrganization = (record: OrganizationRecord): Organization => organizationOf(record.id, record);

export const OrganizationConnection = createConnectionType('Organization', () => Organization, 'organizations');

@InputType({ description: 'Which organizations. What is left out does not count.' })
export class OrganizationFilterInput {
  @Field(() => String, { nullable: true, description: 'Part of the name, in any case.' })
  nameContains?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'Disabled ones only, or enabled ones only.' })
  disabled?: boolean | null;
}

export const ALLOWED_MODELS =
  'Names of the models that may be used: of organization, project, key and token together those that all of them allow. Null: all.';

@InputType({ description: 'A new organization.' })
export class CreateOrganizationInput {
  @Field(() => String, { description: 'Its name, 1 to 100 characters, unique on this server.' })
  name!: string;

  @Field(() => [String], { nullable: true, description: ALLOWED_MODELS })
  allowedModels?: string[] | null;
}

@InputType({ description: 'What to change about an organization. What is left out stays as it is.' })
export class UpdateOrganizationInput {
  @Field(() => ID, { description: 'Which one.' })
  id!: string;

  @Field(() => String, { nullable: true, description: 'Its new name.' })
  name?: string | null;

  @Field(() => [String], { nullable: true, description: ALLOWED_MODELS })
  allowedModels?: string[] | null;
}

@InputType({ description: 'Whether an organization is disabled.' })
export class SetOrganizationDisabledInput {
  @Field(() => ID, { description: 'Which one.' })
  id!: string;

  @Field(() => Boolean, {
    description: 'True: nobody of it gets in, what runs for them is ended. False: they get in as before.',
  })
  disabled!: boolean;
}

@ObjectType({ simpleResolvers: true, description: 'An organization that was made or changed.' })
export class OrganizationPayload {
  @Field(() => Organization, { description: 'As it is now.' })
  organization!: Organization;
}
