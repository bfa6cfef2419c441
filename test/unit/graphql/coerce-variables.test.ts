// What is wrong with variables is told without looking at all of it: a body has room for a million mistakes.

import { beforeAll, describe, expect, it } from '@jest/globals';
import { type GraphQLSchema, Kind, type OperationDefinitionNode, parse } from 'graphql';
import { SluiceError } from '../../../src/core/errors.ts';
import { createInputBounds } from '../../../src/graphql/coerce-variables.ts';
import { defaultOperationLimits } from '../../../src/graphql/operation-limits.ts';
import { buildGraphQLSchema } from '../../../src/graphql/schema.ts';

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await buildGraphQLSchema({} as never);
});

function problemsOf(input: unknown): string[] {
  const document = parse('query ($input: GenerateInput!) { estimate(input: $input) { inputTokens } }');
  const operation = document.definitions.find(
    (definition): definition is OperationDefinitionNode => definition.kind === Kind.OPERATION_DEFINITION,
  );
  try {
    createInputBounds(schema, defaultOperationLimits).coerceVariables(operation?.variableDefinitions ?? [], { input });
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'BAD_USER_INPUT') return error.message.split('; ');
    throw error;
  }
  return [];
}

describe('many mistakes in one input', () => {
  it('are told up to ten of, and what is behind them is not coerced', () => {
    let looks = 0;
    const message = {
      get role() {
        looks++;
        return 5;
      },
      content: 'hi',
    };
    const problems = problemsOf({ model: 'a', messages: Array(1_000).fill(message) });
    expect(problems).toHaveLength(10);
    expect(problems[0]).toMatch(/\$input\.messages\[0\]\.role: expected one of the values of enum "Role"/);
    // Once each to measure it, and once more up to the tenth mistake.
    expect(looks).toBeLessThan(1_020);
  });

  it('are one, where it is names that do not exist', () => {
    const unknown = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`name${index}`, 1]));
    expect(problemsOf({ model: 'a', prompt: 'b', ...unknown })).toEqual([
      'The input does not fit its types. $input: there is a field here that type "GenerateInput" does not have.',
    ]);
  });

  it('name no name that was sent and suggest none that was not', () => {
    const [problem] = problemsOf({ modle: 'secret', prompt: 'b' });
    expect(problem).not.toMatch(/modle|secret|mean/);
  });
});
