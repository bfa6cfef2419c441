// Tool calls as they come in: pieces of a stream, or whole. Servers differ in what they leave out: the index (whole
// calls at once), the id, the id of a second call under the same index, the arguments of a tool without any.

import type { AnswerWriter, ToolCallWriter } from '../answer-writer.ts';
import { isFields } from '../error-body.ts';

interface OpenCall {
  /** The provider's own number of the call. */
  readonly wireIndex: number | undefined;
  id: string | undefined;
  readonly writer: ToolCallWriter;
}

export interface ToolCallReader {
  /** One entry of `tool_calls`. */
  read(entry: unknown): void;
  /** The older `function_call`, of which there is one. */
  readFunctionCall(entry: unknown): void;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

export function createToolCallReader(answer: Pick<AnswerWriter, 'toolCall'>): ToolCallReader {
  const calls: OpenCall[] = [];

  function open(wireIndex: number | undefined, id: string | undefined): OpenCall {
    const call: OpenCall = { wireIndex, id, writer: answer.toolCall() };
    calls.push(call);
    return call;
  }

  /** The call a piece belongs to; a new id, or a name once more, begins another. */
  function find(wireIndex: number | undefined, id: string | undefined, name: string | undefined): OpenCall {
    const call = wireIndex === undefined ? calls.at(-1) : calls.findLast((it) => it.wireIndex === wireIndex);
    if (call === undefined) return open(wireIndex, id);
    const otherId = id !== undefined && call.id !== undefined && id !== call.id;
    const anotherWhole =
      name !== undefined && call.writer.named && (otherId || (wireIndex === undefined && id === undefined));
    return anotherWhole || (otherId && wireIndex === undefined) ? open(wireIndex, id) : call;
  }

  function readFunction(call: OpenCall, fields: Readonly<Record<string, unknown>>): void {
    const name = text(fields['name']);
    const given = fields['arguments'];
    const argumentsText = typeof given === 'string' ? given : isFields(given) ? JSON.stringify(given) : '';
    if (call.writer.named || name === undefined) call.writer.append(argumentsText);
    else call.id = call.writer.name(call.id, name, argumentsText);
  }

  return {
    read: (entry) => {
      if (!isFields(entry)) return;
      const wireIndex = Number.isInteger(entry['index']) ? Number(entry['index']) : undefined;
      const fields = isFields(entry['function']) ? entry['function'] : {};
      const id = text(entry['id']);
      const call = find(wireIndex, id, text(fields['name']));
      if (!call.writer.named) call.id ??= id;
      readFunction(call, fields);
    },
    readFunctionCall: (entry) => {
      if (isFields(entry)) readFunction(calls[0] ?? open(0, undefined), entry);
    },
  };
}
