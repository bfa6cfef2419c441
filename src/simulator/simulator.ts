// A stand-in for a model provider: the OpenAI chat completions wire format on a loopback port, with a script that makes
// it misbehave and a bill of all it served. For the demo, tests and benches; the server never imports it.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerCall, modelNotFound, sendRefusal } from './answer-call.ts';
import { createBillKeeper } from './bill.ts';
import { createExchange } from './exchange.ts';
import { MODELS } from './models.ts';
import { isRecord } from './read-request.ts';
import { createScript } from './script.ts';
import type { Simulator, SimulatorOptions } from './types.ts';
import { invalidRequest, usualError, WireError } from './wire-errors.ts';

const CHAT_PATH = '/v1/chat/completions';
const MAX_BODY_BYTES = 64 * 1024 * 1024;
const KEEP_ENTRIES = 10_000;
const WAIT_LIMIT_MS = 10_000;
/** Longer than clients keep an idle connection, so that none is closed under a request on its way. */
const KEEP_ALIVE_MS = 120_000;

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const keeper = createBillKeeper(options.keepEntries ?? KEEP_ENTRIES, options.keepContent ?? true);
  const script = createScript();
  const seed = options.seed ?? 1;
  const startedAtSeconds = Math.floor(Date.now() / 1000);
  let closing = false;

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (path === CHAT_PATH && request.method === 'POST') void serveCall(request, response);
    else void serveOther(request, response, path);
  });

  const serveCall = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const exchange = createExchange(response, keeper.open(Date.now()), keeper, () => closing);
    try {
      const text = await readBody(request);
      if (exchange.gone()) return;
      refuseStranger(request, options.apiKey);
      const header = request.headers['x-simulate'];
      await answerCall(
        { exchange, script, keeper, seed },
        parseBody(text),
        typeof header === 'string' ? header : undefined,
      );
    } catch (error) {
      await sendRefusal(exchange, asWireError(error));
    }
  };

  const serveOther = async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    try {
      const text = await readBody(request);
      const result = answerOther(request, path, text);
      sendJson(response, 200, result);
    } catch (error) {
      const refusal = asWireError(error);
      sendJson(response, refusal.status, refusal.body, refusal.headers);
    }
  };

  const answerOther = (request: IncomingMessage, path: string, text: string): unknown => {
    const route = `${request.method} ${path}`;
    if (route === 'GET /bill') return keeper.bill();
    if (route === 'DELETE /bill') {
      keeper.reset();
      return { reset: true };
    }
    if (route === 'DELETE /script') {
      script.clear();
      return { reset: true };
    }
    if (route === 'POST /script') return addRules(text);
    refuseStranger(request, options.apiKey);
    if (route === 'GET /v1/models') return { object: 'list', data: modelNames().map(modelObject) };
    if (request.method === 'GET' && path.startsWith('/v1/models/')) {
      const name = decodeName(path.slice('/v1/models/'.length));
      if (!modelNames().includes(name)) throw modelNotFound(name);
      return modelObject(name);
    }
    if (path === CHAT_PATH || path === '/v1/models') {
      throw new WireError(405, {
        message: `Not allowed to ${request.method} on ${path}. (HINT: Perhaps you meant to use a different HTTP method?)`,
        type: 'invalid_request_error',
        param: null,
        code: 'method_not_supported',
      });
    }
    throw new WireError(404, {
      message: `Invalid URL (${request.method} ${path})`,
      type: 'invalid_request_error',
      param: null,
      code: null,
    });
  };

  const addRules = (text: string) => {
    const value: unknown = parseJson(text);
    const rules: readonly unknown[] = Array.isArray(value) ? value : [value];
    try {
      script.add(rules);
    } catch (error) {
      throw invalidRequest((error as Error).message, null, 'invalid_script');
    }
    return { added: rules.length };
  };

  const modelNames = () => [...new Set([...MODELS.map((model) => model.name), ...script.models()])];
  const modelObject = (id: string) => ({ id, object: 'model', created: startedAtSeconds, owned_by: 'simulator' });

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

/** @throws WireError 413 when it is too long. Never settles when the client leaves half-way. */
function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('error', () => {});
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MAX_BODY_BYTES) chunks.push(chunk);
    });
    request.on('end', () => {
      if (length > MAX_BODY_BYTES) reject(new WireError(413, usualError(413)));
      else resolve(chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString());
    });
  });
}

function parseBody(text: string) {
  const body = parseJson(text);
  if (!isRecord(body)) throw invalidRequest('The body of the request must be a JSON object.');
  return body;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidRequest('We could not parse the JSON body of your request.');
  }
}

/** @throws WireError 401 */
function refuseStranger(request: IncomingMessage, apiKey: string | undefined): void {
  if (apiKey === undefined) return;
  const header = request.headers.authorization;
  if (header === `Bearer ${apiKey}`) return;
  const message =
    header === undefined
      ? "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
      : 'Incorrect API key provided.';
  throw new WireError(401, { message, type: 'invalid_request_error', param: null, code: 'invalid_api_key' });
}

function asWireError(error: unknown): WireError {
  if (error instanceof WireError) return error;
  // A fault of the simulator itself: told in full, since only tests and the demo talk to it.
  return new WireError(500, usualError(500, { message: `The simulator failed: ${String(error)}`, code: 'simulator' }));
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
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
