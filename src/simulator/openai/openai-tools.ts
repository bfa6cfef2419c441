// Reads tools, tool choice and response format of a chat completions body, strict mode's demands on schemas included.

import type { ViewFormat, ViewMessage, ViewTool, ViewToolChoice } from '../chat-view.ts';
import { isRecord } from '../json-record.ts';
import type { Json, JsonRecord } from '../types.ts';
import { invalidRequest } from './openai-errors.ts';
import { readName, wrongType } from './openai-values.ts';

/** @throws WireError 400 */
export function readTools(value: Json | undefined): readonly ViewTool[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrongType('tools', 'an array of objects', value);
  if (value.length === 0) {
    throw invalidRequest("Invalid 'tools': empty array.", 'tools', 'empty_array');
  }
  return value.map((tool: Json, index) => {
    const at = `tools[${index}].function`;
    const wanted = isRecord(tool) && tool['type'] === 'function' ? tool['function'] : undefined;
    if (!isRecord(wanted))
      throw invalidRequest(`Missing required parameter: '${at}'.`, at, 'missing_required_parameter');
    const name = readName(wanted['name'], `${at}.name`);
    const parameters = wanted['parameters'] ?? {};
    if (!isRecord(parameters)) throw wrongType(`${at}.parameters`, 'an object', parameters);
    const type = parameters['type'];
    if (type !== undefined && type !== 'object') {
      throw invalidRequest(
        `Invalid schema for function '${name}': schema must be a JSON Schema of 'type: "object"', got 'type: ${JSON.stringify(type)}'.`,
        `${at}.parameters`,
        'invalid_function_parameters',
      );
    }
    if (wanted['strict'] === true) refuseLoose(parameters, `function '${name}'`, `${at}.parameters`);
    const description = wanted['description'];
    return { name, description: typeof description === 'string' ? description : '', parameters };
  });
}

/** @throws WireError 400 */
export function readToolChoice(value: Json | undefined, tools: readonly ViewTool[]): ViewToolChoice {
  if (value === undefined || value === null) return { mode: tools.length === 0 ? 'none' : 'auto' };
  if (value === 'none' || value === 'auto' || value === 'required') {
    if (tools.length === 0 && value !== 'none') {
      throw invalidRequest(
        "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
        'tool_choice',
      );
    }
    return { mode: value };
  }
  const wanted = isRecord(value) && value['type'] === 'function' ? value['function'] : undefined;
  const name = isRecord(wanted) ? wanted['name'] : undefined;
  if (typeof name !== 'string' || !tools.some((tool) => tool.name === name)) {
    throw invalidRequest(
      `Invalid value for 'tool_choice': no function named ${JSON.stringify(name ?? null)} was specified in the 'tools' parameter.`,
      'tool_choice',
    );
  }
  return { mode: 'named', name };
}

/** @throws WireError 400 */
export function readFormat(value: Json | undefined, messages: readonly ViewMessage[]): ViewFormat {
  if (value === undefined || value === null) return { type: 'text' };
  const type = isRecord(value) ? value['type'] : undefined;
  if (type === 'text') return { type };
  if (type === 'json_object') {
    if (!messages.some((message) => /json/i.test(message.text))) {
      throw invalidRequest(
        "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
        'messages',
      );
    }
    return { type };
  }
  if (!isRecord(value) || type !== 'json_schema') {
    throw invalidRequest(
      "Invalid value for 'response_format.type'. Supported values are: 'json_object', 'json_schema', and 'text'.",
      'response_format.type',
      'invalid_value',
    );
  }
  const wrapper = value['json_schema'];
  const at = 'response_format.json_schema';
  if (!isRecord(wrapper))
    throw invalidRequest(`Missing required parameter: '${at}'.`, at, 'missing_required_parameter');
  const name = readName(wrapper['name'], `${at}.name`);
  const schema = wrapper['schema'] ?? {};
  if (!isRecord(schema)) throw wrongType(`${at}.schema`, 'an object', schema);
  if (wrapper['strict'] === true) refuseLoose(schema, `response_format '${name}'`, 'response_format');
  return { type, schema };
}

/** What strict mode asks of a schema: its root an object, and every object closed with all its properties required. */
function refuseLoose(schema: JsonRecord, of: string, param: string): void {
  const refuse = (context: string, problem: string) =>
    invalidRequest(`Invalid schema for ${of}: In context=(${context}), ${problem}`, param, 'invalid_json_schema');
  if (schema['type'] !== 'object') throw refuse('', `schema must be a JSON Schema of 'type: "object"'.`);
  const visit = (value: Json | undefined, context: string): void => {
    if (Array.isArray(value)) {
      for (const item of value as readonly Json[]) visit(item, context);
      return;
    }
    if (!isRecord(value)) return;
    const properties = value['properties'];
    if (value['type'] === 'object') {
      if (value['additionalProperties'] !== false) {
        throw refuse(context, "'additionalProperties' is required to be supplied and to be false.");
      }
      const required = Array.isArray(value['required']) ? value['required'] : [];
      const missing = Object.keys(isRecord(properties) ? properties : {}).find((name) => !required.includes(name));
      if (missing !== undefined) {
        throw refuse(
          context,
          `'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`,
        );
      }
    }
    for (const key of ['properties', '$defs', 'definitions']) {
      const members = value[key];
      if (!isRecord(members)) continue;
      for (const [name, member] of Object.entries(members)) visit(member, `'${key}', '${name}'`);
    }
    for (const key of ['items', 'anyOf']) visit(value[key], `'${key}'`);
  };
  visit(schema, '');
}
