// Relay's Node: everything that can be asked for again by its id.

import { Field, ID, InterfaceType } from 'type-graphql';

@InterfaceType({ description: 'Something that can be asked for again by its id, with `node(id)`.' })
export abstract class Node {
  @Field(() => ID, { description: 'Unique among everything in this schema. Treat it as opaque.' })
  id!: string;
}
