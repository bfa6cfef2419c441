// The story of one call of a model, from its parsed body to the last byte, in whichever wire format.

import { createAnswer, createIds } from './answer.ts';
import type { BillKeeper } from './bill.ts';
import { type ChatView, hashView } from './chat-view.ts';
import type { Exchange, OwnExchange } from './exchange.ts';
import { HTML_PAGE } from './malformed.ts';
import { instantModel, MODELS, type SimulatedModel } from './models.ts';
import { blockedPlan, createPlan, outputBudget, type Plan } from './plan.ts';
import { countPrompt } from './prompt-tokens.ts';
import { createQuotaMeter } from './quota.ts';
import { Refused, type WireError } from './refusal.ts';
import { readBehaviour, readDirective, type Script } from './script.ts';
import { sendPlain } from './send-plain.ts';
import { sendStream } from './send-stream.ts';
import { loadTokenizer } from './tokenizer.ts';
import type { Behaviour } from './types.ts';
import type { Glance, WireFormat, WireRequest } from './wire-format.ts';

export interface CallContext {
  readonly exchange: OwnExchange;
  readonly script: Script;
  readonly keeper: BillKeeper;
  readonly seed: number;
  readonly now: () => number;
}

/** @throws WireError or Refused when the request is refused as the real API would */
export async function answerCall<View extends ChatView>(
  { exchange, script, keeper, seed, now }: CallContext,
  format: WireFormat<View>,
  request: WireRequest,
): Promise<void> {
  const { entry } = exchange;
  if (keeper.keepContent) entry.request = request.body;
  const glance = format.glance(request);
  entry.model = glance.model;
  entry.streamed = glance.streamed;

  const quotas = script.quotas(glance.model, glance.lastUserText);
  const meter = createQuotaMeter(quotas, format.credential(request) ?? '', glance.model, now);
  meter.takeRequest();
  const { behaviour, prompt } = readBehaviours(script, glance, request.headers['x-simulate']);
  exchange.useBehaviour(behaviour);
  const model = MODELS.find((one) => one.name === glance.model) ?? scriptedModel(script, glance.model);
  await exchange.pause(behaviour.latencyMs ?? model.latencyMs);
  refuseAsScripted(format, behaviour);
  if (await sendRaw(exchange, behaviour, glance.contentType)) return;

  const view = format.read(request, model, behaviour);
  const plan = await planAnswer(format, view, model, behaviour, prompt, seed);
  meter.takePrompt(plan.usage.promptTokens);
  const limits = meter.limits();
  if (limits !== undefined) exchange.useHeaders(format.limitHeaders(limits, now()));
  // From here on the prompt is charged, whatever becomes of the answer.
  entry.promptTokens = plan.usage.promptTokens;
  entry.cachedTokens = plan.usage.cachedTokens;
  entry.cacheWriteTokens = plan.usage.cacheWriteTokens;
  keeper.changed();

  const about = { id: entry.id, createdSeconds: Math.floor(entry.receivedAtMs / 1000), behaviour };
  const { contentType } = glance;
  if (view.streamed) {
    const frames = () => format.streamFrames(view, plan, about);
    await sendStream(exchange, plan, behaviour, { contentType, frames });
  } else {
    const body = (planned: Plan) => format.plainBody(view, planned, about);
    await sendPlain(exchange, plan, behaviour, { contentType, body, misshapen: format.misshapenBody });
  }
  meter.addAnswer(entry.completionTokens);
}

export async function sendRefusal(exchange: Exchange, refusal: WireError, contentType: string): Promise<void> {
  const { entry } = exchange;
  // Too late to refuse: the answer had begun.
  if (entry.status !== undefined) return exchange.destroy();
  entry.promptTokens = 0;
  entry.cachedTokens = 0;
  entry.cacheWriteTokens = 0;
  exchange.head(refusal.status, contentType, refusal.headers);
  await exchange.end(JSON.stringify(refusal.body));
}

function readBehaviours(
  script: Script,
  { model, lastUserText }: Glance,
  header: string | string[] | undefined,
): { readonly behaviour: Behaviour; readonly prompt: string } {
  try {
    const directive = readDirective(lastUserText);
    const fromHeader = typeof header === 'string' ? readBehaviour(header, 'The x-simulate header') : undefined;
    const rule = script.take(model, lastUserText);
    const prompt = directive?.rest ?? lastUserText;
    if (directive === undefined && fromHeader === undefined) return { behaviour: rule ?? {}, prompt };
    return { behaviour: { ...rule, ...directive?.behaviour, ...fromHeader }, prompt };
  } catch (error) {
    throw new Refused({ type: 'SCRIPT', message: (error as Error).message });
  }
}

/** @throws Refused */
function scriptedModel(script: Script, name: string) {
  if (script.models().includes(name)) return instantModel(name);
  throw new Refused({ type: 'MODEL', name });
}

/** @throws Refused as the script says */
function refuseAsScripted(format: Pick<WireFormat<ChatView>, 'blockedPrompt'>, behaviour: Behaviour): void {
  const { status, error, retryAfterSeconds } = behaviour;
  if (rawBody(behaviour) !== undefined) return;
  const categories = blockedCategories(behaviour);
  if (categories !== undefined && format.blockedPrompt === 'ERROR') {
    throw new Refused({ type: 'CONTENT_FILTER', categories });
  }
  if ((status ?? 200) >= 400 || error !== undefined) {
    throw new Refused({ type: 'SCRIPTED', status: status ?? 200, error, retryAfterSeconds });
  }
}

const blockedCategories = ({ contentFilter }: Behaviour): readonly string[] | undefined =>
  contentFilter === true ? ['violence'] : contentFilter;

async function planAnswer<View extends ChatView>(
  format: WireFormat<View>,
  view: View,
  model: SimulatedModel,
  behaviour: Behaviour,
  prompt: string,
  seed: number,
): Promise<Plan> {
  const tokenizer = await loadTokenizer();
  const promptTokens = countPrompt(view, tokenizer);
  const budget = outputBudget(view, model, behaviour, promptTokens, format.capBeyondWindow);
  const categories = blockedCategories(behaviour);
  const told = format.tellsCacheWrites ? behaviour : withoutCacheWrites(behaviour);
  if (categories !== undefined) return blockedPlan(view, told, categories, promptTokens);
  const answer = scriptedAnswer(view, told, format) ?? createAnswer(view, prompt, seed, model, format.callId);
  return createPlan(view, model, told, answer, budget, promptTokens, tokenizer);
}

function withoutCacheWrites(behaviour: Behaviour): Behaviour {
  const { usage } = behaviour;
  return typeof usage === 'object' ? { ...behaviour, usage: { ...usage, cacheWriteTokens: 0 } } : behaviour;
}

/** Bytes given exactly, or none at all; undefined: there is an answer to be made. */
function rawBody({ rawBody, emptyBody, malformed }: Behaviour): string | Buffer | undefined {
  if (rawBody === undefined) return emptyBody === true ? '' : malformed === 'html' ? HTML_PAGE : undefined;
  return rawBody.startsWith('base64:') ? Buffer.from(rawBody.slice('base64:'.length), 'base64') : rawBody;
}

/** False: there is an answer to be made. */
async function sendRaw(exchange: Exchange, behaviour: Behaviour, contentType: string): Promise<boolean> {
  const { cut, hang, malformed } = behaviour;
  const body = rawBody(behaviour);
  if (body === undefined) return false;
  const place = cut ?? hang;
  if (place !== 'before-head') {
    exchange.head(behaviour.status ?? 200, malformed === 'html' ? 'text/html; charset=utf-8' : contentType);
    if (place === undefined) {
      await exchange.end(body);
      return true;
    }
    exchange.flushHead();
    if (place !== 'after-head') await exchange.write(body);
    await exchange.turn();
  }
  if (cut !== undefined) exchange.destroy();
  return true;
}

function scriptedAnswer(view: ChatView, behaviour: Behaviour, { callId }: Pick<WireFormat<ChatView>, 'callId'>) {
  const { text, tokens, toolCalls } = behaviour;
  if (text === undefined && tokens === undefined && toolCalls === undefined) return undefined;
  const nextId = createIds(hashView(view, 0), callId);
  return {
    reasoning: '',
    text: text ?? '',
    calls: (toolCalls ?? []).map((call) => ({
      id: call.id ?? nextId(),
      name: call.name,
      arguments: typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments),
    })),
  };
}
