// The test of tenant isolation, tested: a field, an argument or an answer that gives one organization away is found
// without a word about it anywhere, and one that proves nothing is reported.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { buildSchema, type FormattedExecutionResult, graphql } from 'graphql';
import { newGenerationId } from '../../src/core/ids.ts';
import { type Check, createCheck, type LowerTenant, type Tenant, type World } from '../support/isolation/check.ts';
import { shapesOf } from '../support/isolation/shape.ts';

interface Note {
  readonly id: string;
  readonly word: string;
  text: string;
}
interface Asker {
  readonly who: string;
  readonly word: string;
}
type Arguments = Readonly<Record<string, unknown>> & { readonly id?: string };
interface Notes {
  readonly all: Map<string, Note>;
  own(asker: Asker): Note[];
  find(asker: Asker, id: unknown): Note | undefined;
}
type Resolver = (notes: Notes, args: Arguments, asker: Asker) => unknown;

const schemaText = readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8');
const askers: Readonly<Record<string, Asker>> = {
  'amber-admin': { who: 'amber-admin', word: 'amber' },
  'amber-member': { who: 'amber-member', word: 'amber' },
  'birch-admin': { who: 'birch-admin', word: 'birch' },
};
const nothing = (code: string): never => {
  throw Object.assign(new Error(`This is ${code}.`), { extensions: { code } });
};
const adminOnly =
  (resolve: Resolver): Resolver =>
  (notes, args, asker) =>
    asker.who.endsWith('-admin') ? resolve(notes, args, asker) : nothing('FORBIDDEN');

/** The schema as it is, with notes that are done right. */
const notesText = `
  type Note { id: ID! text: String! }
  input AddNoteInput { text: String! }
  input DropNoteInput { id: ID! }
  extend type Query { note(id: ID!): Note notes(limit: Int): [Note!]! }
  extend type Mutation { addNote(input: AddNoteInput!): Note dropNote(input: DropNoteInput!): Note }
`;
const right: Readonly<Record<string, Resolver>> = {
  note: adminOnly((notes, { id }, asker) => notes.find(asker, id) ?? nothing('NOT_FOUND')),
  notes: adminOnly((notes, _args, asker) => notes.own(asker)),
  addNote: adminOnly((notes, { input }, { word }) => {
    const note = { id: newGenerationId(1_000), word, text: `${word} ${(input as { text: string }).text}` };
    notes.all.set(note.id, note);
    return note;
  }),
  dropNote: adminOnly((notes, { input }, asker) => {
    const note = notes.find(asker, (input as { id: string }).id) ?? nothing('NOT_FOUND');
    notes.all.delete(note.id);
    return note;
  }),
};

interface Extension {
  readonly text?: string;
  readonly resolvers?: Readonly<Record<string, Resolver>>;
}

function checkOf({ text = '', resolvers = {} }: Extension): { check: Check; member: LowerTenant } {
  const schema = buildSchema(`${schemaText}${notesText}${text}`);
  const all = new Map<string, Note>();
  const notes: Notes = {
    all,
    own: ({ word }) => [...all.values()].filter((note) => note.word === word),
    find: (asker, id) => notes.own(asker).find((note) => note.id === id),
  };
  for (const word of ['amber', 'birch']) {
    const id = newGenerationId(1_000);
    all.set(id, { id, word, text: `${word}-text` });
  }
  const answers = { ...right, ...resolvers };
  const rootValue = Object.fromEntries(
    Object.entries(answers).map(([name, resolve]) => [
      name,
      (args: Arguments, asker: Asker) => resolve(notes, args, asker),
    ]),
  );
  let count = 0;
  const tenant = (word: string): Tenant => ({
    word,
    owners: [`${word}-admin`],
    seeds: [],
    running: [],
    context: { word, nowMs: 0, unique: () => `${word}-sample-${++count}`, stream: { key: '', cursor: '' } },
  });
  const member: LowerTenant = { who: 'amber-member', role: 'MEMBER', scopes: ['generate'], maySee: () => false };
  const world: World = {
    schema,
    first: tenant('amber'),
    second: tenant('birch'),
    lower: [member],
    records: async () => JSON.stringify([...all.values()].filter(({ word }) => word === 'amber')),
    transportsOf: () => ['POST'],
    async ask(who, { query, variables }) {
      const result = await graphql({
        schema,
        source: query,
        variableValues: variables,
        rootValue,
        contextValue: askers[who],
      });
      const formatted: FormattedExecutionResult = JSON.parse(JSON.stringify(result));
      return {
        status: 200,
        results: [formatted],
        errors: (formatted.errors ?? []) as never,
        text: JSON.stringify(result),
      };
    },
  };
  const shapes = shapesOf(schema, 3).filter(({ root }) => root.field.name in answers);
  return { check: createCheck(world, shapes), member };
}

async function findingsOf(extension: Extension): Promise<string> {
  const { check, member } = checkOf(extension);
  const controls = [...(await check.controls()), ...(await check.optional()), ...check.unseen()];
  return [...controls, ...(await check.foreign()), ...(await check.lower(member))].join('\n');
}

it('notes that are done right are found to be', async () => {
  expect(await findingsOf({})).toBe('');
});

describe('found is', () => {
  it('a field that shows what another organization has', async () => {
    const resolvers = { latest: adminOnly(({ all }) => [...all.values()][0]) };
    expect(await findingsOf({ text: 'extend type Query { latest: Note }', resolvers })).toMatch(
      /^Query\.latest: shows another organization's gen_\w+, amber-text$/,
    );
  });

  it('a field that takes ids of another organization', async () => {
    const resolvers = { anyNote: adminOnly(({ all }, { id = '' }) => all.get(id) ?? nothing('NOT_FOUND')) };
    expect(await findingsOf({ text: 'extend type Query { anyNote(id: ID!): Note }', resolvers })).toMatch(
      /^Query\.anyNote with id = "gen_\w+": shows another organization's amber-text\nQuery\.anyNote .*answered otherwise/,
    );
  });

  it('an argument that reaches further, however deep it stands and whatever its type', async () => {
    const text = `
      input Reach { everybody: Boolean } input Narrow { reach: Reach }
      extend type Note { others(narrow: Narrow): [Note!]! }`;
    const others = (notes: Notes, asker: Asker) => (args: Arguments) =>
      JSON.stringify(args).includes('true') ? [...notes.all.values()] : notes.own(asker);
    const resolvers = {
      notes: adminOnly((notes, _args, asker) =>
        notes.own(asker).map((note) => ({ ...note, others: others(notes, asker) })),
      ),
    };
    const found = await findingsOf({ text, resolvers });
    expect(found).toContain('shows another organization');
  });

  it('an answer that tells what exists', async () => {
    const resolvers = {
      hint: adminOnly(
        (notes, { id = '' }, asker) => notes.find(asker, id) ?? nothing(notes.all.has(id) ? 'FORBIDDEN' : 'NOT_FOUND'),
      ),
    };
    expect(await findingsOf({ text: 'extend type Query { hint(id: ID!): Note }', resolvers })).toMatch(
      /^Query\.hint with id = "gen_\w+": an id of another organization is answered otherwise/,
    );
  });

  it('a change to what another organization has, though nothing is said of it', async () => {
    const resolvers = {
      touchNote: adminOnly((notes, { id = '' }, asker) => {
        const note = notes.all.get(id);
        if (note) note.text = 'changed';
        return notes.find(asker, id) ?? nothing('NOT_FOUND');
      }),
    };
    expect(await findingsOf({ text: 'extend type Mutation { touchNote(id: ID!): Note }', resolvers })).toContain(
      'Mutation.touchNote: a caller of another organization changed records with it',
    );
  });

  it('a field that is open to those who may do less', async () => {
    const resolvers = { secondNote: ((notes, _args, asker) => notes.own(asker)[0]) as Resolver };
    expect(await findingsOf({ text: 'extend type Query { secondNote: Note }', resolvers })).toMatch(
      /^Query\.secondNote: shows amber-member what it may not see: gen_\w+, amber-text\nQuery\.secondNote: is not refused to amber-member\./,
    );
  });
});

describe('reported is', () => {
  it('a field that gives its owner nothing', async () => {
    const resolvers = { lost: adminOnly(() => null), none: adminOnly(() => []) };
    expect(await findingsOf({ text: 'extend type Query { lost: Note none: [Note!]! }', resolvers })).toMatch(
      /^Query\.lost: its owner gets no data.*\nQuery\.none: its owner gets no data/,
    );
  });

  it('an output field without a value, and an input whose made-up value is not taken', async () => {
    const text =
      'extend type Note { author: String } input Dated { day: String } extend type Query { dated(input: Dated): [Note!]! }';
    const resolvers = {
      dated: adminOnly((notes, { input }, asker) => {
        const { day } = (input ?? {}) as { day?: string };
        return day === undefined || day === 'MONDAY' ? notes.own(asker) : nothing('BAD_USER_INPUT');
      }),
    };
    const found = await findingsOf({ text, resolvers });
    expect(found).toMatch(/^Dated\.day: no value for it gave its owner data.*add a sample of it/);
    expect(found).toContain('Note.author');
  });
});
