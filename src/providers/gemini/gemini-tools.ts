// Our tools and the choice among them → `tools` and `toolConfig`.
// Reference: https://ai.google.dev/gemini-api/docs/generate-content/function-calling

import type { ChatRequest, ToolChoice } from '../../core/chat.ts';

export interface WireTools {
  readonly tools: readonly object[] | undefined;
  readonly toolConfig: object | undefined;
}

/** The API wants a letter or "_" at the beginning. */
export const wireToolName = (name: string): string => (/^[A-Za-z_]/.test(name) ? name : `_${name}`);

/** What callers call the tool that the model knows by this name. */
export function ownToolName(wireName: string, tools: ChatRequest['tools']): string {
  return tools.find(({ name }) => wireToolName(name) === wireName)?.name ?? wireName;
}

export function wireTools({ tools, toolChoice }: Pick<ChatRequest, 'tools' | 'toolChoice'>): WireTools {
  // Refused by the API when there are no functions to choose from.
  if (tools.length === 0) return { tools: undefined, toolConfig: undefined };
  const functionDeclarations = tools.map(({ name, description, parameters }) => ({
    name: wireToolName(name),
    description,
    // The API takes an object only, and says so only if a type is there.
    parametersJsonSchema: { ...parameters, type: 'object' },
  }));
  return {
    tools: [{ functionDeclarations }],
    toolConfig: toolChoice && { functionCallingConfig: wireChoice(toolChoice) },
  };
}

function wireChoice(choice: ToolChoice): object {
  switch (choice.mode) {
    case 'AUTO':
    case 'NONE':
      return { mode: choice.mode };
    case 'REQUIRED':
      return { mode: 'ANY' };
    case 'TOOL':
      return { mode: 'ANY', allowedFunctionNames: [wireToolName(choice.name)] };
  }
}
