// Reads tools, tool choice and the output format of a Messages body.

import type { ViewFormat, ViewTool, ViewToolChoice } from '../chat-view.ts';
import { isRecord } from '../json-record.ts';
import type { Json, JsonRecord } from '../types.ts';
import { invalid, invalidRequest } from './anthropic-errors.ts';
import { refuseSchema } from './anthropic-schema.ts';
import { readFlag, readList, readOption, readRecord, readText, refuseExtra } from './anthropic-values.ts';
import type { CacheMarks } from './cache-marks.ts';

const TOOL_FIELDS =
  'name description input_schema type cache_control strict defer_loading allowed_callers eager_input_streaming input_examples'.split(
    ' ',
  );
const NAME = /^[a-zA-Z0-9_-]{1,128}$/;
const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const;

/** @throws Refused */
export function readTools(value: Json | undefined, marks: CacheMarks): readonly ViewTool[] {
  if (value === undefined) return [];
  const tools = readList(value, 'tools').map((item, index) => readTool(item, `tools.${index}`, marks));
  if (new Set(tools.map((tool) => tool.name)).size < tools.length) {
    throw invalid('tools', 'Tool names must be unique.');
  }
  return tools;
}

function readTool(item: Json, at: string, marks: CacheMarks): ViewTool {
  const tool = readRecord(item, at);
  const type = tool['type'] ?? 'custom';
  if (type !== 'custom') throw invalid(`${at}.type`, 'Only tools of the client are offered here');
  const here = `${at}.custom`;
  refuseExtra(tool, TOOL_FIELDS, here);
  const name = readText(tool['name'], `${here}.name`);
  if (!NAME.test(name)) throw invalid(`${here}.name`, "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
  const parameters = readRecord(tool['input_schema'], `${here}.input_schema`);
  readOption(parameters['type'], ['object'], `${here}.input_schema.type`);
  if (['oneOf', 'allOf', 'anyOf'].some((key) => parameters[key] !== undefined)) {
    throw invalid(`${here}.input_schema`, 'input_schema does not support oneOf, allOf, or anyOf at the top level');
  }
  if (readFlag(tool['strict'], false, `${here}.strict`)) refuseSchema(parameters, here);
  marks.read(tool['cache_control'], `${here}.cache_control`);
  const description = tool['description'] === undefined ? '' : readText(tool['description'], `${here}.description`);
  return { name, description, parameters };
}

export interface Choice {
  readonly toolChoice: ViewToolChoice;
  readonly parallelToolCalls: boolean;
}

/** @throws Refused */
export function readToolChoice(value: Json | undefined, tools: readonly ViewTool[]): Choice {
  if (value === undefined) {
    return { toolChoice: { mode: tools.length === 0 ? 'none' : 'auto' }, parallelToolCalls: true };
  }
  const choice = readRecord(value, 'tool_choice');
  const type = readOption(choice['type'], ['auto', 'any', 'tool', 'none'], 'tool_choice.type');
  const at = `tool_choice.${type}`;
  const more = type === 'none' ? [] : ['disable_parallel_tool_use'];
  refuseExtra(choice, ['type', ...more, ...(type === 'tool' ? ['name'] : [])], at);
  if (tools.length === 0 && type !== 'none') {
    throw invalidRequest('tool_choice may only be specified while providing tools.');
  }
  const alone = readFlag(choice['disable_parallel_tool_use'], false, `${at}.disable_parallel_tool_use`);
  const parallelToolCalls = !alone;
  if (type !== 'tool') {
    return { toolChoice: { mode: type === 'any' ? 'required' : type }, parallelToolCalls };
  }
  const name = readText(choice['name'], `${at}.name`);
  if (!tools.some((tool) => tool.name === name)) throw invalidRequest(`Tool '${name}' not found in provided tools`);
  return { toolChoice: { mode: 'named', name }, parallelToolCalls };
}

/** @throws Refused */
export function readOutputConfig(value: Json | undefined): ViewFormat {
  if (value === undefined) return { type: 'text' };
  const config = readRecord(value, 'output_config');
  refuseExtra(config, ['effort', 'format'], 'output_config');
  if ((config['effort'] ?? undefined) !== undefined) readOption(config['effort'], EFFORTS, 'output_config.effort');
  const format = config['format'] ?? undefined;
  if (format === undefined) return { type: 'text' };
  return { type: 'json_schema', schema: readFormat(readRecord(format, 'output_config.format')) };
}

function readFormat(format: JsonRecord): JsonRecord {
  const at = 'output_config.format';
  readOption(format['type'], ['json_schema'], `${at}.type`);
  refuseExtra(format, ['type', 'schema'], at);
  const schema = readRecord(format['schema'], `${at}.schema`);
  if (!isRecord(schema) || Object.keys(schema).length === 0) throw invalid(`${at}.schema`, 'Schema must not be empty');
  refuseSchema(schema, `${at}.schema`);
  return schema;
}
