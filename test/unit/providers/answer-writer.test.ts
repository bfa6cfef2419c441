import { describe, expect, it } from '@jest/globals';
import { type AnswerWriter, createAnswerWriter } from '../../../src/providers/answer-writer.ts';

const MAX_BYTES = 1_000;
const TOO_LARGE = 'The provider wrote an answer of more than 1000 bytes.';

/** Bytes of all that was delivered, and how the writing ended. */
function write(writing: (writer: AnswerWriter) => void): { readonly bytes: number; readonly error: unknown } {
  let bytes = 0;
  const writer = createAnswerWriter((delta) => {
    const pieces = delta.type === 'tool-call' ? [delta.id, delta.name, delta.argumentsText] : [delta.text];
    bytes += Buffer.byteLength(pieces.join(''));
  }, MAX_BYTES);
  try {
    writing(writer);
    return { bytes, error: undefined };
  } catch (error) {
    return { bytes, error };
  }
}

describe('an answer has no more bytes than it may have', () => {
  it.each<[string, (writer: AnswerWriter, piece: string) => void]>([
    ['text', (writer, piece) => writer.text(piece)],
    ['reasoning', (writer, piece) => writer.reasoning(piece)],
    ['names of tools', (writer, piece) => void writer.toolCall().name('1', piece, '')],
    ['ids of tool calls', (writer, piece) => void writer.toolCall().name(piece, 'f', '')],
    ['arguments', (writer, piece) => void writer.toolCall().name('1', 'f', piece)],
  ])('%s', (_what, piece) => {
    const { bytes, error } = write((writer) => {
      for (let round = 0; round < 100; round++) piece(writer, 'x'.repeat(100));
    });
    expect(error).toMatchObject({ message: TOO_LARGE, phase: 'PARTIAL', retryable: false });
    expect(bytes).toBeGreaterThan(800);
    expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
  });

  it('arguments that wait for the name of their call, each counted once', () => {
    const fits = write((writer) => {
      const call = writer.toolCall();
      for (let round = 0; round < 9; round++) call.append('x'.repeat(100));
      call.name('1', 'f', 'x'.repeat(98));
      writer.end();
    });
    expect(fits).toEqual({ bytes: MAX_BYTES, error: undefined });
    const { bytes, error } = write((writer) => {
      const call = writer.toolCall();
      for (let round = 0; round < 100; round++) call.append('x'.repeat(100));
    });
    expect({ bytes, error }).toMatchObject({ bytes: 0, error: { message: TOO_LARGE } });
  });
});

it('an answer calls a thousand tools and no more, however little each call says', () => {
  const { bytes, error } = write((writer) => {
    for (let round = 0; round < 1_000; round++) writer.toolCall();
  });
  expect({ bytes, error }).toEqual({ bytes: 0, error: undefined });
  const more = write((writer) => {
    for (let round = 0; round < 1_001; round++) writer.toolCall();
  });
  expect(more.error).toMatchObject({
    message: 'The provider called tools more than 1000 times in one answer.',
    phase: 'PARTIAL',
    retryable: false,
  });
});
