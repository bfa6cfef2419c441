// As a caller of the same organization who may do less: what its role and scopes do not open is refused and changes
// nothing, and nothing of what they do not show stands in any answer.

import type { Outcome } from '../every-transport.ts';
import type { Reference } from './answers.ts';
import { type Controls, isId, kindOfSlot, type Target } from './controls.ts';
import type { Findings } from './findings.ts';
import { where } from './foreign.ts';
import { inParallel } from './in-parallel.ts';
import type { Markers } from './markers.ts';
import { buildOperation, type Choice } from './operation.ts';
import type { Shape } from './shape.ts';
import type { Values } from './values.ts';

export interface LowerCaller {
  readonly who: string;
  readonly role: 'MEMBER' | 'ADMIN';
  readonly scopes: readonly string[];
}

export interface LowerOptions {
  readonly target: Target;
  readonly shapes: readonly Shape[];
  readonly values: Values;
  readonly caller: LowerCaller;
  /** Of those who may do all of it. */
  readonly owner: Controls;
  readonly references: readonly Reference[];
  /** What this caller may not see. */
  readonly hidden: Markers;
  readonly records: () => Promise<string>;
  readonly findings: Findings;
}

/** What is open to more than an ADMIN with the scope `admin`; a field that is not named here is expected to be closed. */
const opened: Readonly<Record<string, 'CALLER' | 'generate'>> = {
  'Query.viewer': 'CALLER',
  'Query.models': 'CALLER',
  'Query.node': 'CALLER',
  'Query.generation': 'CALLER',
  'Query.batch': 'CALLER',
  'Query.estimate': 'generate',
  'Mutation.generate': 'generate',
  'Mutation.startGeneration': 'generate',
  'Mutation.cancelGeneration': 'CALLER',
  'Mutation.batchGenerate': 'generate',
  'Mutation.startBatch': 'generate',
  'Mutation.cancelBatch': 'CALLER',
  'Mutation.createClientToken': 'generate',
  'Subscription.generateStream': 'generate',
  'Subscription.generationEvents': 'CALLER',
  'Subscription.batchEvents': 'CALLER',
};

const refusals: ReadonlySet<unknown> = new Set(['FORBIDDEN', 'INSUFFICIENT_SCOPE']);
const isRefusal = ({ errors }: Outcome): boolean =>
  errors.length > 0 && errors.every(({ extensions }) => refusals.has(extensions['code']));

export async function checkLower(options: LowerOptions): Promise<void> {
  const { target, shapes, values, caller, owner, references, hidden, records, findings } = options;
  const { who, role, scopes } = caller;

  function isOpen(shape: Shape): boolean {
    const need = opened[shape.coordinate] ?? 'admin';
    if (need === 'CALLER') return true;
    if (!scopes.includes(need)) return false;
    return need === 'generate' || (role === 'ADMIN' && owner.ownerOf(shape) !== 'operator');
  }

  async function ask(shape: Shape, choices: readonly Choice[]): Promise<void> {
    const outcome = await target.ask(who, buildOperation(shape, choices, values));
    const sent = choices.map(({ value }) => String(value));
    // Who is not let in at all proves nothing.
    const status = outcome.status ?? 0;
    if (status === 401 || status === 429)
      findings.add(shape.coordinate, `${who} is answered ${status}: ${outcome.text}`);
    const shown = hidden.findIn(outcome.text, sent).slice(0, 5).join(', ');
    if (shown !== '') findings.add(where(shape, choices), `shows ${who} what it may not see: ${shown}`);
    if (isOpen(shape) || isRefusal(outcome)) return;
    findings.add(
      where(shape, choices),
      `is not refused to ${who}. If it is meant to be open to others than ADMINs with the scope admin, say so in \`opened\` (test/support/isolation/lower.ts). The answer: ${outcome.text.slice(0, 300)}`,
    );
  }

  for (const shape of shapes) {
    const own = await owner.choicesFor(shape);
    const before = isOpen(shape) ? undefined : await records();
    await ask(shape, own);
    // What is closed is refused before it looks at any id; what administers is given no id that others need.
    const isSafe = shape.kind !== 'mutation' || shape.coordinate in opened;
    await inParallel(isOpen(shape) && isSafe ? shape.slots.filter(isId) : [], async (slot) => {
      const others = own.filter((choice) => choice.slot !== slot);
      const fitting = references.filter(({ kind }) => kind === kindOfSlot(slot));
      for (const { value } of fitting) await ask(shape, [...others, { slot, value }]);
    });
    if (before !== undefined && (await records()) !== before) {
      findings.add(shape.coordinate, `${who} changed records with it`);
    }
  }
}
