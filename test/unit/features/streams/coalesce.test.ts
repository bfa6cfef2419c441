import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { createCoalescer, type Delta } from '../../../../src/features/streams/coalesce.ts';
import type { NewEvent } from '../../../../src/features/streams/event-log.ts';
import { propertyRun } from '../../../support/property.ts';

describe('coalescing', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  function start(intervalMs = 40) {
    const events: NewEvent[] = [];
    const coalescer = createCoalescer(
      (event) => events.push(event),
      intervalMs,
      () => performance.now(),
    );
    return { events, coalescer, texts: () => events.map((event) => (event.type === 'TEXT' ? event.text : event.type)) };
  }
  const text = (value: string): Delta => ({ type: 'text', text: value });

  it('sends the first piece at once and gathers the next for 40 ms', () => {
    const { coalescer, texts } = start();
    coalescer.push(text('a'));
    expect(texts()).toEqual(['a']);
    coalescer.push(text('b'));
    coalescer.push(text('c'));
    jest.advanceTimersByTime(39);
    expect(texts()).toEqual(['a']);
    jest.advanceTimersByTime(1);
    expect(texts()).toEqual(['a', 'bc']);
  });

  it('sends at once after a pause, and when 256 characters are gathered', () => {
    const { coalescer, texts } = start();
    coalescer.push(text('a'));
    jest.advanceTimersByTime(50);
    coalescer.push(text('b'));
    expect(texts()).toEqual(['a', 'b']);
    coalescer.push(text('x'.repeat(200)));
    coalescer.push(text('x'.repeat(56)));
    expect(texts()).toEqual(['a', 'b', 'x'.repeat(256)]);
  });

  it('keeps the order of text, reasoning and tool calls, and the head of a call', () => {
    const { coalescer, events } = start();
    const call = (id: string | undefined, argumentsText: string): Delta => {
      return { type: 'tool-call', index: 0, id, name: id && 'look_up', argumentsText };
    };
    coalescer.push({ type: 'reasoning', text: 'hm' });
    coalescer.push(text('a'));
    coalescer.push(call('c1', '{"a"'));
    coalescer.push(call(undefined, ':1}'));
    coalescer.flush();
    expect(events).toEqual([
      { type: 'REASONING', text: 'hm' },
      { type: 'TEXT', text: 'a', offset: 0 },
      { type: 'TOOL_CALL', index: 0, id: 'c1', name: 'look_up', argumentsText: '{"a":1}' },
    ]);
  });

  it('loses and reorders nothing, keeps offsets right and never cuts a character (property)', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.nat({ max: 40_000 }).map((length) => '😀'.repeat(length / 2)),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(piece, fc.nat(60)), { maxLength: 15 }),
        fc.constantFrom(0, 40),
        (steps, intervalMs) => {
          const { coalescer, events } = start(intervalMs);
          for (const [value, pauseMs] of steps) {
            if (value !== '') coalescer.push(text(value));
            jest.advanceTimersByTime(pauseMs);
          }
          coalescer.flush();
          let joined = '';
          for (const event of events) {
            if (event.type !== 'TEXT') throw new Error('only text went in');
            expect(event.offset).toBe(joined.length);
            expect(event.text.isWellFormed()).toBe(true);
            expect(Buffer.byteLength(event.text)).toBeLessThan(64 * 1024);
            joined += event.text;
          }
          expect(joined).toBe(steps.map(([value]) => value).join(''));
        },
      ),
      propertyRun(50),
    );
  });
});
