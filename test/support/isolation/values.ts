// Values of inputs out of their types; samples only for what a type cannot tell.

import {
  type GraphQLInputType,
  type GraphQLNamedType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';
import { alternatives, further, given, type Sample, type SampleContext, samples, together } from './samples.ts';

export interface Values {
  make(type: GraphQLInputType, coordinate: string): unknown;
  /** What an optional place may be set to, one after the other. */
  candidatesOf(type: GraphQLInputType, coordinate: string): readonly unknown[];
  hasSample(coordinate: string): boolean;
  isAlwaysGiven(coordinate: string): boolean;
  /** Fields that are not given together with this one. */
  rivalsOf(coordinate: string): readonly string[];
  /** The same where these are chosen, with what has to be given together with them. */
  with(coordinates: readonly string[]): Values;
}

export function createValues(context: SampleContext, companions: Readonly<Record<string, Sample>> = {}): Values {
  const valueOfSample = (sample: Sample): unknown => (typeof sample === 'function' ? sample(context) : sample);
  const sampleOf = (coordinate: string): unknown => valueOfSample(companions[coordinate] ?? samples[coordinate]);
  const isGiven = (coordinate: string): boolean => given.has(coordinate) || coordinate in companions;

  function make(type: GraphQLInputType, coordinate: string): unknown {
    if (isNonNullType(type)) return make(type.ofType, coordinate);
    const sample = sampleOf(coordinate);
    if (isListType(type)) {
      if (sample !== undefined) return Array.isArray(sample) ? sample : [sample];
      return [make(type.ofType, coordinate)];
    }
    if (sample !== undefined) return sample;
    if (isInputObjectType(type)) {
      const members = Object.values(type.getFields()).filter((field) => {
        const member = `${type.name}.${field.name}`;
        if (!(member in companions) && rivalsOf(member).some((rival) => `${type.name}.${rival}` in companions))
          return false;
        return isGiven(member) || (isNonNullType(field.type) && field.defaultValue === undefined);
      });
      return Object.fromEntries(members.map(({ name, type: inner }) => [name, make(inner, `${type.name}.${name}`)]));
    }
    return candidatesOf(type, coordinate)[0];
  }

  function candidatesOf(type: GraphQLInputType, coordinate: string): readonly unknown[] {
    const sample = sampleOf(coordinate);
    const others = (further[coordinate] ?? []).map(valueOfSample);
    return [...(sample === undefined ? candidatesOfType(getNamedType(type), context) : [sample]), ...others];
  }

  return {
    make,
    candidatesOf,
    hasSample: (coordinate) => coordinate in samples,
    isAlwaysGiven: isGiven,
    rivalsOf,
    with(coordinates) {
      const found = coordinates.flatMap((coordinate) => Object.entries(together[coordinate] ?? {}));
      return found.length === 0 ? this : createValues(context, Object.fromEntries(found));
    },
  };
}

function rivalsOf(coordinate: string): readonly string[] {
  const [type = '', name = ''] = coordinate.split('.');
  const groups = (alternatives[type] ?? []).filter((group) => group.includes(name));
  return groups.flatMap((group) => group.filter((rival) => rival !== name));
}

function candidatesOfType(type: GraphQLNamedType, { unique, nowMs }: SampleContext): readonly unknown[] {
  if (isEnumType(type)) return type.getValues().map(({ name }) => name);
  switch (type.name) {
    case 'Int':
      return [1];
    case 'Float':
      return [0.5];
    case 'Boolean':
      return [true, false];
    case 'DateTime':
      return [new Date(nowMs + 3_600_000).toISOString(), new Date(nowMs - 3_600_000).toISOString()];
    case 'Decimal':
      return ['1'];
    case 'JSON':
    case 'JSONObject':
      return [{}];
    case 'String':
    case 'ID':
      return [unique()];
    default:
      throw new Error(
        `nothing is known of the scalar ${type.name}: say in candidatesOfType (test/support/isolation/values.ts) what it takes`,
      );
  }
}
