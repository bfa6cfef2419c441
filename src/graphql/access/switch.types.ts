// The kill switches of models and providers.

import { Field, InputType, ObjectType } from 'type-graphql';
import type { SwitchState as CoreSwitchState, SwitchRecord } from '../../core/access.ts';
import { describeEnum } from '../describe-enum.ts';
import { Model, SwitchState } from '../models/model.types.ts';
import { DateTime } from '../scalars.ts';

const SwitchKind = describeEnum<SwitchRecord['kind']>('SwitchKind', 'What is switched.', {
  MODEL: 'A model, by the name it is called by.',
  PROVIDER: 'A provider, by its id in the configuration: all models it serves.',
});

@ObjectType({ simpleResolvers: true, description: 'The kill switch of a model or a provider, as it was set last.' })
export class Switch {
  @Field(() => SwitchKind, { description: 'What is switched.' })
  kind!: SwitchRecord['kind'];

  @Field(() => String, { description: 'Name of the model, or id of the provider.' })
  name!: string;

  @Field(() => SwitchState, { description: 'Whether its calls are taken.' })
  state!: CoreSwitchState;

  @Field(() => String, { nullable: true, description: 'Why, in words for people.' })
  reason!: string | undefined;

  @Field(() => DateTime, { description: 'When it was set.' })
  changedAt!: number;

  @Field(() => String, { description: 'Who set it: their `viewer.principal`.' })
  changedBy!: string;
}

export const toSwitch = ({ kind, name, state, reason, changedAtMs, changedBy }: SwitchRecord): Switch => ({
  kind,
  name,
  state,
  reason,
  changedAt: changedAtMs,
  changedBy,
});

@InputType({ description: 'The switch of a model.' })
export class SetModelStateInput {
  @Field(() => String, { description: 'Its name.' })
  model!: string;

  @Field(() => SwitchState, { description: 'Whether its calls are taken.' })
  state!: CoreSwitchState;

  @Field(() => String, { nullable: true, description: 'Why, in words for people.' })
  reason?: string | null;
}

@InputType({ description: 'The switch of a provider.' })
export class SetProviderStateInput {
  @Field(() => String, { description: 'Its id in the configuration.' })
  provider!: string;

  @Field(() => SwitchState, { description: 'Whether calls of its models are taken.' })
  state!: CoreSwitchState;

  @Field(() => String, { nullable: true, description: 'Why, in words for people.' })
  reason?: string | null;
}

@ObjectType({ simpleResolvers: true, description: 'A model that was switched.' })
export class SetModelStatePayload {
  @Field(() => Switch, { description: 'Its switch.' })
  switch!: Switch;

  @Field(() => Model, {
    nullable: true,
    description: 'The model. Its `state` is the stricter one of its own switch and its provider’s.',
  })
  model!: Model | undefined;
}

@ObjectType({ simpleResolvers: true, description: 'A provider that was switched.' })
export class SetProviderStatePayload {
  @Field(() => Switch, { description: 'Its switch.' })
  switch!: Switch;
}
