// Puts the pieces of an answer together as they come: text, reasoning, tool calls.

import type { ToolCall } from '../core/chat.ts';
import { isNestedDeeper, type JsonObject, MAX_ANSWER_DEPTH } from '../core/json.ts';
import type { ProviderDelta } from '../providers/provider.ts';

interface ToolCallParts {
  id: string | undefined;
  name: string | undefined;
  argumentsText: string;
}

export interface Answer {
  add(delta: ProviderDelta): void;
  text(): string;
  reasoning(): string;
  /** Everything the model wrote, for counting tokens where the provider tells none. */
  written(): string;
  /** Whole calls, and the positions of those whose arguments are no JSON object. */
  toolCalls(): { readonly calls: readonly ToolCall[]; readonly broken: readonly number[] };
}

export function createAnswer(): Answer {
  let text = '';
  let reasoning = '';
  const tools: ToolCallParts[] = [];

  return {
    add(delta) {
      if (delta.type === 'text') text += delta.text;
      else if (delta.type === 'reasoning') reasoning += delta.text;
      else {
        const known = tools[delta.index];
        if (known === undefined) {
          tools[delta.index] = { id: delta.id, name: delta.name, argumentsText: delta.argumentsText };
        } else {
          known.id ??= delta.id;
          known.name ??= delta.name;
          known.argumentsText += delta.argumentsText;
        }
      }
    },
    text: () => text,
    reasoning: () => reasoning,
    written: () => tools.reduce((all, tool) => all + (tool.name ?? '') + tool.argumentsText, reasoning + text),
    toolCalls() {
      const calls: ToolCall[] = [];
      const broken: number[] = [];
      tools.forEach((tool, index) => {
        const parsed = parseArguments(tool.argumentsText);
        if (parsed === undefined || tool.name === undefined) broken.push(index);
        else calls.push({ id: tool.id ?? `call_${index}`, name: tool.name, arguments: parsed });
      });
      return { calls, broken };
    },
  };
}

/** A tool without parameters is called with nothing by some models. */
function parseArguments(text: string): JsonObject | undefined {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && !isNestedDeeper(value, MAX_ANSWER_DEPTH) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
