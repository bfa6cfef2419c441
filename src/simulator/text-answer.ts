// Prose from a prompt: no knowledge, but it stays with the subject, keeps to the length asked for and says what it is.

import type { Random } from './random.ts';
import { capitalise, enumerate, readWords, type Words } from './words.ts';

const SMALL_NUMBERS: readonly string[] = 'zero one two three four five six seven eight nine ten eleven twelve'.split(
  ' ',
);
const COUNT = `(\\d{1,5}|${SMALL_NUMBERS.slice(1).join('|')})`;
const WORD_COUNT = new RegExp(`\\b${COUNT}[- ]words?\\b`, 'i');
const SENTENCE_COUNT = new RegExp(`\\b${COUNT}[- ]sentences?\\b`, 'i');
const PARAGRAPH_COUNT = new RegExp(`\\b${COUNT} paragraphs?\\b`, 'i');
const LIST_COUNT = new RegExp(
  `\\b${COUNT} (?:\\p{L}+ )?(?:ideas|steps|reasons|tips|ways|things|points|examples|items|facts|questions|names|options)\\b`,
  'iu',
);
const LIST = /\b(?:list|bullet points?|enumerate|step by step)\b/i;
const ECHO =
  /^(?:please )?(?:(?:repeat|echo|say)(?: after me| exactly| just| the words?)*\s*:?\s+|(?:reply|answer|respond) with(?:(?: only| exactly| just| the words?)+\s*:?|\s*:)\s+)(.+)$/is;
const SUM = /(?<![\w.])(-?\d{1,12}(?:\.\d{1,6})?)\s*([-+*/×÷])\s*(-?\d{1,12}(?:\.\d{1,6})?)(?![\w.])/;
const GREETING = 'Hello! I am a simulated model: ask me something and I answer in a few sentences about it.';
const HELLO = 'Hello from the simulated model, which is glad to answer whatever you would like to ask it today.';
const MAX_WORDS = 20_000;
const MAX_SENTENCES = 200;

/** `{a}`, `{b}`, `{c}`: topics. Each sentence stands alone, so that any of them may follow any other. */
const BODY: readonly string[] = [
  'The part that matters most is {a}, because everything else you mention follows from it.',
  'A good way to look at {a} is to ask what changes when {b} changes.',
  '{A} and {b} belong together: what helps one usually helps the other.',
  'Start small with {a}, measure what happens, and only then turn to {b}.',
  'It is easy to overlook {b} when {a} takes all the attention.',
  'Two things decide the outcome here, and both of them touch {a}.',
  'If {a} is already settled, the next question is how {b} fits in.',
  'Most of the trouble with {a} starts where nobody wrote down what {b} was meant to do.',
  'Keep {a} simple until there is a reason not to.',
  'Seen from the side of {b}, {a} looks different, and that view is worth a moment.',
  'What is true of {a} in general need not hold in your case, so check it against {c}.',
  'The order is worth noting: first {a}, then {b}, and {c} last.',
];
const CLOSING: readonly string[] = [
  'Tell me more about {a} and I can go further.',
  'In short: begin with {a} and let the rest follow.',
  'That is where I would begin with {a}.',
  'With {b} in view, {a} becomes a small step.',
];
const ITEMS: readonly string[] = [
  'Say what {a} has to achieve.',
  'Write down what you know about {b}.',
  'Compare {a} with {b}.',
  'Try {a} on a small scale.',
  'Measure what {b} costs.',
  'Decide who looks after {a}.',
  'Look at {c} again once {a} works.',
  'Leave out what {b} does not need.',
  'Ask what could go wrong with {a}.',
  'Share what you learned about {c}.',
];
const SCRIPTS: readonly { readonly asked: RegExp; readonly text: string }[] = [
  { asked: /\bemojis?\b/i, text: 'Here are some emoji: 🎉 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇨🇭.' },
  { asked: /\b(?:hebrew|right[- ]to[- ]left|rtl|bidi)\b/i, text: 'In Hebrew: שלום עולם, זו תשובה לדוגמה.' },
  { asked: /\b(?:arabic|right[- ]to[- ]left|rtl|bidi)\b/i, text: 'In Arabic: مرحبا بالعالم، هذه إجابة.' },
  {
    asked: /\b(?:combining|accents?|diacritics?)\b/i,
    text: 'With combining marks: e\u0301 n\u0303 u\u0308 a\u030a\u0323.',
  },
  { asked: /\b(?:chinese|japanese|cjk)\b/i, text: 'In other scripts: 你好，世界。こんにちは、世界。' },
  { asked: /\bunicode\b/i, text: 'Across Unicode: 🎉 naïve שלום مرحبا नमस्ते 世界 e\u0301.' },
];

/** @param lead sentences the answer begins with, such as what is seen in an image. */
export function writeText(prompt: string, random: Random, thorough: boolean, lead: readonly string[] = []): string {
  const words = readWords(prompt);
  const exact = exactText(prompt, words);
  if (exact !== undefined) return exact;
  if (isGreeting(prompt)) return GREETING;
  const wordCount = readCount(WORD_COUNT, prompt);
  if (wordCount !== undefined) return writeWords(wordCount, words, random, lead);
  const sentenceCount = readCount(SENTENCE_COUNT, prompt);
  if (sentenceCount !== undefined) {
    const asked = [...lead, ...writeExtras(prompt, words)].slice(0, sentenceCount);
    return [...asked, ...writeSentences(sentenceCount - asked.length, words, random)].join(' ');
  }
  const listCount = readCount(LIST_COUNT, prompt) ?? (LIST.test(prompt) ? random.integer(3, 5) : undefined);
  if (listCount !== undefined) return writeList(listCount, words, random, lead);
  const paragraphs = readCount(PARAGRAPH_COUNT, prompt) ?? (thorough ? 3 : 1);
  return writeProse(paragraphs, prompt, words, random, thorough, lead);
}

/** What a model that reasons tells while it thinks. */
export function writeReasoning(prompt: string, random: Random): string {
  const words = readWords(prompt);
  const subject = subjectOf(words);
  const plan = random.pick([
    'I will name what matters most, then what follows from it.',
    'I will begin with the plain case and add what complicates it.',
    'I will say what to do first and why.',
  ]);
  return `The question is about ${subject}. ${plan} ${fill('Then I check that {a} and {b} are both covered.', words, 0)}`;
}

function isGreeting(prompt: string): boolean {
  return /^\W*(?:hi|hello|hey|good (?:morning|day|evening)|grüezi|bonjour|hallo)\b[\s\p{P}]*$/iu.test(prompt);
}

/** An answer that the prompt dictates word for word, or a calculation. */
function exactText(prompt: string, words: Words): string | undefined {
  const echo = ECHO.exec(prompt.trim());
  const dictated = echo?.[1]?.trim();
  // "Say hello in five words" wants words about hello, not an echo.
  if (
    dictated !== undefined &&
    !WORD_COUNT.test(dictated) &&
    !/^(?:something|a |an |me |what|how|why)/i.test(dictated)
  ) {
    return words.quoted.length === 1 && dictated.includes(words.quoted[0] ?? '') && dictated.length < 220
      ? words.quoted[0]
      : dictated;
  }
  const sum = prompt.length < 200 ? SUM.exec(prompt) : null;
  if (sum === null || !/\b(?:what|calculate|compute|how much|is|=)\b|=|^[\s\d.+*/×÷-]+\??$/i.test(prompt))
    return undefined;
  const result = calculate(Number(sum[1]), sum[2] ?? '+', Number(sum[3]));
  return result === undefined ? 'Nothing can be divided by zero.' : `${sum[1]} ${sum[2]} ${sum[3]} = ${result}`;
}

function calculate(left: number, operator: string, right: number): number | undefined {
  if (operator === '+') return round(left + right);
  if (operator === '-') return round(left - right);
  if (operator === '*' || operator === '×') return round(left * right);
  return right === 0 ? undefined : round(left / right);
}

const round = (value: number) => Number(value.toPrecision(12));

function writeProse(
  paragraphs: number,
  prompt: string,
  words: Words,
  random: Random,
  thorough: boolean,
  lead: readonly string[],
): string {
  const subject = subjectOf(words);
  const asked = prompt.trim();
  const opening = random.pick([
    // A short question is worth repeating; the rest is named by its subject.
    asked.endsWith('?') && asked.length <= 120 ? `You ask: “${asked}”` : `You asked about ${subject}.`,
    `Here is a short answer about ${subject}.`,
    `Let us look at ${subject}.`,
  ]);
  const blocks: string[] = [];
  for (let block = 0; block < Math.min(paragraphs, MAX_SENTENCES); block++) {
    const sentences = writeSentences(thorough ? random.integer(3, 5) : random.integer(2, 3), words, random);
    if (block === 0) sentences.unshift(...lead, opening);
    blocks.push(sentences.join(' '));
  }
  const last = writeExtras(prompt, words);
  last.push(fill(random.pick(CLOSING), words, random.integer(0, 3)));
  return `${blocks.join('\n\n')}${thorough ? '\n\n' : ' '}${last.join(' ')}`;
}

/** Scripts the prompt asks for, and the pictographs it has. */
function writeExtras(prompt: string, words: Words): string[] {
  const extras = SCRIPTS.filter((script) => script.asked.test(prompt)).map((script) => script.text);
  if (words.pictographs.length > 0) extras.push(`And from your message: ${words.pictographs.join(' ')}`);
  return extras;
}

/** At most one round through the sentences before any comes again. */
function writeSentences(count: number, words: Words, random: Random): string[] {
  const sentences: string[] = [];
  const start = random.integer(0, BODY.length - 1);
  for (let index = 0; index < Math.min(count, MAX_SENTENCES); index++) {
    sentences.push(fill(BODY[(start + index * 5) % BODY.length] ?? '', words, start + index));
  }
  return sentences;
}

function writeList(count: number, words: Words, random: Random, lead: readonly string[]): string {
  const start = random.integer(0, ITEMS.length - 1);
  const items: string[] = [];
  for (let index = 0; index < Math.min(count, MAX_SENTENCES); index++) {
    items.push(`${index + 1}. ${fill(ITEMS[(start + index * 3) % ITEMS.length] ?? '', words, start + index)}`);
  }
  return `${[...lead, `On ${subjectOf(words)}:`].join(' ')}\n\n${items.join('\n')}`;
}

function writeWords(count: number, words: Words, random: Random, lead: readonly string[]): string {
  const wanted = Math.min(Math.max(1, count), MAX_WORDS);
  const found: string[] = lead.flatMap((sentence) => sentence.split(' '));
  // A few words are topics alone; more are sentences, broken off at the count.
  if (words.topics.every((topic) => /^(?:hello|hi|hey)$/i.test(topic))) found.push(...HELLO.split(' '));
  else if (wanted <= 4) found.push(...words.topics.map((topic, index) => (index === 0 ? capitalise(topic) : topic)));
  while (found.length < wanted) {
    for (const sentence of writeSentences(BODY.length, words, random)) found.push(...sentence.split(' '));
  }
  const text = found.slice(0, wanted).join(' ');
  return /[.!?]$/.test(text) ? text : `${text.replace(/[\p{P}]+$/u, '')}.`;
}

function subjectOf(words: Words): string {
  const topics = words.phrases.slice(0, 4);
  return topics.length === 0 ? 'that' : enumerate(topics);
}

/** Puts topics into a sentence; `turn` moves on through them so that sentences differ. */
function fill(sentence: string, words: Words, turn: number): string {
  const topics = words.phrases.length > 1 ? words.phrases : words.topics;
  const at = (offset: number, otherwise: string) =>
    topics.length > offset ? (topics[(turn + offset) % topics.length] ?? otherwise) : otherwise;
  const a = at(0, 'the question');
  return sentence
    .replaceAll('{A}', capitalise(a))
    .replace(/^\{a\}/, capitalise(a))
    .replaceAll('{a}', a)
    .replaceAll('{b}', at(1, 'its context'))
    .replaceAll('{c}', at(2, 'the rest'));
}

function readCount(pattern: RegExp, prompt: string): number | undefined {
  const text = pattern.exec(prompt)?.[1]?.toLowerCase();
  if (text === undefined) return undefined;
  const spelled = SMALL_NUMBERS.indexOf(text);
  const count = spelled >= 0 ? spelled : Number(text);
  return count >= 1 ? count : undefined;
}
