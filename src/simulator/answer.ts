// What the model says to a request before anything is cut or billed: reasoning, text or tool calls.
// Pure: the same question and seed give the same answer, streamed or not, in every wire format.

import { type ChatView, hashView, lastUser, type ViewFormat, type ViewTool } from './chat-view.ts';
import { describeImage } from './images.ts';
import { isRecord } from './json-record.ts';
import { createRandom, type Random } from './random.ts';
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
  callId: (random: Random) => string,
): Answer {
  const hash = hashView(view, seed);
  const random = createRandom(hash);
  // Thinking and ids have a chance of their own: whether a model thinks aloud and how ids look changes nothing it says.
  const reasoning = (view.thinking.wanted ?? style.reasons) ? writeReasoning(prompt, createRandom(hash + 1)) : '';
  const calls = chooseCalls(view, prompt, random, createIds(hash, callId));
  if (calls.length > 0) return { reasoning, text: '', calls };
  return { reasoning, text: writeContent(view, prompt, random, style.thorough), calls };
}

/** Ids for calls, in the style of a wire format. */
export function createIds(hash: number, callId: (random: Random) => string): () => string {
  const random = createRandom(hash + 2);
  return () => callId(random);
}

function writeContent(view: ChatView, prompt: string, random: Random, thorough: boolean): string {
  const format = toldFormat(view);
  if (format.type === 'json_schema') {
    return JSON.stringify(writeValue(format.schema, { prompt, words: readWords(prompt) }, random));
  }
  if (format.type === 'json_object') {
    const words = readWords(prompt);
    return JSON.stringify({ answer: writeText(prompt, random, false), topics: words.topics, words: words.all.length });
  }
  const results = readResults(view);
  if (results.length > 0) return results.join('\n');
  const lead = (lastUser(view)?.images ?? []).map((image) => `I see an image ${describeImage(image)}.`);
  return writeText(prompt, random, thorough, lead);
}

/** Where a format has no way to ask for JSON, or for this schema, the system prompt asks for it in words. */
function toldFormat({ format, messages }: ChatView): ViewFormat {
  if (format.type !== 'text') return format;
  const told = messages.findLast(
    ({ role, text }) =>
      role === 'system' && /\bJSON\b/.test(text) && /\b(?:alone|only|nothing but|valid)\b/i.test(text),
  );
  if (told === undefined) return format;
  const schema = /\bschema\b[^{]*(\{.*\})/is.exec(told.text)?.[1];
  try {
    const value: unknown = schema === undefined ? undefined : JSON.parse(schema);
    return isRecord(value) ? { type: 'json_schema', schema: value } : { type: 'json_object' };
  } catch {
    return { type: 'json_object' };
  }
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

function chooseCalls(view: ChatView, prompt: string, random: Random, nextId: () => string): AnsweredCall[] {
  const { toolChoice, tools } = view;
  if (tools.length === 0 || toolChoice.mode === 'none') return [];
  const answered = view.messages.at(-1)?.role === 'tool';
  if (answered && toolChoice.mode === 'auto') return [];
  const words = readWords(prompt);
  const call = (tool: ViewTool): AnsweredCall => ({
    id: nextId(),
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
function closed(tool: ViewTool) {
  return { additionalProperties: false, ...tool.parameters, type: 'object' } as const;
}

/** A word of the name counts more than one of the description. */
function score(tool: ViewTool, said: ReadonlySet<string>): number {
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
