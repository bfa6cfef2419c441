// The positive control: for each root field of the schema a way in which its owner gets data out of it, with ids of its
// own, found by trying what earlier answers held. A field that gives its owner nothing proves nothing about others.

import { type GraphQLSchema, getNamedType } from 'graphql';
import type { EveryTransport, Outcome } from '../every-transport.ts';
import { kindOf, type Reading, type Reference, type ReferenceKind, readAnswer } from './answers.ts';
import type { Findings } from './findings.ts';
import { inParallel } from './in-parallel.ts';
import { buildOperation, type Choice, type Operation } from './operation.ts';
import { further, notTaken, ofOneRequest } from './samples.ts';
import { isTriedIn, type Shape, type Slot } from './shape.ts';
import type { Values } from './values.ts';

/** Whatever answers operations of this schema. */
export interface Target {
  readonly schema: GraphQLSchema;
  /** `transport`: for those that can take several. */
  ask(who: string, operation: Operation, transport?: EveryTransport): Promise<Outcome>;
  /** The first is what is used unless another is named. */
  transportsOf(shape: Shape): readonly EveryTransport[];
}

export interface ControlsOptions {
  readonly target: Target;
  readonly shapes: readonly Shape[];
  readonly values: Values;
  /** Who is tried, the one with the least rights first. */
  readonly owners: readonly string[];
  /** Records that are there already. */
  readonly seeds: readonly Reference[];
  readonly findings: Findings;
}

/** How the owner gets data: with which kinds of ids, made anew each time or standing. */
interface Recipe {
  readonly who: string;
  readonly parts: readonly Part[];
}

type Part = { readonly slot: Slot; readonly coordinate: string } & (
  | { readonly how: 'MADE' }
  | { readonly how: 'STANDING'; readonly value: string }
);

export interface Controls {
  /** Finds the recipes; those that could not be found are findings. */
  run(): Promise<void>;
  /** Tries every place that need not be given. */
  runOptional(): Promise<void>;
  /** Who got data from it. */
  ownerOf(shape: Shape): string | undefined;
  /** Ids of one's own for what must be given, but for one place. */
  choicesFor(shape: Shape, besides?: Slot): Promise<readonly Choice[]>;
  /** All that was found in answers. */
  readonly references: readonly Reference[];
  /** Output fields that had a value for their owner. */
  readonly seen: ReadonlySet<string>;
}

/** They end what they are given: never what others need. */
const ends = /^(?:delete|remove|revoke|disable|set|rotate|cancel|stop|end)/;
/** Of one field of the schema. */
const mostTried = 4;

/** Takes an id, or a cursor: of that type, or a text that is called so. */
export const isId = (slot: Slot): boolean => !ofOneRequest.has(slot.coordinate) && kindOfSlot(slot) !== 'NAME';

export const kindOfSlot = ({ name, type }: Slot): ReferenceKind => kindOf(name, getNamedType(type).name);

export function createControls(options: ControlsOptions): Controls {
  const { target, shapes, values, owners, seeds, findings } = options;
  const standing = new Map<string, string[]>();
  const known = new Map<string, Reference>();
  const kinds = new Map<string, ReferenceKind>();
  const makers = new Map<string, Shape>();
  const recipes = new Map<Shape, Recipe>();
  const seen = new Set<string>();
  const lastRefusals = new Map<Shape, string>();

  function keep(reference: Reference): boolean {
    const { coordinate, value, kind } = reference;
    const key = `${coordinate} ${value}`;
    if (known.has(key)) return false;
    known.set(key, reference);
    kinds.set(coordinate, kind);
    const values = standing.get(coordinate) ?? [];
    values.push(value);
    standing.set(coordinate, values);
    return true;
  }
  for (const seed of seeds) keep(seed);

  async function ask(who: string, shape: Shape, choices: readonly Choice[]): Promise<Reading> {
    const outcome = await target.ask(who, buildOperation(shape, choices, values));
    const reading = readAnswer(target.schema, shape, outcome);
    if (outcome.errors.length === 0) for (const field of reading.seen) seen.add(field);
    if (!reading.hasData && who === owners[0]) lastRefusals.set(shape, outcome.text.slice(0, 600));
    return reading;
  }

  function absorb(shape: Shape, reading: Reading): readonly Reference[] {
    const fresh = reading.references.filter(keep);
    if (shape.kind === 'mutation') {
      for (const { coordinate } of fresh) if (!makers.has(coordinate)) makers.set(coordinate, shape);
    }
    return fresh;
  }

  async function make(coordinate: string): Promise<string | undefined> {
    const maker = makers.get(coordinate);
    const recipe = maker && recipes.get(maker);
    if (maker === undefined || recipe === undefined) return undefined;
    const choices = await instantiate(recipe.parts);
    const fresh = absorb(maker, await ask(recipe.who, maker, choices));
    return fresh.find((one) => one.coordinate === coordinate)?.value;
  }

  async function instantiate(parts: readonly Part[]): Promise<readonly Choice[]> {
    const choices: Choice[] = [];
    for (const part of parts) {
      const value = part.how === 'STANDING' ? part.value : await make(part.coordinate);
      if (value !== undefined) choices.push({ slot: part.slot, value });
    }
    return choices;
  }

  /** Kinds of ids that may fit, the likeliest first. */
  function coordinatesFor(shape: Shape, slot: Slot): readonly string[] {
    const wanted = wordsOf(`${slot.coordinate} ${shape.root.field.name} ${slot.at.at(-1)}`);
    const closeness = (coordinate: string): number => {
      const own = wordsOf(slot.name.replace(/Ids?$/, ''));
      const offered = wordsOf(coordinate);
      return [...offered].filter((word) => wanted.has(word)).length + 3 * [...own].filter((w) => offered.has(w)).length;
    };
    return [...standing.keys()]
      .filter((coordinate) => kinds.get(coordinate) === kindOfSlot(slot))
      .sort((one, other) => closeness(other) - closeness(one));
  }

  function partsFor(shape: Shape, slot: Slot): readonly Part[] {
    const coordinates = coordinatesFor(shape, slot);
    const isMutation = shape.kind === 'mutation';
    const made = isMutation ? coordinates.filter((coordinate) => makers.has(coordinate)) : [];
    const mayStand = !(isMutation && ends.test(shape.root.field.name));
    return [
      ...made.map((coordinate): Part => ({ slot, coordinate, how: 'MADE' })),
      ...(mayStand ? coordinates : []).flatMap((coordinate) =>
        (standing.get(coordinate) ?? [])
          .slice(0, mostTried)
          .map((value): Part => ({ slot, coordinate, how: 'STANDING', value })),
      ),
    ];
  }

  async function find(shape: Shape): Promise<Recipe | undefined> {
    const ids = shape.slots.filter((slot) => slot.isRequired && isId(slot));
    for (const who of owners) {
      for (const parts of combinations(ids.map((slot) => partsFor(shape, slot)))) {
        const choices = await instantiate(parts);
        if (choices.length < parts.length) continue;
        const reading = await ask(who, shape, choices);
        if (!reading.hasData) continue;
        absorb(shape, reading);
        if (!recipes.has(shape)) recipes.set(shape, { who, parts });
        // One id of each kind that a query takes: what it shows of each is to be seen.
        if (shape.kind !== 'query') break;
      }
      if (recipes.has(shape)) break;
    }
    return recipes.get(shape);
  }

  async function tryOptional(shape: Shape, slot: Slot): Promise<boolean> {
    const recipe = recipes.get(shape);
    if (recipe === undefined) return true;
    const made =
      isId(slot) && !values.hasSample(slot.coordinate) ? [] : values.candidatesOf(slot.type, slot.coordinate);
    const isText = ['ID', 'String'].includes(getNamedType(slot.type).name);
    const known = isText && !values.hasSample(slot.coordinate) ? coordinatesFor(shape, slot) : [];
    const found = known.flatMap((coordinate) => (standing.get(coordinate) ?? []).slice(0, mostTried));
    const whos = owners.slice(owners.indexOf(recipe.who));
    let hadData = false;
    for (const [at, value] of [...made, ...found].entries()) {
      for (const who of whos) {
        if (hadData && (at >= made.length || who !== recipe.who)) break;
        const choices = [...(await instantiate(recipe.parts)), { slot, value }];
        hadData = (await ask(who, shape, choices)).hasDataAt(slot.at) || hadData;
      }
    }
    return hadData;
  }

  return {
    seen,
    get references() {
      return [...known.values()];
    },
    ownerOf: (shape) => recipes.get(shape)?.who,
    choicesFor: (shape, besides) => instantiate(recipes.get(shape)?.parts.filter(({ slot }) => slot !== besides) ?? []),
    async run() {
      // What only makes things comes first, then what needs one that was made.
      let pending = [...shapes].sort((one, other) => rank(one) - rank(other));
      for (;;) {
        const before = pending.length;
        const left: Shape[] = [];
        for (const shape of pending) if ((await find(shape)) === undefined) left.push(shape);
        pending = left;
        if (pending.length === 0 || pending.length === before) break;
      }
      for (const shape of pending) {
        findings.add(
          shape.coordinate,
          `its owner gets no data, so nothing can be told of others. Seed a record it can show in test/support/isolation/world.ts, or add a sample of its input to samples.ts. The last answer: ${lastRefusals.get(shape)}`,
        );
      }
    },
    async runOptional() {
      for (const shape of shapes) {
        const optional = shape.slots.filter((slot) => {
          const isTelling = isId(slot) || slot.coordinate in further;
          return !slot.isRequired && isTriedIn(shape, [...recipes.keys()], slot, isTelling);
        });
        await inParallel(optional, async (slot) => {
          if ((await tryOptional(shape, slot)) || notTaken.has(`${shape.coordinate} ${slot.coordinate}`)) return;
          findings.add(
            slot.coordinate,
            `no value for it gave its owner data (in ${shape.coordinate}): add a sample of it to test/support/isolation/samples.ts. The last answer: ${lastRefusals.get(shape)}`,
          );
        });
      }
    },
  };
}

const rank = ({ kind, root, slots }: Shape): number =>
  (kind === 'query' ? 0 : kind === 'subscription' ? 1 : ends.test(root.field.name) ? 100 : 10) +
  slots.filter((slot) => slot.isRequired && isId(slot)).length;

const wordsOf = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
      .toLowerCase()
      .match(/[a-z]+/g) ?? [],
  );

/** One of each list; the first ones first. */
function* combinations<Item>(lists: readonly (readonly Item[])[]): Generator<readonly Item[]> {
  const [first, ...rest] = lists;
  if (first === undefined) return yield [];
  for (const item of first) for (const others of combinations(rest)) yield [item, ...others];
}
