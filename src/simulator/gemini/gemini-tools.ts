// Reads function declarations and the tool configuration of a generateContent body.

import type { ViewTool, ViewToolChoice } from '../chat-view.ts';
import type { Json, JsonRecord } from '../types.ts';
import { invalid, invalidField } from './gemini-errors.ts';
import { readSchema } from './gemini-schema.ts';
import { readFields, readList, readOption, readStruct, readText } from './gemini-values.ts';

const TOOL_FIELDS =
  'functionDeclarations googleSearch googleSearchRetrieval codeExecution urlContext computerUse fileSearch googleMaps mcpServers'.split(
    ' ',
  );
const DECLARATION_FIELDS =
  'name description behavior parameters parametersJsonSchema response responseJsonSchema'.split(' ');
const NAME = /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/;

/** @throws Refused */
export function readTools(value: Json | undefined): readonly ViewTool[] {
  const tools = readList(value, 'tools').flatMap((item, index) => {
    const fields = readFields(item, TOOL_FIELDS, `tools[${index}]`);
    const [other] = Object.keys(fields).filter((name) => name !== 'functionDeclarations');
    if (other !== undefined) throw invalidField(`tools[${index}]`, `${other} is not offered here.`);
    const at = `tools[${index}].function_declarations`;
    return readList(fields['functionDeclarations'], at).map((one, number) => readTool(one, `${at}[${number}]`));
  });
  const twice = tools.find((tool, index) => tools.findIndex((one) => one.name === tool.name) !== index);
  if (twice !== undefined) throw invalid(`Duplicate function declaration found: ${twice.name}`);
  return tools;
}

function readTool(item: Json, at: string): ViewTool {
  const fields = readFields(item, DECLARATION_FIELDS, at);
  const name = readText(fields['name'], `${at}.name`) ?? '';
  if (!NAME.test(name)) {
    throw invalidField(
      `${at}.name`,
      'Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128.',
    );
  }
  return {
    name,
    description: readText(fields['description'], `${at}.description`) ?? '',
    parameters: readParameters(fields, at),
  };
}

function readParameters(fields: JsonRecord, at: string): JsonRecord {
  const { parameters, parametersJsonSchema } = fields;
  if (parameters !== undefined && parametersJsonSchema !== undefined) {
    throw invalidField(`${at}.parameters`, 'parameters and parameters_json_schema are mutually exclusive.');
  }
  if (parametersJsonSchema !== undefined) {
    const schema = readStruct(parametersJsonSchema, `${at}.parameters_json_schema`);
    if (schema['type'] !== undefined && schema['type'] !== 'object') {
      throw invalidField(`${at}.parameters_json_schema`, 'schema should be of type object.');
    }
    return schema;
  }
  if (parameters === undefined) return {};
  const schema = readSchema(parameters, `${at}.parameters`);
  if (schema['type'] !== 'object') {
    throw invalidField(`${at}.parameters`, 'parameters schema should be of type OBJECT.');
  }
  return schema;
}

export interface Choice {
  readonly toolChoice: ViewToolChoice;
  /** Those that may be called. */
  readonly tools: readonly ViewTool[];
}

/** @throws Refused */
export function readToolConfig(value: Json | undefined, tools: readonly ViewTool[]): Choice {
  const config =
    value === undefined ? {} : readFields(value, ['functionCallingConfig', 'retrievalConfig'], 'tool_config');
  const at = 'tool_config.function_calling_config';
  const calling = config['functionCallingConfig'];
  const usual = { toolChoice: { mode: tools.length === 0 ? 'none' : 'auto' }, tools } as const;
  if (calling === undefined) return usual;
  const fields = readFields(calling, ['mode', 'allowedFunctionNames'], at);
  if (tools.length === 0) throw invalid('Function calling config is set without function_declarations.');
  const modes = ['MODE_UNSPECIFIED', 'AUTO', 'ANY', 'NONE', 'VALIDATED'] as const;
  const mode = readOption(fields['mode'], modes, 'FunctionCallingConfig.Mode', `${at}.mode`);
  const names = readList(fields['allowedFunctionNames'], `${at}.allowed_function_names`).map(
    (name, index) => readText(name, `${at}.allowed_function_names[${index}]`) ?? '',
  );
  if (names.length > 0 && mode !== 'ANY' && mode !== 'VALIDATED') {
    throw invalid('Allowed function names should only be set when function calling mode is ANY.');
  }
  const unknown = names.find((name) => !tools.some((tool) => tool.name === name));
  if (unknown !== undefined) {
    throw invalid(`${at}.allowed_function_names contains a function that is not declared: ${unknown}`);
  }
  if (mode === 'NONE') return { toolChoice: { mode: 'none' }, tools };
  const allowed = names.length === 0 ? tools : tools.filter((tool) => names.includes(tool.name));
  if (mode !== 'ANY') return { ...usual, tools: allowed };
  const [only] = names;
  return names.length === 1 && only !== undefined
    ? { toolChoice: { mode: 'named', name: only }, tools }
    : { toolChoice: { mode: 'required' }, tools: allowed };
}
