// The generations running in this process: who waits for each, and when one that nobody waits for is stopped.

import type { Clock } from '../core/clock.ts';
import type { Generation, Terminal } from '../core/generation.ts';
import { newGenerationId } from '../core/ids.ts';
import { createCoalescer } from '../features/streams/coalesce.ts';
import type { EventLogs, EventLogWriter } from '../features/streams/event-log.ts';
import { type Answer, createAnswer } from './answer.ts';
import { blankGeneration } from './blank-generation.ts';
import type { Generate, StopCause } from './generate.ts';
import type { PreparedCall } from './prepared-call.ts';

/** What happens when the last one who waits leaves: AT_ONCE stop; AFTER_GRACE stop; NEVER stop. */
export type LeavePolicy = 'AT_ONCE' | 'AFTER_GRACE' | 'NEVER';

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

export interface RunningGeneration {
  readonly id: string;
  readonly call: PreparedCall;
  readonly terminal: Promise<Terminal>;
  /** As it is now, with what was written so far. */
  snapshot(): Generation;
  /** Somebody waits; the function given back says that they left (once). */
  join(): () => void;
  /** It runs to its end from here on, whoever leaves. */
  keep(): void;
  stop(cause: StopCause): void;
}

export interface RunningGenerations {
  newId(): string;
  launch(call: PreparedCall, options: LaunchOptions): RunningGeneration;
  find(generationId: string): RunningGeneration | undefined;
  /** Waits until nothing runs, `graceMs` at most, then stops what is left and waits for its end. */
  drain(graceMs: number): Promise<void>;
}

export interface RunningGenerationsParts {
  readonly generate: Generate;
  readonly logs: EventLogs;
  readonly clock: Clock;
  readonly graceMs: number;
  readonly coalesceMs: number;
}

export function createRunningGenerations(parts: RunningGenerationsParts): RunningGenerations {
  const { generate, logs, clock, graceMs, coalesceMs } = parts;
  const running = new Map<string, RunningGeneration>();

  function launch(call: PreparedCall, options: LaunchOptions): RunningGeneration {
    const { id, streamed } = options;
    const createdAtMs = clock.now();
    const controller = new AbortController();
    const log = options.logged ? logs.create(id) : undefined;
    const answer = createAnswer();
    const writer = log && writeTo(log);
    let policy = options.leavePolicy;
    let waiting = 0;
    let graceTimer: NodeJS.Timeout | undefined;

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
      clearTimeout(graceTimer);
      running.delete(id);
      options.onEnd(ended);
      writer?.flush();
      log?.end(ended);
      return ended;
    });

    const self: RunningGeneration = {
      id,
      call,
      terminal,
      snapshot: () => snapshot(id, call, createdAtMs, answer),
      join() {
        waiting++;
        clearTimeout(graceTimer);
        let joined = true;
        return () => {
          if (!joined) return;
          joined = false;
          waiting--;
          if (waiting > 0 || policy === 'NEVER' || !running.has(id)) return;
          if (policy === 'AT_ONCE' || graceMs === 0) self.stop('ABANDONED');
          else graceTimer = setTimeout(() => self.stop('ABANDONED'), graceMs);
        };
      },
      keep() {
        policy = 'NEVER';
        clearTimeout(graceTimer);
      },
      stop(cause) {
        clearTimeout(graceTimer);
        if (!controller.signal.aborted) controller.abort(cause);
      },
    };
    running.set(id, self);
    return self;
  }

  function writeTo(log: EventLogWriter) {
    return createCoalescer((event) => log.append(event), coalesceMs, clock.elapsed);
  }

  return {
    newId: () => newGenerationId(clock.now()),
    launch,
    find: (generationId) => running.get(generationId),
    async drain(drainMs) {
      const ended = () => Promise.all([...running.values()].map((one) => one.terminal));
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, drainMs);
      });
      await Promise.race([ended(), patience]);
      clearTimeout(timer);
      for (const one of running.values()) one.stop('SHUTDOWN');
      await ended();
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
