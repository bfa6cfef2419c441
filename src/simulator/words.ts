// What a prompt is about, as far as words tell: its topics, names, numbers, quotes and pictographs, in any script.

const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}'’_-]*/gu;
const PICTOGRAPH =
  /(?:\p{Regional_Indicator}{2}|\p{Extended_Pictographic}(?:\p{EMod}|\u200d\p{Extended_Pictographic}|\ufe0f)*)/gu;
const QUOTED = /"([^"]{1,200})"|“([^”]{1,200})”|`([^`]{1,200})`|(?<![\p{L}\p{N}])'([^']{1,200})'(?![\p{L}\p{N}])/gu;
const NUMBER = /(?<![\p{L}\p{N}.])-?\d+(?:\.\d+)?(?![\p{L}\p{N}])/gu;
/** Longer prompts are judged by their beginning: the end of a book changes nothing in the answer. */
const MAX_READ = 4_000;
const MAX_TOPICS = 8;

const COMMON = new Set(
  `a an and are about above after again all also am any as at be because been before being below between both but by
  can could did do does doing down during each exactly few for from further give had has have having he her here hers
  him his how i if in into is it its just let like list make me more most much my name no nor not now of off on once
  one only or other our out over own please same say she should show so some such tell than that the their them then
  there these they this those through to too two under until up use using very was we were what when where which while
  who whom why will with within without would write you your yours answer short long word words sentence sentences
  reply respond explain describe summarize summarise question five three four ten many return request test get
  what's i'm it's don't let's there's makes made need needs want wants help helps look looks work works write writes
  give gives think thinks know knows find finds best good better please thing things way ways reason reasons idea ideas
  step steps tip tips point points item items fact facts example examples name names option options across every each
  using used per shape shapes called new around really between against without briefly`.split(/\s+/),
);

export interface Words {
  /** Every word, as written. */
  readonly all: readonly string[];
  /** The words that carry the meaning, each once, in the order of the text; lower case unless a name. */
  readonly topics: readonly string[];
  /** Topics as they stand beside each other: `eviction policy`. Each topic is in at most one. */
  readonly phrases: readonly string[];
  /** Capitalised runs that do not begin a sentence: `New York`. */
  readonly names: readonly string[];
  readonly numbers: readonly number[];
  readonly quoted: readonly string[];
  readonly pictographs: readonly string[];
}

export function readWords(whole: string): Words {
  const text = whole.length > MAX_READ ? whole.slice(0, MAX_READ) : whole;
  const all = text.match(WORD) ?? [];
  const topics: string[] = [];
  const phrases: string[] = [];
  const seen = new Set<string>();
  let position = 0;
  let lastEnd = -1;
  for (const word of all) {
    if (topics.length === MAX_TOPICS) break;
    const start = text.indexOf(word, position);
    position = start + word.length;
    const lower = word.toLowerCase();
    if (seen.has(lower) || COMMON.has(lower) || isSmall(lower)) continue;
    seen.add(lower);
    const topic = isCapitalised(word) && !beginsSentence(text, start) ? word : lower;
    topics.push(topic);
    const before = phrases.at(-1);
    const beside = lastEnd >= 0 && start === lastEnd + 1 && text[lastEnd] === ' ';
    if (before !== undefined && beside && !before.includes(' ')) phrases[phrases.length - 1] = `${before} ${topic}`;
    else phrases.push(topic);
    lastEnd = position;
  }
  return {
    all,
    topics,
    phrases,
    names: readNames(text),
    numbers: (text.match(NUMBER) ?? []).map(Number),
    quoted:
      text.includes('"') || text.includes('“') || text.includes('`') || text.includes("'") ? readQuoted(text) : [],
    // Digits are pictographs too, to Unicode.
    pictographs: /[\u00a9-\uffff]/.test(text) ? [...new Set(text.match(PICTOGRAPH) ?? [])].slice(0, MAX_TOPICS) : [],
  };
}

/** Splits `get_weatherReport` and `weather-report` into words. */
export function splitName(name: string): string[] {
  return name
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}

export function isCommon(word: string): boolean {
  return COMMON.has(word) || isSmall(word);
}

export function capitalise(text: string): string {
  const first = text.codePointAt(0);
  if (first === undefined) return text;
  const letter = String.fromCodePoint(first);
  return letter.toUpperCase() + text.slice(letter.length);
}

/** `a`, `a and b`, `a, b and c` */
export function enumerate(items: readonly string[]): string {
  if (items.length <= 1) return items[0] ?? '';
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** Two ASCII letters or digits say little; two characters of another script can be a word. */
function isSmall(word: string): boolean {
  return word.length < 3 && /^[\x20-\x7f]*$/.test(word);
}

function isCapitalised(word: string): boolean {
  return /^\p{Lu}/u.test(word);
}

function beginsSentence(text: string, index: number): boolean {
  const before = text.slice(Math.max(0, index - 8), index).trimEnd();
  return before === '' || /[.!?:\n"“]$/.test(before);
}

function readNames(text: string): string[] {
  if (!/\p{Lu}/u.test(text)) return [];
  const names: string[] = [];
  for (const match of text.matchAll(/\p{Lu}[\p{L}\p{M}\p{N}'’-]*(?: \p{Lu}[\p{L}\p{M}\p{N}'’-]*)*/gu)) {
    const begins = beginsSentence(text, match.index);
    const first = match[0].split(' ')[0]?.toLowerCase() ?? '';
    if (begins || COMMON.has(first) || names.includes(match[0])) continue;
    names.push(match[0]);
  }
  return names;
}

function readQuoted(text: string): string[] {
  return [...text.matchAll(QUOTED)].map((match) => (match[1] ?? match[2] ?? match[3] ?? match[4] ?? '').trim());
}
