// Our tools and the choice among them → `tools` and `tool_choice`.
// Reference: https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools

import type { ChatRequest, Tool } from '../../core/chat.ts';
import type { JsonObject, JsonValue } from '../../core/json.ts';
import type { ModelTraits } from './anthropic-models.ts';

export interface WireTools {
  readonly tools: readonly object[] | undefined;
  readonly toolChoice: object | undefined;
  /** The model has to call a tool. */
  readonly forced: boolean;
}

export interface ToolsToSend {
  readonly request: Pick<ChatRequest, 'tools' | 'toolChoice'>;
  /** Names of the tools called earlier in the conversation. */
  readonly calledTools: readonly string[];
  /** `disable_parallel_tool_use` of the caller's options: on the wire it stands in `tool_choice`. */
  readonly disableParallel: JsonValue | undefined;
  readonly traits: ModelTraits;
}

const CHOICES = { AUTO: 'auto', NONE: 'none', REQUIRED: 'any' } as const;
/** Refused at the top of a tool's schema, taken further down. */
const COMBINATORS = ['anyOf', 'oneOf', 'allOf'];

export function wireTools(toSend: ToolsToSend, warn: (warning: string) => void): WireTools {
  const { request, calledTools, disableParallel, traits } = toSend;
  const { tools, toolChoice } = request;
  const notParallel = (): void => {
    if (disableParallel !== undefined) warn('disable_parallel_tool_use was not sent: there is no tool to call.');
  };

  if (tools.length === 0) {
    notParallel();
    if (calledTools.length === 0) return { tools: undefined, toolChoice: undefined, forced: false };
    // A conversation with calls is refused without the tools: they are named, and not to be called.
    const named = calledTools.map((name) => ({ name, input_schema: { type: 'object' } }));
    return { tools: named, toolChoice: { type: 'none' }, forced: false };
  }

  const wire = (chosen: readonly Tool[]): readonly object[] => chosen.map((tool) => wireTool(tool, warn));
  if (toolChoice?.mode === 'NONE') {
    notParallel();
    return { tools: wire(tools), toolChoice: { type: 'none' }, forced: false };
  }
  const parallel = disableParallel === undefined ? {} : { disable_parallel_tool_use: disableParallel };
  const forced = toolChoice?.mode === 'REQUIRED' || toolChoice?.mode === 'TOOL';
  if (forced && !traits.forcedTools) {
    const offered = toolChoice.mode === 'TOOL' ? tools.filter(({ name }) => name === toolChoice.name) : tools;
    const only = offered === tools ? '' : ' Only that tool was offered.';
    warn(`toolChoice was sent as AUTO: this model cannot be made to call a tool, and may answer without.${only}`);
    return { tools: wire(offered), toolChoice: { type: 'auto', ...parallel }, forced: false };
  }
  if (toolChoice?.mode === 'TOOL') {
    return { tools: wire(tools), toolChoice: { type: 'tool', name: toolChoice.name, ...parallel }, forced };
  }
  if (toolChoice === undefined && disableParallel === undefined) {
    return { tools: wire(tools), toolChoice: undefined, forced };
  }
  return { tools: wire(tools), toolChoice: { type: CHOICES[toolChoice?.mode ?? 'AUTO'], ...parallel }, forced };
}

function wireTool({ name, description, parameters }: Tool, warn: (warning: string) => void): object {
  const refused = COMBINATORS.filter((keyword) => Object.hasOwn(parameters, keyword));
  if (refused.length > 0) {
    warn(
      `${refused.join(', ')} at the top of the parameters of "${name}" was not sent: this provider takes none there.`,
    );
  }
  const kept: JsonObject =
    refused.length === 0
      ? parameters
      : Object.fromEntries(Object.entries(parameters).filter(([keyword]) => !refused.includes(keyword)));
  return { name, description, input_schema: { ...kept, type: 'object' } };
}
