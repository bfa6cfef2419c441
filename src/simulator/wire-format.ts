// What a wire format has to bring: how its calls are known and read, and how answers and refusals look in it. What is
// answered, what it costs, its pace and its faults are the same in all of them.

import type { IncomingHttpHeaders } from 'node:http';
import type { ChatView } from './chat-view.ts';
import type { SimulatedModel } from './models.ts';
import type { Plan } from './plan.ts';
import type { Random } from './random.ts';
import type { RateLimits, Refusal, WireError } from './refusal.ts';
import type { Behaviour, Json, JsonRecord, WireName } from './types.ts';

export interface WireHead {
  readonly method: string;
  readonly path: string;
  /** What follows the question mark. */
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
}

export interface WireRequest extends WireHead {
  readonly body: JsonRecord;
}

/** What can be told of a call before its body is known to be well formed. */
export interface Glance {
  readonly model: string;
  readonly streamed: boolean;
  /** Of its answer. */
  readonly contentType: string;
  /** Text of the last user message, for matching; '' while it is not known to be well formed. */
  readonly lastUserText: string;
}

/** What an answer needs to know besides what it says. */
export interface AnswerContext {
  readonly id: string;
  readonly createdSeconds: number;
  readonly behaviour: Behaviour;
}

export interface RefusalContext {
  /** undefined: no call of a model, so there is nothing on the bill. */
  readonly id: string | undefined;
  readonly head: WireHead;
  readonly nowMs: number;
}

/** A frame of a stream. */
export interface Step {
  readonly frame: string;
  /** Bytes in place of the frame, for what is no text. */
  readonly bytes?: Buffer;
  readonly tokens: number;
  readonly reasoningTokens: number;
  /** Its part of the answer's text. */
  readonly text: string;
}

export interface StreamFrames {
  readonly steps: readonly Step[];
  /** What an endless stream goes on with. */
  readonly repeat: readonly Step[];
  /** All that comes after the last token. */
  readonly tail: string;
  /** An error in the middle of it; `error`: fields over the usual ones. */
  error(error: JsonRecord | undefined): string;
  /** A frame whose JSON breaks off. */
  readonly broken: string;
  /** A frame of JSON that has not the shape it should have. */
  readonly misshapen: string;
}

export interface WireFormat<View extends ChatView> {
  readonly name: WireName;
  /** Whether it is the one that answers here, if only to say that there is nothing. */
  owns(head: WireHead): boolean;
  /** Whether a POST to this path is a call of a model. */
  isCall(path: string): boolean;
  /** Its lists of models; undefined: something else was asked for. @throws Refused or WireError */
  models(head: WireHead, models: readonly SimulatedModel[], startedAtMs: number): Json | undefined;
  /** The key a request came with. */
  credential(head: WireHead): string | undefined;
  /** @throws WireError for what the API asks of every call but its key */
  checkHead(head: WireHead): void;
  /** @throws WireError when not even the model can be told */
  glance(request: WireRequest): Glance;
  /** @throws WireError */
  read(request: WireRequest, model: SimulatedModel, behaviour: Behaviour): View;
  /** `ERROR`: a refusal. `ANSWER`: a good status, and the answer says so. */
  readonly blockedPrompt: 'ERROR' | 'ANSWER';
  /** Where prompt and output cap together are more than the model can hold. */
  readonly capBeyondWindow: 'REFUSED' | 'CUT' | 'ALLOWED';
  /** Whether usage tells tokens written to the prompt cache; where not, none are billed. */
  readonly tellsCacheWrites: boolean;
  callId(random: Random): string;
  plainBody(view: View, plan: Plan, context: AnswerContext): string;
  streamFrames(view: View, plan: Plan, context: AnswerContext): StreamFrames;
  /** Content type of refusals. */
  readonly errorType: string;
  /** A whole body of JSON that has not the shape it should have. */
  readonly misshapenBody: string;
  /** Of every answer, good or bad. */
  headers(id: string, retryAfterSeconds: number | undefined): Record<string, string>;
  limitHeaders(limits: RateLimits, nowMs: number): Record<string, string>;
  refuse(refusal: Refusal, context: RefusalContext): WireError;
}

export const bearerToken = (headers: IncomingHttpHeaders): string | undefined =>
  /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
