// Our messages → `systemInstruction` and `contents`. The API wants turns of user and model, a user's first, and after a
// turn that calls functions one user's turn with a response to each call and to no other.
// References: https://ai.google.dev/api/caching#Content and .../docs/generate-content/function-calling

import type { Message, Part, ToolCall } from '../../core/chat.ts';
import type { ModelTraits } from './gemini-models.ts';
import { wireToolName } from './gemini-tools.ts';

/** A picture as it goes out. */
export interface WireImage {
  mimeType: string;
  /** Base64. */
  data: string;
}

export interface WireImages {
  readonly all: readonly WireImage[];
  /** Those given by their addresses: empty, and to be filled in before the contents are written. */
  readonly byUrl: ReadonlyMap<string, WireImage>;
}

export interface WireConversation {
  readonly systemInstruction: object | undefined;
  readonly contents: readonly object[];
  readonly images: WireImages;
}

interface Turn {
  readonly role: 'user' | 'model';
  readonly parts: object[];
  /** They come last in their turn: some models take text after them for a turn of their own. */
  readonly responses: object[];
}

/**
 * Documented for calls whose own signature is not at hand: ours carry none. Without one, Gemini 3 refuses the request.
 * https://ai.google.dev/gemini-api/docs/generate-content/thought-signatures#faqs
 */
const NO_SIGNATURE = { thoughtSignature: 'skip_thought_signature_validator' } as const;
/** Said for a user where the API wants one and there is none. */
const FILLER = { text: 'Continue.' } as const;

const isSaid = (part: Part): boolean => part.type !== 'text' || part.text !== '';

export function wireConversation(
  messages: readonly Message[],
  traits: ModelTraits,
  warn: (warning: string) => void,
): WireConversation {
  const turns: Turn[] = [];
  const system: object[] = [];
  const all: WireImage[] = [];
  const byUrl = new Map<string, WireImage>();
  const results = resultsIn(messages);

  function turnOf(role: Turn['role']): Turn {
    const last = turns.at(-1);
    if (last?.role === role) return last;
    const turn: Turn = { role, parts: [], responses: [] };
    turns.push(turn);
    return turn;
  }

  function imageAt(url: string): WireImage {
    const known = byUrl.get(url);
    if (known !== undefined) return known;
    const image = { mimeType: '', data: '' };
    all.push(image);
    byUrl.set(url, image);
    return image;
  }

  function imageOf({ mediaType, base64 }: Extract<Part, { type: 'image-data' }>): WireImage {
    const image = { mimeType: mediaType, data: base64 };
    all.push(image);
    return image;
  }

  function wirePart(part: Part): object {
    switch (part.type) {
      case 'text':
        return { text: part.text };
      case 'image-url':
        return { inlineData: imageAt(part.url) };
      case 'image-data':
        return { inlineData: imageOf(part) };
    }
  }

  let unanswered = false;
  function addCalls(calls: readonly ToolCall[]): void {
    const { parts } = turnOf('model');
    calls.forEach(({ id, name, arguments: args }, index) => {
      // Of calls made at once the first bears the signature for all.
      const signature = traits.signatures && index === 0 ? NO_SIGNATURE : {};
      parts.push({ functionCall: { id, name: wireToolName(name), args }, ...signature });
    });
    for (const call of calls) {
      const output = results.get(call);
      unanswered ||= output === undefined;
      const response = output === undefined ? { error: 'There is no result.' } : { output };
      turnOf('user').responses.push({ functionResponse: { id: call.id, name: wireToolName(call.name), response } });
    }
  }

  let misplaced = false;
  const open: ToolCall[] = [];
  messages.forEach((message, index) => {
    const { role, toolCalls } = message;
    // Results stand where their calls are.
    if (role === 'TOOL') return;
    const parts = message.parts.filter(isSaid).map(wirePart);
    if (role === 'SYSTEM') {
      misplaced ||= turns.length > 0;
      system.push(...parts);
      return;
    }
    if (parts.length > 0) turnOf(role === 'ASSISTANT' ? 'model' : 'user').parts.push(...parts);
    // Neighbouring messages make one turn, so the calls of the first wait for those of the last.
    open.push(...toolCalls);
    if (open.length > 0 && messages[index + 1]?.role !== 'ASSISTANT') addCalls(open.splice(0));
  });

  if (misplaced) {
    warn(
      'A SYSTEM message from within the conversation was moved to its beginning, where this provider wants them all.',
    );
  }
  if (unanswered)
    warn('A tool call without a result was sent with one that says so: this provider wants one for each.');
  if (turns[0]?.role !== 'user') {
    turns.unshift({ role: 'user', parts: [FILLER], responses: [] });
    warn(`"${FILLER.text}" was put before the conversation: this provider wants it to begin with a USER message.`);
  }
  if (turns.at(-1)?.role === 'model' && !traits.continuesAssistant) {
    turns.push({ role: 'user', parts: [FILLER], responses: [] });
    warn(`"${FILLER.text}" was put after the conversation: this model does not go on writing an ASSISTANT message.`);
  }
  if (!traits.systemInstruction) turns[0]?.parts.unshift(...system.splice(0));
  return {
    systemInstruction: system.length === 0 ? undefined : { parts: system },
    contents: turns.map(({ role, parts, responses }) => ({ role, parts: [...parts, ...responses] })),
    images: { all, byUrl },
  };
}

/** What was answered to each call. An id that comes again is that of the last call before. */
function resultsIn(messages: readonly Message[]): ReadonlyMap<ToolCall, string> {
  const calls = new Map<string, ToolCall>();
  const results = new Map<ToolCall, string>();
  for (const { toolCalls, toolCallId, parts } of messages) {
    for (const call of toolCalls) calls.set(call.id, call);
    const call = toolCallId === undefined ? undefined : calls.get(toolCallId);
    if (call === undefined) continue;
    const texts = parts.map((part) => (part.type === 'text' ? part.text : ''));
    const before = results.get(call);
    results.set(call, (before === undefined ? texts : [before, ...texts]).join('\n'));
  }
  return results;
}
