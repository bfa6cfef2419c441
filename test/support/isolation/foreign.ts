// As a caller of another organization, with all rights it can have there: ids of the first one in every place that takes
// an id, one at a time, must do what ids do that do not exist; every other value of every place must show nothing of it.

import { getNamedType } from 'graphql';
import type { EveryTransport, Outcome } from '../every-transport.ts';
import { comparable, differenceOf, type Reference, unknownLike } from './answers.ts';
import { type Controls, isId, kindOfSlot, type Target } from './controls.ts';
import type { Findings } from './findings.ts';
import { inParallel } from './in-parallel.ts';
import type { Markers } from './markers.ts';
import { buildOperation, type Choice } from './operation.ts';
import { ofOneRequest } from './samples.ts';
import { isTriedIn, type Shape, type Slot } from './shape.ts';
import type { Values } from './values.ts';

export interface ForeignOptions {
  readonly target: Target;
  readonly shapes: readonly Shape[];
  readonly values: Values;
  readonly intruder: string;
  /** Of the intruder's own organization. */
  readonly own: Controls;
  /** What the first organization's things go by. */
  readonly references: readonly Reference[];
  readonly markers: Markers;
  /** Everything kept about the first organization. */
  readonly records: () => Promise<string>;
  readonly findings: Findings;
}

const namesSomething =
  /^(?:name|principal|user|subject|issuer|organization|project|key)|(?:Key|Name|Contains|By|Principal)$/;
const isName = ({ coordinate, name, type }: Slot): boolean =>
  getNamedType(type).name === 'String' && namesSomething.test(name) && !ofOneRequest.has(coordinate);

export async function checkForeign(options: ForeignOptions): Promise<void> {
  const { target, shapes, values, intruder, own, references, markers, records, findings } = options;
  const answering = shapes.filter((shape) => own.ownerOf(shape) !== undefined);

  async function ask(
    shape: Shape,
    choices: readonly Choice[],
    sent: readonly string[],
    transport?: EveryTransport,
  ): Promise<Outcome> {
    const outcome = await target.ask(intruder, buildOperation(shape, choices, values), transport);
    const leaked = markers.findIn(outcome.text, sent);
    if (leaked.length > 0) {
      findings.add(where(shape, choices), `shows another organization's ${leaked.slice(0, 5).join(', ')}`);
    }
    return outcome;
  }

  async function tryReference(shape: Shape, slot: Slot, value: string, transport: EveryTransport): Promise<void> {
    const unknown = unknownLike(value);
    const sent = [value, unknown];
    const answers: string[] = [];
    for (const one of sent) {
      const choices = [...(await own.choicesFor(shape, slot)), { slot, value: one }];
      answers.push(comparable(await ask(shape, choices, sent, transport), sent, isId(slot)));
    }
    const [known = '', other = ''] = answers;
    if (known === other) return;
    findings.add(
      `${where(shape, [{ slot, value }])}`,
      `an id of another organization is answered otherwise than one that does not exist: ${differenceOf(known, other)}`,
    );
  }

  async function trySlot(shape: Shape, slot: Slot): Promise<void> {
    const isTelling = isId(slot) || isName(slot);
    if (!isTriedIn(shape, answering, slot, isTelling)) return;
    const fitting = references.filter(({ kind }) => kind === kindOfSlot(slot));
    for (const { value } of isTelling ? fitting : []) {
      for (const transport of target.transportsOf(shape)) await tryReference(shape, slot, value, transport);
    }
    for (const value of isId(slot) ? [] : values.candidatesOf(slot.type, slot.coordinate)) {
      await ask(shape, [...(await own.choicesFor(shape, slot)), { slot, value }], []);
    }
  }

  let before = await records();
  for (const shape of shapes) {
    await ask(shape, await own.choicesFor(shape), []);
    await inParallel(shape.slots, (slot) => trySlot(shape, slot));
    const after = await records();
    if (after !== before) {
      const difference = differenceOf(after, before);
      findings.add(shape.coordinate, `a caller of another organization changed records with it: ${difference}`);
    }
    before = after;
  }
}

export const where = (shape: Shape, choices: readonly Choice[]): string =>
  `${shape.coordinate}${choices
    .filter(({ slot }) => !(slot.isRequired && choices.length > 1))
    .map(({ slot, value }) => ` with ${[...slot.at.slice(1), ...slot.path].join('.')} = ${JSON.stringify(value)}`)
    .join('')}`;
