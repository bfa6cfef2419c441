// Reads the conversation of a generateContent body: turns, and the responses that have to follow function calls.

import type { ViewMessage } from '../chat-view.ts';
import type { Json } from '../types.ts';
import { invalid, invalidField } from './gemini-errors.ts';
import { type Part, readPart } from './gemini-parts.ts';
import { readFields, readList, readText } from './gemini-values.ts';

interface Turn {
  readonly role: 'user' | 'model';
  readonly parts: readonly Part[];
}

type Call = Extract<Part, { type: 'call' }>;
type Response = Extract<Part, { type: 'response' }>;

const callsOf = ({ parts }: Turn) => parts.filter((part): part is Call => part.type === 'call');
const responsesOf = ({ parts }: Turn) => parts.filter((part): part is Response => part.type === 'response');

/** @throws Refused */
export function readSystem(value: Json | undefined): readonly ViewMessage[] {
  if (value === undefined) return [];
  const { parts } = readTurn(value, 'system_instruction');
  if (parts.some((part) => part.type !== 'text')) {
    throw invalid('System instruction should only contain text.');
  }
  return [{ role: 'system', text: textOf(parts), images: [], toolCalls: [], toolCallId: undefined }];
}

/**
 * @param signs the model wants its thoughts back with the function calls of the turn that is going on
 * @throws Refused
 */
export function readContents(value: Json | undefined, signs: boolean): readonly ViewMessage[] {
  const turns = readList(value, 'contents').map((item, index) => readTurn(item, `contents[${index}]`));
  if (turns.length === 0) throw invalidField('contents', 'contents is not specified');
  const messages: ViewMessage[] = [];
  let ids: readonly string[] = [];
  turns.forEach((turn, index) => {
    checkOrder(turns, index);
    const calls = callsOf(turn);
    const answered = matchResponses(turn, turns[index - 1], ids);
    ids = calls.map((call, position) => call.id ?? `call_${index}_${position}`);
    messages.push(...answered, ...flatten(turn, ids));
  });
  if (signs) checkSignatures(turns);
  return messages;
}

function readTurn(item: Json, at: string): Turn {
  const content = readFields(item, ['role', 'parts'], at);
  const role = readText(content['role'], `${at}.role`) ?? 'user';
  if (role !== 'user' && role !== 'model' && role !== 'function' && at !== 'system_instruction') {
    throw invalid('Please use a valid role: user, model.');
  }
  const parts = readList(content['parts'], `${at}.parts`).map((part, index) => readPart(part, `${at}.parts[${index}]`));
  if (parts.length === 0) throw invalidField(`${at}.parts`, 'contents.parts must not be empty.');
  return { role: role === 'model' ? 'model' : 'user', parts };
}

function checkOrder(turns: readonly Turn[], index: number): void {
  const turn = turns[index] as Turn;
  const before = turns[index - 1];
  const after = turns[index + 1];
  if (callsOf(turn).length > 0) {
    if (turn.role !== 'model' || before?.role !== 'user') {
      throw invalid(
        'Please ensure that function call turn comes immediately after a user turn or after a function response turn.',
      );
    }
    if (after === undefined || responsesOf(after).length !== callsOf(turn).length) {
      throw invalid(
        'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
      );
    }
  }
  if (responsesOf(turn).length > 0 && (before === undefined || callsOf(before).length === 0 || turn.role !== 'user')) {
    throw invalid('Please ensure that function response turn comes immediately after a function call turn.');
  }
}

/** Each response finds its call: by its id, else by name and order. */
function matchResponses(turn: Turn, before: Turn | undefined, ids: readonly string[]): readonly ViewMessage[] {
  const open = before === undefined ? [] : callsOf(before).map((call, index) => ({ call, id: ids[index] ?? '' }));
  return responsesOf(turn).map((response) => {
    const at = open.findIndex(({ call }) =>
      response.id === undefined ? call.name === response.name : call.id === response.id && call.name === response.name,
    );
    const [found] = at < 0 ? [] : open.splice(at, 1);
    if (found === undefined) {
      throw invalid(
        `Please ensure that function response parts match the function call parts of the function call turn: nothing called "${response.name}"${response.id === undefined ? '' : ' with this id'} waits for a response.`,
      );
    }
    return { role: 'tool', text: response.text, images: [], toolCalls: [], toolCallId: found.id };
  });
}

/** What the turn says besides responses. Thoughts of earlier turns are no part of the prompt. */
function flatten({ role, parts }: Turn, ids: readonly string[]): readonly ViewMessage[] {
  const calls = parts.filter((part): part is Call => part.type === 'call');
  const toolCalls = calls.map(({ name, arguments: text }, index) => ({ id: ids[index] ?? '', name, arguments: text }));
  const images = parts.flatMap((part) => (part.type === 'image' ? [part.image] : []));
  const text = textOf(parts);
  const onlyResponses = parts.every((part) => part.type === 'response');
  if (onlyResponses) return [];
  return [{ role: role === 'model' ? 'assistant' : 'user', text, images, toolCalls, toolCallId: undefined }];
}

/** From the last thing a user said on, the first call of every step has to bring its signature. */
function checkSignatures(turns: readonly Turn[]): void {
  const start = turns.findLastIndex((turn) => turn.role === 'user' && responsesOf(turn).length === 0);
  turns.forEach((turn, index) => {
    const [first] = callsOf(turn);
    if (index < start || first === undefined || first.signed) return;
    throw invalid(
      `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`default_api:${first.name}\` , position ${index + 1}.`,
    );
  });
}

const textOf = (parts: readonly Part[]) =>
  parts.flatMap((part) => (part.type === 'text' && !part.thought ? [part.text] : [])).join('\n');
