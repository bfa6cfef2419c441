import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createServerSentEventsReader } from '../../../src/providers/server-sent-events.ts';
import { propertyRun } from '../../support/property.ts';

type Event = readonly [data: string, type: string | undefined];

function readAll(chunks: readonly Uint8Array[], maxEventLength = 1_000_000): { events: Event[]; tooLarge: number } {
  const events: Event[] = [];
  let tooLarge = 0;
  const reader = createServerSentEventsReader({
    maxEventLength,
    onEvent: (data, type) => events.push([data, type]),
    onTooLarge: () => tooLarge++,
  });
  for (const chunk of chunks) reader.feed(chunk);
  return { events, tooLarge };
}

const read = (text: string): Event[] => readAll([Buffer.from(text)]).events;

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((start, index) => bytes.subarray(start, places[index] ?? bytes.length));
}

describe('server-sent events', () => {
  it('reads data, types, comments, fields without a space, and several data lines', () => {
    const text = ': hello\n\ndata: one\n\nevent: ping\ndata:two\n\ndata: a\ndata: b\nid: 7\nretry: 5\nfoo: bar\n\n';
    expect(read(text)).toEqual([
      ['one', undefined],
      ['two', 'ping'],
      ['a\nb', undefined],
    ]);
  });

  it.each(['\n', '\r\n', '\r'])('takes %j as the end of a line, at the end of the stream too', (end) => {
    expect(read(`data: 1${end}data: 2${end}${end}data: 3${end}${end}`)).toEqual([
      ['1\n2', undefined],
      ['3', undefined],
    ]);
  });

  it('skips a byte order mark and drops an event that never ended', () => {
    expect(read('\ufeffdata: x\n\ndata: unfinished\n')).toEqual([['x', undefined]]);
  });

  it('reports an event that is too large once, in one piece or in many, and reads nothing more', () => {
    const bytes = Buffer.from(`data: ${'x'.repeat(5000)}\n\ndata: y\n\n`);
    const pieces = Array.from({ length: 50 }, (_, index) => bytes.subarray(index * 101, index * 101 + 101));
    expect(readAll([bytes], 1000)).toEqual({ events: [], tooLarge: 1 });
    expect(readAll(pieces, 1000)).toEqual({ events: [], tooLarge: 1 });
  });

  it('reads nothing more once it is stopped, not even of the same chunk', () => {
    const events: string[] = [];
    const reader = createServerSentEventsReader({
      maxEventLength: 100,
      onEvent: (data) => {
        events.push(data);
        reader.stop();
      },
      onTooLarge: () => {},
    });
    reader.feed(Buffer.from('data: 1\n\ndata: 2\n\n'));
    reader.feed(Buffer.from('data: 3\n\n'));
    expect(events).toEqual(['1']);
  });

  const line = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => `data: ${text.replaceAll(/[\r\n]/g, '')}`),
    fc.constantFrom('', '', '', ': comment', 'event: kind', 'data', 'data:', 'id: 1', 'nonsense', '\ufeffdata: mark'),
  );
  const stream = fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 30 })
    .map((lines) => Buffer.from(lines.map(([text, end]) => text + end).join('')));

  it('gives the same events however the bytes are cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(2000), { maxLength: 40 }), (bytes, cuts) => {
        const whole = readAll([bytes]).events;
        expect(readAll(cutAt(bytes, cuts)).events).toEqual(whole);
        expect(readAll([...bytes].map((byte) => Uint8Array.of(byte))).events).toEqual(whole);
      }),
      propertyRun(300),
    );
  });

  it('gives the same events however the bytes are cut when they are no UTF-8', () => {
    const bytes = fc.array(fc.constantFrom(0x64, 0x3a, 0x0a, 0x0d, 0xff, 0xf0, 0x9f, 0x98, 0x80, 0xe2, 0x82), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(100), { maxLength: 20 }), (values, cuts) => {
        const all = Buffer.concat([Buffer.from('data: '), Buffer.from(values), Buffer.from('\n\n')]);
        expect(readAll(cutAt(all, cuts)).events).toEqual(readAll([all]).events);
      }),
      propertyRun(300),
    );
  });
});
