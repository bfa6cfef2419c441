// Recorded answers of a wire format, replayed over a raw socket whole and in pieces. An adapter calls
// describeRecordedAnswers once.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Provider } from '../../../src/providers/provider.ts';
import { propertyRun } from '../../support/property.ts';
import { runCall } from './chat-samples.ts';
import { asExpectation, type Fixtures } from './fixtures.ts';
import { answerHead, type RawUpstream, startRawUpstream, writePieces } from './raw-upstream.ts';

type Cutting = (bytes: Buffer) => Buffer[];

const isStream = (name: string): boolean => name.endsWith('.sse');
const contentType = (name: string): string =>
  isStream(name) ? 'text/event-stream; charset=utf-8' : 'application/json';

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((start, index) => bytes.subarray(start, places[index] ?? bytes.length));
}

const whole: Cutting = (bytes) => [bytes];
const everyByte: Cutting = (bytes) => cutAt(bytes, [...bytes.keys()]);
const sevenBytes: Cutting = (bytes) =>
  cutAt(
    bytes,
    [...bytes.keys()].filter((place) => place % 7 === 0),
  );

/** Text of theirs that must not come out of an error says SECRET. */
export function describeRecordedAnswers(fixtures: Fixtures, create: (baseUrl: string) => Provider): void {
  describe('recorded answers', () => {
    let upstream: RawUpstream;
    let provider: Provider;
    let bytes: Buffer = Buffer.alloc(0);
    let name = '';
    let cut = whole;

    beforeAll(async () => {
      upstream = await startRawUpstream(
        ({ socket }) => void writePieces(socket, answerHead(contentType(name)), cut(bytes)),
      );
      provider = create(`${upstream.url}/v1`);
    });
    afterAll(async () => {
      await provider.close();
      await upstream.close();
    });

    it.each(fixtures.names)(
      '%s: whole, byte by byte, with CRLF and CR, with comments and a byte order mark',
      async (fixture) => {
        name = fixture;
        const plain = fixtures.bytes(fixture);
        const text = plain.toString();
        const variants = isStream(fixture)
          ? [
              text.replaceAll('\n', '\r\n'),
              text.replaceAll('\n', '\r'),
              `\ufeff: hi\n\n${text.replaceAll('\n\n', '\n: x\n\n')}`,
            ]
          : [];
        for (const variant of [plain, ...variants.map((it) => Buffer.from(it))]) {
          bytes = variant;
          for (const cutting of [whole, variant === plain ? everyByte : sevenBytes]) {
            cut = cutting;
            const outcome = await runCall(provider, { streamed: isStream(fixture) });
            expect(asExpectation(outcome)).toEqual(fixtures.expected[fixture]);
            expect(outcome.error?.message ?? '').not.toContain('SECRET');
          }
        }
      },
    );

    it('gives the same deltas for any cutting of the same bytes', async () => {
      const streams = fixtures.names.filter(isStream);
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...streams),
          fc.array(fc.nat(4000), { maxLength: 30 }),
          async (fixture, cuts) => {
            name = fixture;
            bytes = fixtures.bytes(fixture);
            cut = whole;
            const expected = await runCall(provider);
            cut = (all) => cutAt(all, cuts);
            expect((await runCall(provider)).deltas).toEqual(expected.deltas);
          },
        ),
        propertyRun(60),
      );
    });
  });
}
