// What the generations of Claude take and refuse, by the name of a model. What a generation refuses, it refuses with a
// status 400 for the whole request, so nothing of it may be sent.
//   thinking   https://platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting#supported-models
//   sampling   https://platform.claude.com/docs/en/build-with-claude/thinking#limits-and-feature-compatibility
//   schemas    https://platform.claude.com/docs/en/build-with-claude/structured-outputs
//   prefill    https://platform.claude.com/docs/en/api/errors#prefill-not-supported

export interface ModelTraits {
  /** BUDGET: so many tokens to think with. ADAPTIVE: the model decides, led by an effort. */
  readonly thinking: 'NONE' | 'BUDGET' | 'ADAPTIVE';
  /** It thinks where nothing is said about thinking. */
  readonly thinksUnasked: boolean;
  /** Of temperature and topP: both, either, none. */
  readonly sampling: 'BOTH' | 'ONE' | 'NONE';
  /** It can be made to call a tool. */
  readonly forcedTools: boolean;
  /** It can be held to a JSON schema. */
  readonly schemas: boolean;
  /** It goes on writing an ASSISTANT message at the end of the conversation. */
  readonly continuesAssistant: boolean;
}

/** Other models behind the same wire format: what most of them take. */
const STRANGER: ModelTraits = {
  thinking: 'BUDGET',
  thinksUnasked: false,
  sampling: 'BOTH',
  forcedTools: true,
  schemas: false,
  continuesAssistant: true,
};

/** A Claude of which the name says nothing: what the newest takes. */
const NEWEST_VERSION = 99_00;

const FAMILY_FIRST = /claude-(opus|sonnet|haiku|fable|mythos)-(?:preview|(\d{1,2})(?:[.-](\d{1,2})(?!\d))?(?!\d))/;
/** Until Claude 3.7. */
const VERSION_FIRST = /claude-(\d{1,2})(?:[.-](\d{1,2})(?!\d))?(?!\d)/;

interface Claude {
  readonly family: string;
  /** Hundreds of the major version plus the minor one: 4.6 is 406. */
  readonly version: number;
}

function claudeOf(model: string): Claude | undefined {
  const name = model.toLowerCase();
  if (!/\bclaude\b/.test(name)) return undefined;
  const named = FAMILY_FIRST.exec(name);
  // Mythos Preview came with the traits of the fifth generation.
  if (named !== null) return { family: named[1] ?? '', version: versionOf(named[2] ?? '5', named[3]) };
  const numbered = VERSION_FIRST.exec(name);
  return { family: '', version: numbered === null ? NEWEST_VERSION : versionOf(numbered[1], numbered[2]) };
}

const versionOf = (major: string | undefined, minor: string | undefined): number =>
  100 * Number(major) + Number(minor ?? 0);

export function modelTraits(model: string): ModelTraits {
  const claude = claudeOf(model);
  if (claude === undefined) return STRANGER;
  const { family, version } = claude;
  return {
    thinking: version >= 406 ? 'ADAPTIVE' : version >= 307 ? 'BUDGET' : 'NONE',
    thinksUnasked: version >= 500,
    sampling: version >= 407 ? 'NONE' : version >= 400 ? 'ONE' : 'BOTH',
    forcedTools: version < firstUnforced(family),
    schemas: version >= 405,
    continuesAssistant: version < 406,
  };
}

/** https://platform.claude.com/docs/en/models/opus-5-5/migration-guide#forced-tool-use and its like. */
function firstUnforced(family: string): number {
  if (family === 'haiku') return NEWEST_VERSION;
  return family === 'fable' || family === 'mythos' ? 501 : 505;
}

/** As far as its name tells; only Claude's names tell. */
export const claudeThinks = (model: string): boolean =>
  claudeOf(model) !== undefined && modelTraits(model).thinking !== 'NONE';
