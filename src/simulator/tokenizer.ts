// Counts and cuts text with the real o200k_base byte-pair encoding: the simulator bills by it. The table weighs a few
// megabytes, so it is loaded with the first request that needs it.

/** A run of whole characters and what it costs: a token may hold half a character, a piece never does. */
export interface Piece {
  readonly text: string;
  readonly tokens: number;
}

export interface Tokenizer {
  count(text: string): number;
  /** The pieces of a text, one token each wherever characters allow. Joined they are the text. */
  cut(text: string): readonly Piece[];
}

/** Beyond this many characters without a break, text is cut first: merging is quadratic in the length of a "word". */
const MAX_RUN = 400;
const MAX_CACHED_WORDS = 20_000;
/** A scripted text is asked for again and again. */
const MAX_CACHED_TEXTS = 200;
const MAX_CACHED_TEXT = 100_000;
/** Between a word and the blank before the next one the encoding never merges, so words can be cached. */
const WORD_BREAK = /(?<=\S)(?= \p{L})/u;

let loaded: Promise<Tokenizer> | undefined;

export function loadTokenizer(): Promise<Tokenizer> {
  loaded ??= createTokenizer();
  return loaded;
}

async function createTokenizer(): Promise<Tokenizer> {
  const encoding = await import('gpt-tokenizer/encoding/o200k_base');
  const asPlainText = { disallowedSpecial: new Set<string>() };
  const encode = (text: string) => encoding.encode(text, asPlainText);
  const words = new Map<string, readonly Piece[]>();
  const texts = new Map<string, readonly Piece[]>();

  const count = (text: string) => {
    if (text.length <= MAX_RUN) return text === '' ? 0 : encoding.countTokens(text, asPlainText);
    let tokens = 0;
    for (const run of splitRuns(text)) tokens += encoding.countTokens(run, asPlainText);
    return tokens;
  };

  const cutRun = (run: string): readonly Piece[] => {
    const pieces: Piece[] = [];
    let waiting: number[] = [];
    let position = 0;
    for (const token of encode(run)) {
      waiting.push(token);
      const text = encoding.decode(waiting);
      if (text.length === 0 || !run.startsWith(text, position)) continue;
      pieces.push({ text, tokens: waiting.length });
      position += text.length;
      waiting = [];
    }
    // Only text that is no well-formed Unicode (half a surrogate pair) does not come back whole.
    if (position < run.length) pieces.push({ text: run.slice(position), tokens: Math.max(1, waiting.length) });
    return pieces;
  };

  const cutWord = (word: string): readonly Piece[] => {
    const known = words.get(word);
    if (known !== undefined) return known;
    const pieces = splitRuns(word).flatMap(cutRun);
    if (words.size >= MAX_CACHED_WORDS) words.clear();
    words.set(word, pieces);
    return pieces;
  };

  return {
    count,
    cut: (text) => {
      const known = texts.get(text);
      if (known !== undefined) return known;
      const pieces: Piece[] = [];
      if (text === '') return pieces;
      for (const word of text.split(WORD_BREAK)) {
        for (const piece of cutWord(word)) pieces.push(piece);
      }
      if (text.length > MAX_CACHED_TEXT) return pieces;
      if (texts.size >= MAX_CACHED_TEXTS) texts.clear();
      texts.set(text, pieces);
      return pieces;
    },
  };
}

/** The same runs for counting and for cutting, so that both come to the same number. */
function splitRuns(text: string): string[] {
  if (text.length <= MAX_RUN) return [text];
  const runs: string[] = [];
  for (const word of text.split(WORD_BREAK)) {
    let start = 0;
    while (start < word.length) {
      let end = Math.min(word.length, start + MAX_RUN);
      const last = word.charCodeAt(end - 1);
      if (end < word.length && last >= 0xd800 && last < 0xdc00) end += 1;
      runs.push(word.slice(start, end));
      start = end;
    }
  }
  return runs;
}
