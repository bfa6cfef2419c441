// A stand-in for model providers: the wire formats of OpenAI, Anthropic and Gemini on a loopback port, with a script that
// makes it misbehave and a bill of all it served. For the demo, tests and benches; the server never imports it.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../core/clock.ts';
import { answerCall, type CallContext, sendRefusal } from './answer-call.ts';
import { anthropicFormat } from './anthropic/anthropic.ts';
import { createBillKeeper } from './bill.ts';
import type { ChatView } from './chat-view.ts';
import { createExchange } from './exchange.ts';
import { geminiFormat } from './gemini/gemini.ts';
import { instantModel, MODELS } from './models.ts';
import { openAiFormat } from './openai/openai.ts';
import { Refused, WireError } from './refusal.ts';
import { parseBody, parseJson, readBody } from './request-body.ts';
import { createScript } from './script.ts';
import type { Simulator, SimulatorOptions } from './types.ts';
import type { RefusalContext, WireFormat, WireHead, WireRequest } from './wire-format.ts';

const KEEP_ENTRIES = 10_000;
const WAIT_LIMIT_MS = 10_000;
/** Longer than clients keep an idle connection, so that none is closed under a request on its way. */
const KEEP_ALIVE_MS = 120_000;

/** A format without the type of its view, so that all of them fit in one list. */
interface Service extends Omit<WireFormat<ChatView>, 'read' | 'plainBody' | 'streamFrames'> {
  answer(context: CallContext, request: WireRequest): Promise<void>;
}

function serve<View extends ChatView>(format: WireFormat<View>): Service {
  return { ...format, answer: (context, request) => answerCall(context, format, request) };
}

const OPENAI = serve(openAiFormat);
/** The first that feels addressed answers. */
const SERVICES: readonly Service[] = [serve(geminiFormat), serve(anthropicFormat), OPENAI];

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { now } = options.clock ?? systemClock;
  const keeper = createBillKeeper(options.keepEntries ?? KEEP_ENTRIES, options.keepContent ?? true, now);
  const script = createScript();
  const seed = options.seed ?? 1;
  const startedAtMs = now();
  let keys: readonly string[] = options.apiKey === undefined ? [] : [options.apiKey];
  let closing = false;

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, (request, response) => {
    const head = headOf(request);
    const service = SERVICES.find((one) => one.owns(head)) ?? OPENAI;
    if (head.method === 'POST' && service.isCall(head.path)) void serveCall(service, head, request, response);
    else void serveOther(service, head, request, response);
  });

  const serveCall = async (
    service: Service,
    head: WireHead,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const entry = keeper.open(service.name);
    const headers = (seconds: number | undefined) => service.headers(entry.id, seconds);
    const exchange = createExchange(response, entry, keeper, () => closing, headers);
    try {
      const text = await readBody(request);
      if (exchange.gone()) return;
      refuseStranger(service, head);
      service.checkHead(head);
      await service.answer({ exchange, script, keeper, seed, now }, { ...head, body: parseBody(text) });
    } catch (error) {
      await sendRefusal(exchange, asWireError(error, service, { id: entry.id, head, nowMs: now() }), service.errorType);
    }
  };

  const serveOther = async (
    service: Service,
    head: WireHead,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    try {
      const text = await readBody(request);
      const result = answerAdmin(head, text) ?? answerModels(service, head);
      sendJson(response, 200, result);
    } catch (error) {
      const refusal = asWireError(error, service, { id: undefined, head, nowMs: now() });
      sendJson(response, refusal.status, refusal.body, refusal.headers);
    }
  };

  const answerAdmin = ({ method, path }: WireHead, text: string): unknown => {
    switch (`${method} ${path}`) {
      case 'GET /bill':
        return keeper.bill();
      case 'DELETE /bill':
        keeper.reset();
        return { reset: true };
      case 'DELETE /script':
        script.clear();
        return { reset: true };
      case 'POST /script':
        return addRules(text);
      default:
        return undefined;
    }
  };

  const answerModels = (service: Service, head: WireHead): unknown => {
    refuseStranger(service, head);
    service.checkHead(head);
    const models = [...MODELS, ...script.models().filter(isNew).map(instantModel)];
    const answer = service.models(head, models, startedAtMs);
    if (answer === undefined) throw new Refused({ type: 'PATH', method: head.method, path: head.path });
    return answer;
  };

  const addRules = (text: string) => {
    const value = parseJson(text);
    const rules: readonly unknown[] = Array.isArray(value) ? value : [value];
    try {
      script.add(rules);
    } catch (error) {
      throw new Refused({ type: 'SCRIPT', message: (error as Error).message });
    }
    return { added: rules.length };
  };

  /** @throws Refused */
  const refuseStranger = (service: Service, head: WireHead): void => {
    if (keys.length === 0) return;
    const key = service.credential(head);
    if (key === undefined || !keys.includes(key)) throw new Refused({ type: 'KEY', given: key !== undefined });
  };

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    bill: keeper.bill,
    script: (...rules) => script.add(rules),
    acceptKeys: (...accepted) => {
      keys = accepted;
    },
    reset: () => {
      script.clear();
      keeper.reset();
    },
    waitFor: (predicate, limitMs = WAIT_LIMIT_MS) => keeper.waitFor(predicate, limitMs),
    close: () =>
      new Promise((resolve) => {
        closing = true;
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const isNew = (name: string) => !MODELS.some((model) => model.name === name);

function headOf(request: IncomingMessage): WireHead {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const { method = 'GET', headers } = request;
  return mark < 0
    ? { method, path: url, search: '', headers }
    : { method, path: url.slice(0, mark), search: url.slice(mark + 1), headers };
}

function asWireError(error: unknown, service: Service, context: RefusalContext): WireError {
  if (error instanceof WireError) return error;
  const refusal =
    error instanceof Refused
      ? error.refusal
      : ({ type: 'FAULT', message: `The simulator failed: ${String(error)}` } as const);
  return service.refuse(refusal, context);
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: { readonly [name: string]: string } = {},
): void {
  response.on('error', () => {});
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
