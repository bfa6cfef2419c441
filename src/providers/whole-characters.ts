// Makes text out of pieces that may be cut inside a character: JSON lets a server send half of a surrogate pair in one
// event and the other half in the next. A lone half that never finds its partner becomes U+FFFD.

export interface WholeCharacters {
  /** The piece, with the half kept from before and without a half at its own end; maybe empty. */
  take(piece: string): string;
  /** What is still kept, at the end. */
  rest(): string;
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

export function createWholeCharacters(): WholeCharacters {
  let kept = '';
  return {
    take: (piece) => {
      let text = kept === '' ? piece : kept + piece;
      kept = '';
      if (isHighSurrogate(text.charCodeAt(text.length - 1))) {
        kept = text.slice(-1);
        text = text.slice(0, -1);
      }
      return text.isWellFormed() ? text : text.toWellFormed();
    },
    rest: () => {
      const text = kept.toWellFormed();
      kept = '';
      return text;
    },
  };
}
