// What the model says to a request before anything is cut or billed: reasoning, text or tool calls.
// Pure: the same request and seed give the same answer, streamed or not.

import { describeImage } from './images.ts';
import { createRandom, hashText, type Random } from './random.ts';
import type { ChatView, WireTool } from './read-request.ts';
import { writeValue } from './schema-value.ts';
import { writeReasoning, writeText } from './text-answer.ts';
import type { Json } from './types.ts';
import { enumerate, isCommon, readWords, splitName } from './words.ts';

export interface AnsweredCall {
  readonly id: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

export interface Answer {
  readonly reasoning: string;
  readonly text: string;
  readonly calls: readonly AnsweredCall[];
}

const MAX_QUOTED_RESULT = 400;

export function createAnswer(
  view: ChatView,
  prompt: string,
  seed: number,
  style: { readonly thorough: boolean; readonly reasons: boolean },
): Answer {
  const random = createRandom(hashRequest(view, seed));
  const reasoning = style.reasons ? writeReasoning(prompt, random) : '';
  const calls = chooseCalls(view, prompt, random);
  if (calls.length > 0) return { reasoning, text: '', calls };
  return { reasoning, text: writeContent(view, prompt, random, style.thorough), calls };
}

/** Everything that decides an answer; how it is sent and where it is cut do not. */
function hashRequest(view: ChatView, seed: number): number {
  const { model, messages, tools, tool_choice, response_format, seed: asked, temperature, top_p } = view.body;
  return hashText(
    JSON.stringify([model, messages, tools, tool_choice, response_format, asked, temperature, top_p]),
    seed,
  );
}

function writeContent(view: ChatView, prompt: string, random: Random, thorough: boolean): string {
  if (view.format.type === 'json_schema') {
    return JSON.stringify(writeValue(view.format.schema, { prompt, words: readWords(prompt) }, random));
  }
  if (view.format.type === 'json_object') {
    const words = readWords(prompt);
    return JSON.stringify({ answer: writeText(prompt, random, false), topics: words.topics, words: words.all.length });
  }
  const results = readResults(view);
  if (results.length > 0) return results.join('\n');
  const lead = (view.lastUser?.images ?? []).map((image) => `I see an image ${describeImage(image)}.`);
  return writeText(prompt, random, thorough, lead);
}

/** One sentence for each tool message at the end of the conversation. */
function readResults(view: ChatView): string[] {
  const start = view.messages.findLastIndex((message) => message.role !== 'tool') + 1;
  const asked = view.messages[start - 1]?.toolCalls ?? [];
  return view.messages.slice(start).map((message) => {
    const call = asked.find((one) => one.id === message.toolCallId);
    const source = call === undefined ? 'The tool' : capitaliseName(call.name);
    return `${source} says: ${describeResult(message.text)}`;
  });
}

function capitaliseName(name: string): string {
  return `The tool ${splitName(name).join(' ')}`;
}

/** `{"city":"Bern","temperature":21}` → "city is Bern and temperature is 21." */
function describeResult(text: string): string {
  const quoted = text.length > MAX_QUOTED_RESULT ? `${text.slice(0, MAX_QUOTED_RESULT)}…` : text;
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    return quoted;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return quoted;
  const facts = Object.entries(value).map(([key, fact]) => {
    const told = typeof fact === 'string' ? fact : JSON.stringify(fact);
    return `${splitName(key).join(' ')} is ${told}`;
  });
  return facts.length === 0 ? 'nothing.' : `${enumerate(facts)}.`;
}

function chooseCalls(view: ChatView, prompt: string, random: Random): AnsweredCall[] {
  const { toolChoice, tools } = view;
  if (tools.length === 0 || toolChoice.mode === 'none') return [];
  const answered = view.messages.at(-1)?.role === 'tool';
  if (answered && toolChoice.mode === 'auto') return [];
  const words = readWords(prompt);
  const call = (tool: WireTool): AnsweredCall => ({
    id: `call_${random.code(24)}`,
    name: tool.name,
    arguments: JSON.stringify(writeValue(closed(tool), { prompt, words }, random)),
  });
  if (toolChoice.mode === 'named')
    return tools
      .filter((tool) => tool.name === toolChoice.name)
      .slice(0, 1)
      .map(call);

  const said = new Set(words.all.map(stem));
  const scored = tools
    .map((tool) => ({ tool, score: score(tool, said) }))
    .sort((left, right) => right.score - left.score);
  const wanted = scored.filter((one) => one.score > 0).map((one) => one.tool);
  if (wanted.length === 0 && toolChoice.mode === 'required') wanted.push(...scored.slice(0, 1).map((one) => one.tool));
  // The best, and beside it only tools whose own name was said.
  const named = wanted.filter((tool, index) => index === 0 || splitName(tool.name).some((part) => says(part, said)));
  return named.slice(0, view.parallelToolCalls ? 4 : 1).map(call);
}

/** Arguments are an object, whatever the schema leaves open; nothing is made up for a tool that takes none. */
function closed(tool: WireTool) {
  return { additionalProperties: false, ...tool.parameters, type: 'object' } as const;
}

/** A word of the name counts more than one of the description. */
function score(tool: WireTool, said: ReadonlySet<string>): number {
  const inName = splitName(tool.name).filter((part) => says(part, said)).length;
  const inDescription = splitName(tool.description).filter((part) => says(part, said)).length;
  return inName * 10 + inDescription;
}

const says = (part: string, said: ReadonlySet<string>) => !isCommon(part) && said.has(stem(part));

function stem(word: string): string {
  return word
    .toLowerCase()
    .replace(/['’]s$/, '')
    .replace(/(?<=\p{L}{3})(?:ing|es|ed|s)$/u, '');
}
