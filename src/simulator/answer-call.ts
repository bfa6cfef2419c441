// The story of one chat completions call, from its parsed body to the last byte.

import { createAnswer } from './answer.ts';
import type { BillKeeper } from './bill.ts';
import type { Exchange } from './exchange.ts';
import { instantModel, MODELS } from './models.ts';
import { createPlan, outputBudget } from './plan.ts';
import { countPrompt } from './prompt-tokens.ts';
import { createRandom, hashText } from './random.ts';
import { type ChatView, readChat, readLastUserText, readModel } from './read-request.ts';
import { readBehaviour, readDirective, type Script } from './script.ts';
import { sendPlain } from './send-plain.ts';
import { sendStream } from './send-stream.ts';
import { loadTokenizer } from './tokenizer.ts';
import type { Behaviour, JsonRecord, ScriptedToolCall } from './types.ts';
import { contentFilterError, invalidRequest, rateLimitHeaders, usualError, WireError } from './wire-errors.ts';

export interface CallContext {
  readonly exchange: Exchange & { useBehaviour(behaviour: Behaviour): void };
  readonly script: Script;
  readonly keeper: BillKeeper;
  readonly seed: number;
}

/** @throws WireError when the request is refused as the real API would */
export async function answerCall(
  context: CallContext,
  body: JsonRecord,
  simulateHeader: string | undefined,
): Promise<void> {
  const { exchange, keeper } = context;
  const { entry } = exchange;
  if (keeper.keepContent) entry.request = body;
  const modelName = readModel(body);
  entry.model = modelName;
  entry.streamed = body['stream'] === true;

  const lastUserText = readLastUserText(body);
  const { behaviour, prompt } = readBehaviours(context.script, modelName, lastUserText, simulateHeader);
  exchange.useBehaviour(behaviour);
  const model = MODELS.find((one) => one.name === modelName) ?? scriptedModel(context.script, modelName);
  await exchange.pause(behaviour.latencyMs ?? model.latencyMs);
  refuseAsScripted(behaviour, body);
  if (await sendRaw(exchange, behaviour, entry.streamed)) return;

  const view = readChat(body);
  const tokenizer = await loadTokenizer();
  const promptTokens = countPrompt(view, tokenizer);
  const budget = outputBudget(view, model, behaviour, promptTokens);
  const answer = scriptedAnswer(view, behaviour) ?? createAnswer(view, prompt, context.seed, model);
  const plan = createPlan(view, model, behaviour, answer, budget, promptTokens, tokenizer);
  // From here on the prompt is charged, whatever becomes of the answer.
  entry.promptTokens = plan.usage.promptTokens;
  entry.cachedTokens = plan.usage.cachedTokens;
  keeper.changed();
  if (view.streamed) await sendStream(exchange, plan, behaviour, view.includeUsage);
  else await sendPlain(exchange, plan, behaviour);
}

export async function sendRefusal(exchange: Exchange, refusal: WireError): Promise<void> {
  const { entry } = exchange;
  // Too late to refuse: the answer had begun.
  if (entry.status !== undefined) return exchange.destroy();
  entry.promptTokens = 0;
  entry.cachedTokens = 0;
  exchange.head(refusal.status, 'application/json', refusal.headers);
  await exchange.end(JSON.stringify(refusal.body));
}

function readBehaviours(
  script: Script,
  model: string,
  lastUserText: string,
  header: string | undefined,
): { readonly behaviour: Behaviour; readonly prompt: string } {
  try {
    const directive = readDirective(lastUserText);
    const fromHeader = header === undefined ? undefined : readBehaviour(header, 'The x-simulate header');
    const rule = script.take(model, lastUserText);
    const prompt = directive?.rest ?? lastUserText;
    if (directive === undefined && fromHeader === undefined) return { behaviour: rule ?? {}, prompt };
    return { behaviour: { ...rule, ...directive?.behaviour, ...fromHeader }, prompt };
  } catch (error) {
    throw invalidRequest((error as Error).message, null, 'invalid_simulation');
  }
}

/** @throws WireError 404 */
function scriptedModel(script: Script, name: string) {
  if (script.models().includes(name)) return instantModel(name);
  throw modelNotFound(name);
}

export function modelNotFound(name: string): WireError {
  return new WireError(404, {
    message: `The model '${name}' does not exist or you do not have access to it.`,
    type: 'invalid_request_error',
    param: null,
    code: 'model_not_found',
  });
}

/** @throws WireError what the script says */
function refuseAsScripted(behaviour: Behaviour, body: JsonRecord): void {
  const { status, error, contentFilter } = behaviour;
  if (behaviour.rawBody !== undefined || behaviour.emptyBody === true) return;
  if (contentFilter !== undefined) {
    throw new WireError(400, contentFilterError(contentFilter === true ? ['violence'] : contentFilter));
  }
  if ((status ?? 200) >= 400 || error !== undefined) {
    const code = status ?? 200;
    const headers = code === 429 ? rateLimitHeaders(behaviour.retryAfterSeconds ?? 1) : {};
    throw new WireError(code, usualError(code < 400 ? 500 : code, error), headers);
  }
  if (behaviour.refusesStreamOptions === true && (body['stream_options'] ?? null) !== null) {
    throw invalidRequest("Unknown parameter: 'stream_options'.", 'stream_options', 'unknown_parameter');
  }
}

/** Bytes given exactly, or none at all. False: there is an answer to be made. */
async function sendRaw(exchange: Exchange, behaviour: Behaviour, streamed: boolean): Promise<boolean> {
  const { rawBody, cut, hang } = behaviour;
  if (rawBody === undefined && behaviour.emptyBody !== true) return false;
  const body = rawBody?.startsWith('base64:')
    ? Buffer.from(rawBody.slice('base64:'.length), 'base64')
    : Buffer.from(rawBody ?? '');
  const place = cut ?? hang;
  if (place !== 'before-head') {
    exchange.head(behaviour.status ?? 200, streamed ? 'text/event-stream; charset=utf-8' : 'application/json');
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

function scriptedAnswer(view: ChatView, behaviour: Behaviour) {
  const { text, tokens, toolCalls } = behaviour;
  if (text === undefined && tokens === undefined && toolCalls === undefined) return undefined;
  const random = createRandom(hashText(JSON.stringify(view.body['messages']), 0));
  return {
    reasoning: '',
    text: text ?? '',
    calls: (toolCalls ?? []).map((call: ScriptedToolCall) => ({
      id: call.id ?? `call_${random.code(24)}`,
      name: call.name,
      arguments: typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments),
    })),
  };
}
