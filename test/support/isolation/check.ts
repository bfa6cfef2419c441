// The whole of it, part by part, for two organizations of one shape: each part gives what it found wrong.

import { idsIn, type Reference } from './answers.ts';
import { type Controls, createControls, type Target } from './controls.ts';
import { createFindings, type Findings } from './findings.ts';
import { checkForeign } from './foreign.ts';
import { checkLower, type LowerCaller } from './lower.ts';
import { createMarkers } from './markers.ts';
import { neverTold, type SampleContext } from './samples.ts';
import { everyField, type Shape } from './shape.ts';
import { createValues, type Values } from './values.ts';

/** One of two organizations. Every text in it holds the word. */
export interface Tenant {
  readonly word: string;
  readonly context: SampleContext;
  /** Who may do all there is to do in it; tried in turn. */
  readonly owners: readonly string[];
  /** What it has before anything is asked. */
  readonly seeds: readonly Reference[];
  /** What only strangers try to touch: it runs on and on. */
  readonly running: readonly Reference[];
}

export interface LowerTenant extends LowerCaller {
  /** What of the organization it may see: whole words and ids. */
  maySee(marker: string): boolean;
}

export interface World extends Target {
  readonly first: Tenant;
  readonly second: Tenant;
  readonly lower: readonly LowerTenant[];
  /** Everything kept about the first organization, as text. */
  records(): Promise<string>;
}

export interface Check {
  controls(): Promise<readonly string[]>;
  optional(): Promise<readonly string[]>;
  unseen(): readonly string[];
  foreign(): Promise<readonly string[]>;
  lower(caller: LowerTenant): Promise<readonly string[]>;
}

export function createCheck(world: World, shapes: readonly Shape[]): Check {
  const { first, second } = world;
  const valuesOfFirst = createValues(first.context);
  const valuesOfSecond = createValues(second.context);
  const controlsOf = ({ owners, seeds }: Tenant, values: Values, findings: Findings): Controls =>
    createControls({ target: world, shapes, values, owners, seeds, findings });
  const findingsOfFirst = createFindings();
  const owner = controlsOf(first, valuesOfFirst, findingsOfFirst);

  const allOfFirst = (): readonly Reference[] => [...first.seeds, ...owner.references];

  const idsOfFirst = async (): Promise<ReadonlySet<string>> =>
    idsIn([...allOfFirst(), ...first.running].map(({ value }) => value).join(' ') + (await world.records()));

  return {
    async controls() {
      await owner.run();
      return findingsOfFirst.all;
    },
    async optional() {
      const before = findingsOfFirst.all.length;
      await owner.runOptional();
      return findingsOfFirst.all.slice(before);
    },
    unseen() {
      const all = new Set(shapes.flatMap(({ root }) => [...everyField(root)].map(({ coordinate }) => coordinate)));
      return [...all].filter((coordinate) => !owner.seen.has(coordinate) && !neverTold.has(coordinate));
    },
    async foreign() {
      const findings = createFindings();
      const own = controlsOf(second, valuesOfSecond, findings);
      await own.run();
      const shared = new Set(own.references.map(({ value }) => value));
      const standing = oneOfEachForm(allOfFirst().filter(({ value }) => !shared.has(value)));
      const references = [...first.running, ...standing];
      const markers = createMarkers(first.word, await idsOfFirst());
      const [intruder = ''] = second.owners;
      const { records } = world;
      await checkForeign({
        target: world,
        shapes,
        values: valuesOfSecond,
        intruder,
        own,
        references,
        markers,
        records,
        findings,
      });
      return findings.all;
    },
    async lower(caller) {
      const findings = createFindings();
      const ids = [...(await idsOfFirst())].filter((id) => !caller.maySee(id));
      const hidden = createMarkers(first.word, new Set(ids), caller.maySee);
      const { records } = world;
      const references = oneOfEachForm(allOfFirst());
      // What it makes itself is not what it may not see.
      const values = createValues({ ...first.context, word: 'lower' });
      await checkLower({
        target: world,
        shapes,
        values,
        caller,
        owner,
        references,
        hidden,
        records,
        findings,
      });
      return findings.all;
    },
  };
}

/** `prj_…`, `project:prj_…` and a cursor that holds one are three forms; names are one by where they stand. */
function oneOfEachForm(references: readonly Reference[]): readonly Reference[] {
  const byForm = new Map<string, Reference>();
  for (const reference of references) {
    const { coordinate, value } = reference;
    const [id] = idsIn(value);
    const form = id === undefined ? coordinate : `${id.slice(0, 4)} ${value.indexOf(id)}`;
    if (!byForm.has(form)) byForm.set(form, reference);
  }
  return [...byForm.values()];
}
