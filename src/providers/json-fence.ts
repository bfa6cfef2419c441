// Takes away the code fence that a model may put around JSON it was only asked for in words.

export interface JsonFence {
  /** What of the text so far can be passed on. */
  take(piece: string): string;
  /** What was kept, at the end. */
  rest(): string;
}

const FENCE = '```';
/** More is no fence. */
const MOST_KEPT = 1_024;
const isSpace = (character: string | undefined): boolean => character !== undefined && /\s/.test(character);

export function createJsonFence(): JsonFence {
  let state: 'START' | 'INSIDE' | 'OPEN' = 'START';
  let kept = '';

  /** White space and backticks at the end may be the closing fence. */
  function lengthWithoutTail(text: string): number {
    let length = text.length;
    while (length > 0 && (text[length - 1] === '`' || isSpace(text[length - 1]))) length--;
    return length;
  }

  /** Nothing more is looked for. */
  function open(): string {
    state = 'OPEN';
    const text = kept;
    kept = '';
    return text;
  }

  return {
    take: (piece) => {
      if (state === 'OPEN') return piece;
      kept += piece;
      if (state === 'START') {
        const start = kept.trimStart();
        if (!start.startsWith(FENCE.slice(0, start.length))) return open();
        const lineEnd = start.indexOf('\n');
        if (lineEnd === -1) return kept.length > MOST_KEPT ? open() : '';
        state = 'INSIDE';
        kept = start.slice(lineEnd + 1);
      }
      const length = lengthWithoutTail(kept);
      if (kept.length - length > MOST_KEPT) return open();
      const text = kept.slice(0, length);
      kept = kept.slice(length);
      return text;
    },
    rest: () => {
      const text = state === 'INSIDE' && kept.trim() === FENCE ? '' : kept;
      kept = '';
      return text;
    },
  };
}
