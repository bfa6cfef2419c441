// Checks one call's input and turns it into our words. Messages teach and never repeat what was sent.

import type { ChatRequest, OutputFormat, Reasoning, Tool, ToolChoice } from '../core/chat.ts';
import type { JsonObject } from '../core/json.ts';
import { PROVIDER_KINDS } from '../core/provider-kinds.ts';
import type { OutputSchemas } from '../features/guards/output-schema.ts';
import type { Model } from '../features/routing/model-catalog.ts';
import type { OutboundHosts } from '../platform/outbound-hosts.ts';
import type { CallInput } from './call-input.ts';
import { InputProblem, NAME, requireObject, TOOL_NAME_RULE } from './input-problem.ts';
import { validateMessages } from './validate-messages.ts';

const LABEL_NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const PRINTABLE = /^[\x20-\x7e]{1,255}$/;
const MAX_STOPS = 4;
const MAX_STOP_CHARACTERS = 256;
const MAX_LABELS = 16;
const MAX_LABEL_VALUE_CHARACTERS = 256;
/** Would break lines, columns or encodings wherever labels are shown or exported. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029]/u;
const MAX_TIMEOUT_MS = 3_600_000;
const MAX_DESCRIPTION_CHARACTERS = 8192;

const NO_OPTIONS: Readonly<Record<string, JsonObject>> = {};

export interface InputRules {
  readonly schemas: OutputSchemas;
  /** Where images may lie. */
  readonly hosts: OutboundHosts;
}

/** What the model is to be asked, apart from the output cap. @throws InputProblem */
export function validateRequest(
  input: CallInput,
  model: Model,
  { schemas, hosts }: InputRules,
): Omit<ChatRequest, 'maxOutputTokens'> {
  const messages = validateMessages(input, hosts);
  const tools = validateTools(input);
  const request = {
    messages,
    temperature: inRange(input.temperature, 0, 2, 'temperature'),
    topP: inRange(input.topP, 0, 1, 'topP'),
    stop: validateStop(input),
    seed: input.seed ?? undefined,
    tools,
    toolChoice: validateToolChoice(input, tools),
    output: validateOutput(input, schemas),
    reasoning: validateReasoning(input),
    providerOptions: validateProviderOptions(input),
  };
  requireCapabilities(request, model);
  return request;
}

/** @throws InputProblem */
export function validateIdempotencyKey(key: string | null | undefined): string | undefined {
  if (key === null || key === undefined) return undefined;
  if (!PRINTABLE.test(key)) {
    throw new InputProblem(['idempotencyKey'], 'An idempotency key has 1 to 255 printable ASCII characters.');
  }
  return key;
}

/** @throws InputProblem */
export function validateTimeout(timeoutMs: number | null | undefined, longestMs: number): number {
  if (timeoutMs === null || timeoutMs === undefined) return longestMs;
  if (timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS) {
    throw new InputProblem(['timeoutMs'], `timeoutMs must be between 1 and ${MAX_TIMEOUT_MS}.`);
  }
  return Math.min(timeoutMs, longestMs);
}

/** @throws InputProblem */
export function validateLabels(input: CallInput): readonly { readonly name: string; readonly value: string }[] {
  const labels = input.labels ?? [];
  if (labels.length > MAX_LABELS) throw new InputProblem(['labels'], `A call may carry at most ${MAX_LABELS} labels.`);
  const seen = new Set<string>();
  labels.forEach((label, index) => {
    if (!LABEL_NAME.test(label.name)) {
      throw new InputProblem(['labels', index, 'name'], 'A label name has 1 to 64 letters, digits, ".", "_" or "-".');
    }
    if (seen.has(label.name)) throw new InputProblem(['labels', index, 'name'], 'Each label name may be given once.');
    seen.add(label.name);
    if (label.value.length > MAX_LABEL_VALUE_CHARACTERS) {
      throw new InputProblem(
        ['labels', index, 'value'],
        `A label value has at most ${MAX_LABEL_VALUE_CHARACTERS} characters.`,
      );
    }
    if (UNPRINTABLE.test(label.value)) {
      throw new InputProblem(['labels', index, 'value'], 'A label value has no line breaks or control characters.');
    }
  });
  return labels;
}

function validateTools(input: CallInput): readonly Tool[] {
  const seen = new Set<string>();
  return (input.tools ?? []).map((tool, index) => {
    if (!NAME.test(tool.name)) throw new InputProblem(['tools', index, 'name'], TOOL_NAME_RULE);
    if (seen.has(tool.name)) throw new InputProblem(['tools', index, 'name'], 'Two tools have this name.');
    seen.add(tool.name);
    const description = tool.description ?? undefined;
    if (description !== undefined && description.length > MAX_DESCRIPTION_CHARACTERS) {
      throw new InputProblem(
        ['tools', index, 'description'],
        `A tool description has at most ${MAX_DESCRIPTION_CHARACTERS} characters.`,
      );
    }
    requireObject(tool.parameters, ['tools', index, 'parameters']);
    if (tool.parameters.type !== undefined && tool.parameters.type !== 'object') {
      throw new InputProblem(['tools', index, 'parameters'], 'Tool parameters are a JSON Schema of type "object".');
    }
    return { name: tool.name, description, parameters: tool.parameters };
  });
}

function validateToolChoice(input: CallInput, tools: readonly Tool[]): ToolChoice | undefined {
  const choice = input.toolChoice;
  if (choice === null || choice === undefined) return undefined;
  const name = choice.name ?? undefined;
  if (choice.mode !== 'TOOL') {
    if (name !== undefined) throw new InputProblem(['toolChoice', 'name'], 'A name goes with mode TOOL only.');
    if (tools.length === 0 && choice.mode === 'REQUIRED') {
      throw new InputProblem(['toolChoice'], 'REQUIRED needs at least one tool.');
    }
    return tools.length === 0 ? undefined : { mode: choice.mode };
  }
  if (name === undefined) throw new InputProblem(['toolChoice', 'name'], 'Mode TOOL needs the name of the tool.');
  if (!tools.some((tool) => tool.name === name)) {
    throw new InputProblem(['toolChoice', 'name'], 'None of the tools has this name.');
  }
  return { mode: 'TOOL', name };
}

function validateOutput(input: CallInput, schemas: OutputSchemas): OutputFormat {
  const output = input.output;
  if (output === null || output === undefined || output.format === 'TEXT') {
    if (output?.schema) throw new InputProblem(['output', 'schema'], 'A schema goes with format JSON only.');
    return { format: 'TEXT' };
  }
  const name = output.name ?? 'output';
  if (!NAME.test(name)) {
    throw new InputProblem(['output', 'name'], 'The name of a schema has 1 to 64 letters, digits, "_" or "-".');
  }
  const schema = output.schema ?? undefined;
  if (schema !== undefined) {
    requireObject(schema, ['output', 'schema']);
    const problem = schemas.problemOf(schema);
    if (problem !== undefined) throw new InputProblem(['output', 'schema'], problem);
  }
  return { format: 'JSON', schema, name };
}

function validateReasoning(input: CallInput): Reasoning | undefined {
  const effort = input.reasoning?.effort ?? undefined;
  const maxTokens = input.reasoning?.maxTokens ?? undefined;
  if (maxTokens !== undefined && maxTokens < 1) {
    throw new InputProblem(['reasoning', 'maxTokens'], 'reasoning.maxTokens must be at least 1.');
  }
  return effort === undefined && maxTokens === undefined ? undefined : { effort, maxTokens };
}

/** Only the outermost level is looked at here; what one kind may be sent, its provider's list says. */
function validateProviderOptions(input: CallInput): Readonly<Record<string, JsonObject>> {
  const given = input.providerOptions ?? undefined;
  if (given === undefined) return NO_OPTIONS;
  requireObject(given, ['providerOptions']);
  for (const [kind, options] of Object.entries(given)) {
    if (!PROVIDER_KINDS.some((known) => known === kind)) {
      throw new InputProblem(
        ['providerOptions', kind],
        `providerOptions are grouped by kind of provider, one of ${PROVIDER_KINDS.join(', ')}.`,
      );
    }
    requireObject(options, ['providerOptions', kind]);
  }
  return given as Readonly<Record<string, JsonObject>>;
}

function validateStop(input: CallInput): readonly string[] {
  const stop = input.stop ?? [];
  if (stop.length > MAX_STOPS) throw new InputProblem(['stop'], `At most ${MAX_STOPS} stop sequences.`);
  stop.forEach((sequence, index) => {
    if (sequence.length === 0 || sequence.length > MAX_STOP_CHARACTERS) {
      throw new InputProblem(['stop', index], `A stop sequence has 1 to ${MAX_STOP_CHARACTERS} characters.`);
    }
  });
  return stop;
}

function requireCapabilities(request: Omit<ChatRequest, 'maxOutputTokens'>, model: Model): void {
  const need = (capability: Model['capabilities'][number], path: string[], what: string): void => {
    if (model.capabilities.includes(capability)) return;
    throw new InputProblem(path, `This model has no ${capability}: it cannot ${what}.`, 'CAPABILITY_MISSING');
  };
  if (request.tools.length > 0) need('TOOLS', ['tools'], 'call tools');
  if (request.output.format === 'JSON' && request.output.schema !== undefined) {
    need('JSON_SCHEMA', ['output', 'schema'], 'be held to a schema');
  }
  if (request.messages.some((message) => message.parts.some((part) => part.type !== 'text'))) {
    need('IMAGES', ['messages'], 'look at images');
  }
}

function inRange(value: number | null | undefined, from: number, to: number, name: string): number | undefined {
  if (value === null || value === undefined) return undefined;
  if (!(value >= from && value <= to)) throw new InputProblem([name], `${name} must be between ${from} and ${to}.`);
  return value;
}
