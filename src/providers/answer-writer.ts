// Hands the pieces of an answer on, for every wire format alike: whole characters only, no more bytes than an answer may
// have (names and ids count too, and what is kept back), tool calls numbered from 0 in the order they begin.

import { randomUUID } from 'node:crypto';
import type { ProviderDelta } from './provider.ts';
import { unreadableError } from './upstream-errors.ts';
import { createWholeCharacters } from './whole-characters.ts';

export interface AnswerWriter {
  text(piece: string): void;
  reasoning(piece: string): void;
  /** Begins the next call of a tool; nothing is delivered before it has its name. @throws UpstreamError when there are too many. */
  toolCall(): ToolCallWriter;
  /** The model writes what is not shown. */
  begin(): void;
  /** Delivers what is still kept. @throws UpstreamError when a tool call never got a name. */
  end(): void;
  readonly toolCalls: number;
  /** The model has begun to write. */
  readonly begun: boolean;
}

export interface ToolCallWriter {
  /** Tells the call's name, once. Returns its id, which is one of ours where the provider gives none. */
  name(id: string | undefined, name: string, argumentsText: string): string;
  /** The next piece of the arguments, JSON text; kept until the call has its name. */
  append(argumentsText: string): void;
  /** Completes the call, once or more: without arguments it is a call with none of them. @throws UpstreamError when it has no name. */
  end(): void;
  readonly named: boolean;
}

/** Far more than a model makes at once, and few enough to look through for each piece. */
const MOST_TOOL_CALLS = 1_000;

/** @throws UpstreamError from any of its functions, when the answer is larger than `maxAnswerBytes`. */
export function createAnswerWriter(onDelta: (delta: ProviderDelta) => void, maxAnswerBytes: number): AnswerWriter {
  const textCharacters = createWholeCharacters();
  const reasoningCharacters = createWholeCharacters();
  const toolCalls: ToolCallWriter[] = [];
  let answerBytes = 0;
  let begun = false;

  function count(text: string): void {
    answerBytes += Buffer.byteLength(text);
    if (answerBytes > maxAnswerBytes) {
      throw unreadableError(`wrote an answer of more than ${maxAnswerBytes} bytes`, 'PARTIAL');
    }
  }

  function deliver(delta: ProviderDelta): void {
    begun = true;
    onDelta(delta);
  }

  function emitText(type: 'text' | 'reasoning', text: string): void {
    if (text === '') return;
    count(text);
    deliver({ type, text });
  }

  return {
    text: (piece) => emitText('text', textCharacters.take(piece)),
    reasoning: (piece) => emitText('reasoning', reasoningCharacters.take(piece)),
    toolCall: () => {
      if (toolCalls.length === MOST_TOOL_CALLS) {
        throw unreadableError(`called tools more than ${MOST_TOOL_CALLS} times in one answer`, 'PARTIAL');
      }
      const call = createToolCallWriter(toolCalls.length, count, deliver);
      toolCalls.push(call);
      return call;
    },
    begin: () => {
      begun = true;
    },
    end: () => {
      emitText('reasoning', reasoningCharacters.rest());
      emitText('text', textCharacters.rest());
      for (const call of toolCalls) call.end();
    },
    get toolCalls() {
      return toolCalls.length;
    },
    get begun() {
      return begun;
    },
  };
}

function createToolCallWriter(
  index: number,
  count: (text: string) => void,
  deliver: (delta: ProviderDelta) => void,
): ToolCallWriter {
  const characters = createWholeCharacters();
  /** Arguments that came before the name. */
  let early = '';
  let named = false;
  let argumentsSeen = false;

  function emitArguments(argumentsText: string): void {
    if (argumentsText === '') return;
    argumentsSeen = true;
    deliver({ type: 'tool-call', index, id: undefined, name: undefined, argumentsText });
  }

  return {
    name: (id = `call_${randomUUID()}`, name, argumentsText) => {
      named = true;
      for (const text of [id, name, argumentsText]) count(text);
      const first = characters.take(early + argumentsText);
      argumentsSeen = first !== '';
      deliver({ type: 'tool-call', index, id, name, argumentsText: first });
      return id;
    },
    append: (argumentsText) => {
      count(argumentsText);
      if (named) emitArguments(characters.take(argumentsText));
      else early += argumentsText;
    },
    end: () => {
      if (!named) throw unreadableError('called a tool without naming it', 'PARTIAL');
      const rest = characters.rest();
      emitArguments(rest === '' && !argumentsSeen ? '{}' : rest);
    },
    get named() {
      return named;
    },
  };
}
