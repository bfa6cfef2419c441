// The models on offer.

import { Field, Int, ObjectType } from 'type-graphql';
import type { SwitchState as CoreSwitchState } from '../../core/access.ts';
import type { Capability as CoreCapability } from '../../core/chat.ts';
import { describeEnum } from '../describe-enum.ts';
import { Node } from '../node.types.ts';
import { Decimal } from '../scalars.ts';

const Capability = describeEnum<CoreCapability>('Capability', 'Something a model can do.', {
  TEXT: 'Answer in text.',
  STREAM: 'Tell the answer while it is written.',
  TOOLS: 'Call tools.',
  JSON_SCHEMA: 'Hold its answer to a JSON Schema.',
  IMAGES: 'Look at images.',
  REASONING: 'Think before it answers.',
  EMBEDDINGS: 'Turn text into vectors.',
});

export const SwitchState = describeEnum<CoreSwitchState>(
  'SwitchState',
  'Whether calls of a model or a provider are taken.',
  {
    ENABLED: 'They are.',
    DRAINING: 'New calls are not; what runs goes on to its end.',
    DISABLED: 'New calls are not, and what ran was ended.',
  },
);

type ModelHealthName = 'HEALTHY' | 'DEGRADED' | 'UNAVAILABLE';

const ModelHealth = describeEnum<ModelHealthName>('ModelHealth', 'How calls of a model fare at the moment.', {
  HEALTHY: 'Nothing is known to stand in their way.',
  DEGRADED: 'Some fail, or go to another provider.',
  UNAVAILABLE: 'None would be begun now.',
});

@ObjectType({
  simpleResolvers: true,
  description:
    'Prices of a model, US dollars per one million tokens. Some models cost more when the input is very long; charges know that.',
})
export class ModelPrices {
  @Field(() => Decimal, { description: 'For tokens the model reads.' })
  inputUsdPerMillion!: string;

  @Field(() => Decimal, { nullable: true, description: "For tokens read from the provider's prompt cache." })
  cachedInputUsdPerMillion!: string | undefined;

  @Field(() => Decimal, { nullable: true, description: "For tokens written to the provider's prompt cache." })
  cacheWriteUsdPerMillion!: string | undefined;

  @Field(() => Decimal, { description: 'For tokens the model writes, reasoning included.' })
  outputUsdPerMillion!: string;

  @Field(() => String, { description: 'Where the prices come from; stored with every charge.' })
  version!: string;
}

@ObjectType({ simpleResolvers: true, implements: Node, description: 'A model you may call.' })
export class Model extends Node {
  readonly __typename!: 'Model';

  @Field(() => String, { description: 'The name to call it by.' })
  name!: string;

  @Field(() => [Capability], { description: 'What it can do.' })
  capabilities!: readonly CoreCapability[];

  @Field(() => Int, { description: 'Tokens it can read and write together.' })
  contextWindow!: number;

  @Field(() => Int, { description: 'Most tokens it can write in one answer.' })
  maxOutputTokens!: number;

  @Field(() => Boolean, { description: 'Whether its price is known. When not, `costUsd` of its calls is null.' })
  priceKnown!: boolean;

  @Field(() => ModelPrices, { nullable: true, description: 'What it costs. Null when no price is known.' })
  prices!: ModelPrices | undefined;

  @Field(() => SwitchState, {
    description: 'Whether an operator has switched it, or its provider, off. What is switched off stays in the list.',
  })
  state!: CoreSwitchState;

  @Field(() => ModelHealth, { description: 'How calls of it fare, as far as this server knows.' })
  health!: ModelHealthName;
}
