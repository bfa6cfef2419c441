// Tool calls as they come in: pieces of a stream, or whole. Servers differ in what they leave out: the index (whole
// calls at once), the id, the id of a second call under the same index, the arguments of a tool without any.

import { randomUUID } from 'node:crypto';
import { isFields } from '../error-body.ts';
import type { ProviderDelta } from '../provider.ts';
import { unreadableError } from '../upstream-errors.ts';
import { createWholeCharacters, type WholeCharacters } from '../whole-characters.ts';

interface OpenCall {
  readonly index: number;
  /** The provider's own number of the call. */
  readonly wireIndex: number | undefined;
  id: string | undefined;
  named: boolean;
  /** Arguments that came before the name. */
  early: string;
  argumentsSeen: boolean;
  readonly characters: WholeCharacters;
}

export interface ToolCallReader {
  /** One entry of `tool_calls`. */
  read(entry: unknown): void;
  /** The older `function_call`, of which there is one. */
  readFunctionCall(entry: unknown): void;
  /** Completes all calls. @throws UpstreamError when one never got a name. */
  end(): void;
  readonly count: number;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

export function createToolCallReader(emit: (delta: ProviderDelta) => void): ToolCallReader {
  const calls: OpenCall[] = [];

  function open(wireIndex: number | undefined, id: string | undefined): OpenCall {
    const characters = createWholeCharacters();
    const index = calls.length;
    const call: OpenCall = { index, wireIndex, id, named: false, early: '', argumentsSeen: false, characters };
    calls.push(call);
    return call;
  }

  /** The call a piece belongs to; a new id, or a name once more, begins another. */
  function find(wireIndex: number | undefined, id: string | undefined, name: string | undefined): OpenCall {
    const call = wireIndex === undefined ? calls.at(-1) : calls.findLast((it) => it.wireIndex === wireIndex);
    if (call === undefined) return open(wireIndex, id);
    const otherId = id !== undefined && call.id !== undefined && id !== call.id;
    const anotherWhole = name !== undefined && call.named && (otherId || (wireIndex === undefined && id === undefined));
    return anotherWhole || (otherId && wireIndex === undefined) ? open(wireIndex, id) : call;
  }

  function append(call: OpenCall, piece: string): void {
    if (piece === '') return;
    if (!call.named) {
      call.early += piece;
      return;
    }
    const argumentsText = call.characters.take(piece);
    if (argumentsText === '') return;
    call.argumentsSeen = true;
    emit({ type: 'tool-call', index: call.index, id: undefined, name: undefined, argumentsText });
  }

  function readFunction(call: OpenCall, fields: Readonly<Record<string, unknown>>): void {
    const name = text(fields['name']);
    const given = fields['arguments'];
    const argumentsText = typeof given === 'string' ? given : isFields(given) ? JSON.stringify(given) : '';
    if (call.named || name === undefined) {
      append(call, argumentsText);
      return;
    }
    call.named = true;
    call.id ??= `call_${randomUUID()}`;
    const first = call.characters.take(call.early + argumentsText);
    call.argumentsSeen = first !== '';
    emit({ type: 'tool-call', index: call.index, id: call.id, name, argumentsText: first });
  }

  return {
    read: (entry) => {
      if (!isFields(entry)) return;
      const wireIndex = Number.isInteger(entry['index']) ? Number(entry['index']) : undefined;
      const fields = isFields(entry['function']) ? entry['function'] : {};
      const id = text(entry['id']);
      const call = find(wireIndex, id, text(fields['name']));
      if (!call.named) call.id ??= id;
      readFunction(call, fields);
    },
    readFunctionCall: (entry) => {
      if (isFields(entry)) readFunction(calls[0] ?? open(0, undefined), entry);
    },
    end: () => {
      for (const call of calls) {
        if (!call.named) throw unreadableError('called a tool without naming it', 'PARTIAL');
        const rest = call.characters.rest();
        // A call without arguments is a call with none of them.
        const argumentsText = rest === '' && !call.argumentsSeen ? '{}' : rest;
        if (argumentsText !== '') {
          emit({ type: 'tool-call', index: call.index, id: undefined, name: undefined, argumentsText });
        }
      }
    },
    get count() {
      return calls.length;
    },
  };
}
