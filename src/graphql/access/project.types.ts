// Projects: parts of an organization with keys of their own.

import { Field, ID, InputType, ObjectType } from 'type-graphql';
import type { ProjectRecord } from '../../core/access.ts';
import { Node } from '../node.types.ts';
import { createConnectionType } from './connection.ts';
import { ALLOWED_MODELS } from './organization.types.ts';
import { projectIdOf } from './record-ids.ts';

@ObjectType({ simpleResolvers: true, implements: Node, description: 'A part of an organization with keys of its own.' })
export class Project extends Node {
  readonly __typename!: 'Project';
  /** Not part of the schema: its own id, its organization's, and the record where it was read already. */
  readonly recordId!: string;
  readonly organizationId!: string;
  readonly record?: ProjectRecord | undefined;
}

export const projectOf = (recordId: string, organizationId: string, record?: ProjectRecord): Project => ({
  __typename: 'Project',
  id: projectIdOf(recordId),
  recordId,
  organizationId,
  record,
});
export const toProject = (record: ProjectRecord): Project => projectOf(record.id, record.organizationId, record);

export const ProjectConnection = createConnectionType('Project', () => Project, 'projects');

@InputType({ description: 'Which projects. What is left out does not count.' })
export class ProjectFilterInput {
  @Field(() => ID, { nullable: true, description: 'Of this organization.' })
  organizationId?: string | null;

  @Field(() => String, { nullable: true, description: 'Part of the name, in any case.' })
  nameContains?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'Disabled ones only, or enabled ones only.' })
  disabled?: boolean | null;
}

@InputType({ description: 'A new project.' })
export class CreateProjectInput {
  @Field(() => ID, { nullable: true, description: 'In which organization. Default: your own.' })
  organizationId?: string | null;

  @Field(() => String, { description: 'Its name, 1 to 100 characters, unique in its organization.' })
  name!: string;

  @Field(() => [String], { nullable: true, description: ALLOWED_MODELS })
  allowedModels?: string[] | null;
}

@InputType({ description: 'What to change about a project. What is left out stays as it is.' })
export class UpdateProjectInput {
  @Field(() => ID, { description: 'Which one.' })
  id!: string;

  @Field(() => String, { nullable: true, description: 'Its new name.' })
  name?: string | null;

  @Field(() => [String], { nullable: true, description: ALLOWED_MODELS })
  allowedModels?: string[] | null;
}

@InputType({ description: 'Whether a project is disabled.' })
export class SetProjectDisabledInput {
  @Field(() => ID, { description: 'Which one.' })
  id!: string;

  @Field(() => Boolean, {
    description: 'True: nobody of it gets in, what runs for them is ended. False: they get in as before.',
  })
  disabled!: boolean;
}

@ObjectType({ simpleResolvers: true, description: 'A project that was made or changed.' })
export class ProjectPayload {
  @Field(() => Project, { description: 'As it is now.' })
  project!: Project;
}
