// What the generations of Gemini take and refuse, by the name of a model. What a generation refuses, it refuses with a
// status 400 for the whole request, so nothing of it may be sent; what it ignores is not sent either, and told.
//   thinking    https://ai.google.dev/gemini-api/docs/generate-content/thinking
//   sampling, last turns   https://ai.google.dev/gemini-api/docs/generate-content/whats-new-gemini-3.6
//   signatures  https://ai.google.dev/gemini-api/docs/generate-content/thought-signatures
//   schemas     https://ai.google.dev/gemini-api/docs/generate-content/structured-output

export interface ModelTraits {
  /** BUDGET: so many tokens to think with. LEVEL: the model decides, led by an effort. */
  readonly thinking: 'NONE' | 'BUDGET' | 'LEVEL';
  /** It thinks where nothing is said about thinking. */
  readonly thinksUnasked: boolean;
  /** Tokens it may be told to think with; of BUDGET only. */
  readonly leastBudget: number;
  readonly mostBudget: number;
  /** It knows a level between LOW and HIGH. */
  readonly mediumLevel: boolean;
  /** temperature, topP, topK and penalties do something. */
  readonly sampling: boolean;
  /** It goes on writing an ASSISTANT message at the end of the conversation. */
  readonly continuesAssistant: boolean;
  /** Function calls of earlier turns have to bring a signature. */
  readonly signatures: boolean;
  /** It can be held to JSON while it has tools to call. */
  readonly jsonWithTools: boolean;
  /** It takes a system instruction. */
  readonly systemInstruction: boolean;
}

/** Other models behind the same wire format (tuned ones, learnlm): what most take; whether they think, an operator says. */
const STRANGER: ModelTraits = {
  thinking: 'LEVEL',
  thinksUnasked: false,
  leastBudget: 1,
  mostBudget: 24_576,
  mediumLevel: true,
  sampling: true,
  continuesAssistant: true,
  signatures: false,
  jsonWithTools: false,
  systemInstruction: true,
};

/** A Gemini of which the name says no number (`gemini-flash-latest`): what the newest takes. */
const NEWEST_VERSION = 99_00;
const GEMINI = /^gemini-(?:(\d{1,2})(?:\.(\d{1,2}))?(?=-|$))?/;
/** `gemini-pro` and `gemini-pro-vision`, before there were numbers. */
const FIRST = /^gemini-pro(?:-vision)?$/;
/** They write pictures or speech, or are not asked this way; they refuse to be told about thinking. */
const OF_ANOTHER_KIND = /-(?:image|tts|live|native-audio|embedding)(?:-|$)/;
/** https://ai.google.dev/gemma/docs/core/prompt-structure: no turns but the user's and the model's. */
const GEMMA = /^gemma-/;

/** `models/gemini-2.5-flash` is `gemini-2.5-flash`. */
const plainName = (model: string): string => model.toLowerCase().replace(/^.*\//, '');

/** Hundreds of the major version plus the minor one: 3.6 is 306. undefined: no Gemini. */
function versionOf(name: string): number | undefined {
  if (FIRST.test(name)) return 100;
  const match = GEMINI.exec(name);
  if (match === null) return undefined;
  return match[1] === undefined ? NEWEST_VERSION : 100 * Number(match[1]) + Number(match[2] ?? 0);
}

export function modelTraits(model: string): ModelTraits {
  const name = plainName(model);
  const version = versionOf(name);
  if (version === undefined) return { ...STRANGER, systemInstruction: !GEMMA.test(name) };
  const isLite = name.includes('-flash-lite');
  const isPro = name.includes('-pro');
  const takesThinking = version >= 205 && !OF_ANOTHER_KIND.test(name);
  const isFixed = version >= 306 || (version === 305 && isLite);
  return {
    thinking: takesThinking ? (version < 300 ? 'BUDGET' : 'LEVEL') : 'NONE',
    thinksUnasked: takesThinking && !(version < 300 && isLite),
    leastBudget: isPro ? 128 : isLite ? 512 : 1,
    mostBudget: isPro ? 32_768 : 24_576,
    mediumLevel: !(version === 300 && isPro),
    sampling: !isFixed,
    continuesAssistant: !isFixed,
    signatures: version >= 300,
    jsonWithTools: version >= 300,
    systemInstruction: true,
  };
}

/** As far as its name tells; only Gemini's names tell. */
export const geminiThinks = (model: string): boolean =>
  versionOf(plainName(model)) !== undefined && modelTraits(model).thinking !== 'NONE';
