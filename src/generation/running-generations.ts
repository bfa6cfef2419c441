// The generations running in this process: who waits for each, and when one that nobody waits for is stopped.

import type { Clock } from '../core/clock.ts';
import type { Generation, GenerationEvent, Terminal } from '../core/generation.ts';
import { newGenerationId } from '../core/ids.ts';
import type { Owner } from '../features/results/result-store.ts';
import { createCoalescer } from '../features/streams/coalesce.ts';
import type { EventLogs, EventLogWriter } from '../features/streams/event-log.ts';
import { type Answer, createAnswer } from './answer.ts';
import { blankGeneration } from './blank-generation.ts';
import type { Generate } from './generate.ts';
import type { GenerationSettings } from './generation-settings.ts';
import { ownerOf } from './ownership.ts';
import type { PreparedCall } from './prepared-call.ts';
import type { StopCause } from './stopped.ts';
import { createWaiters, type LeavePolicy, type Waiters } from './waiters.ts';

export interface LaunchOptions {
  readonly id: string;
  /** Ask the provider for a streamed body. */
  readonly streamed: boolean;
  /** Keep an event log, so that others can follow. */
  readonly logged: boolean;
  readonly leavePolicy: LeavePolicy;
  /** Called once, before anybody learns of the terminal. */
  readonly onEnd: (terminal: Terminal) => void;
}

export interface RunningGeneration extends Pick<Waiters, 'join' | 'keep'> {
  readonly id: string;
  readonly owner: Owner;
  readonly call: PreparedCall;
  readonly terminal: Promise<Terminal>;
  /** As it is now, with what was written so far. */
  snapshot(): Generation;
  stop(cause: StopCause): void;
}

export interface RunningGenerations {
  newId(): string;
  launch(call: PreparedCall, options: LaunchOptions): RunningGeneration;
  find(generationId: string): RunningGeneration | undefined;
  /** Resolves when all that run now have ended. */
  ended(): Promise<void>;
  /** Stops all that run now, or of them those that match. */
  stopAll(cause: StopCause, matches?: (running: RunningGeneration) => boolean): void;
}

export interface RunningGenerationsParts {
  readonly generate: Generate;
  readonly logs: EventLogs<GenerationEvent>;
  readonly clock: Clock;
  readonly settings: () => Pick<GenerationSettings, 'graceMs' | 'coalesceMs'>;
}

export function createRunningGenerations(parts: RunningGenerationsParts): RunningGenerations {
  const { generate, logs, clock, settings } = parts;
  const running = new Map<string, RunningGeneration>();

  function launch(call: PreparedCall, options: LaunchOptions): RunningGeneration {
    const { id, streamed } = options;
    const { graceMs, coalesceMs } = settings();
    const createdAtMs = clock.now();
    const controller = new AbortController();
    const log = options.logged ? logs.create(id) : undefined;
    const answer = createAnswer();
    const writer = log && writeTo(log, coalesceMs);
    const { leavePolicy } = options;
    const waiters = createWaiters({ leavePolicy, graceMs, onAbandoned: () => self.stop('ABANDONED') });

    log?.append({ type: 'STARTED', model: call.model.name, createdAtMs });
    const terminal = generate({
      id,
      call,
      createdAtMs,
      streamed,
      answer,
      signal: controller.signal,
      onDelta: (delta) => writer?.push(delta),
    }).then((ended) => {
      waiters.close();
      running.delete(id);
      options.onEnd(ended);
      writer?.flush();
      log?.end({ type: 'TERMINAL', terminal: ended });
      return ended;
    });

    const self: RunningGeneration = {
      id,
      owner: ownerOf(call.caller),
      call,
      terminal,
      snapshot: () => snapshot(id, call, createdAtMs, answer),
      join: waiters.join,
      keep: waiters.keep,
      stop(cause) {
        waiters.close();
        if (!controller.signal.aborted) controller.abort(cause);
      },
    };
    running.set(id, self);
    return self;
  }

  function writeTo(log: EventLogWriter<GenerationEvent>, coalesceMs: number) {
    return createCoalescer((event) => log.append(event), coalesceMs, clock.elapsed);
  }

  return {
    newId: () => newGenerationId(clock.now()),
    launch,
    find: (generationId) => running.get(generationId),
    async ended() {
      await Promise.all([...running.values()].map((one) => one.terminal));
    },
    stopAll(cause, matches = () => true) {
      for (const one of running.values()) if (matches(one)) one.stop(cause);
    },
  };
}

function snapshot(id: string, call: PreparedCall, createdAtMs: number, answer: Answer): Generation {
  const reasoning = answer.reasoning();
  // Tool calls come in pieces: a call is a call once the model is done.
  return {
    ...blankGeneration(id, call, createdAtMs),
    text: answer.text(),
    reasoning: reasoning === '' ? undefined : reasoning,
  };
}
