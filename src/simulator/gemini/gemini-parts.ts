// Reads the parts of a content, one by one.

import { type Image, imageFromAddress, imageFromBase64 } from '../images.ts';
import { isRecord } from '../json-record.ts';
import { isSignature } from '../signature.ts';
import type { Json, JsonRecord } from '../types.ts';
import { invalid, invalidField } from './gemini-errors.ts';
import { readFields, readFlag, readStruct, readText } from './gemini-values.ts';

export type Part =
  | { readonly type: 'text'; readonly text: string; readonly thought: boolean }
  | { readonly type: 'image'; readonly image: Image }
  | {
      readonly type: 'call';
      readonly id: string | undefined;
      readonly name: string;
      readonly arguments: string;
      readonly signed: boolean;
    }
  | { readonly type: 'response'; readonly id: string | undefined; readonly name: string; readonly text: string };

/** A part holds exactly one of these. */
const DATA = ['text', 'inlineData', 'fileData', 'functionCall', 'functionResponse'];
const BESIDE = ['thought', 'thoughtSignature', 'mediaResolution', 'videoMetadata', 'partMetadata'];
/** Parts the API has and the simulator has not. */
const OTHERS = ['executableCode', 'codeExecutionResult', 'toolCall', 'toolResponse'];
const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/heic', 'image/heif'];
/** What the documentation names for histories that come from elsewhere. */
const NO_SIGNATURES = ['skip_thought_signature_validator', 'context_engineering_is_the_way_to_go'];

/** @throws Refused */
export function readPart(item: Json, at: string): Part {
  const fields = readFields(item, [...DATA, ...BESIDE, ...OTHERS], at);
  const other = OTHERS.find((name) => fields[name] !== undefined);
  if (other !== undefined) throw invalidField(at, `${other} is not offered here.`);
  const given = DATA.filter((name) => fields[name] !== undefined);
  if (given.length === 0) {
    throw invalidField(`${at}.data`, "required oneof field 'data' must have one initialized field");
  }
  if (given.length > 1) {
    throw invalid(`Invalid value at '${at}' (oneof), oneof field 'data' is already set. Cannot set '${given[1]}'`, at);
  }
  const signed = readSignature(fields['thoughtSignature'], `${at}.thought_signature`);
  switch (given[0]) {
    case 'inlineData':
      return { type: 'image', image: readInlineData(fields['inlineData'], `${at}.inline_data`) };
    case 'fileData':
      return { type: 'image', image: readFileData(fields['fileData'], `${at}.file_data`) };
    case 'functionCall':
      return readCall(fields['functionCall'], `${at}.function_call`, signed);
    case 'functionResponse':
      return readResponse(fields['functionResponse'], `${at}.function_response`);
    default:
      return {
        type: 'text',
        text: readText(fields['text'], `${at}.text`) ?? '',
        thought: readFlag(fields['thought'], `${at}.thought`) ?? false,
      };
  }
}

function readSignature(value: Json | undefined, at: string): boolean {
  const signature = readText(value, at);
  if (signature === undefined) return false;
  if (!NO_SIGNATURES.includes(signature) && !isSignature(signature)) throw invalid('Thought signature is not valid.');
  return true;
}

function readCall(value: Json | undefined, at: string, signed: boolean): Part {
  const call = readFields(value, ['id', 'name', 'args'], at);
  const args = JSON.stringify(readStruct(call['args'], `${at}.args`));
  return { type: 'call', ...readNamed(call, at), arguments: args, signed };
}

/** What stands under `output` is the result; without it, all of the response is. */
function readResponse(value: Json | undefined, at: string): Part {
  const fields = readFields(value, ['id', 'name', 'response', 'parts', 'scheduling', 'willContinue'], at);
  const response = readStruct(fields['response'], `${at}.response`);
  const output = response['output'] ?? response['error'] ?? response;
  return {
    type: 'response',
    ...readNamed(fields, at),
    text: typeof output === 'string' ? output : JSON.stringify(output),
  };
}

function readNamed(fields: JsonRecord, at: string) {
  const id = readText(fields['id'], `${at}.id`);
  const name = readText(fields['name'], `${at}.name`) ?? '';
  if (name === '') throw invalidField(`${at}.name`, 'Name cannot be empty.');
  return { id: id === '' ? undefined : id, name };
}

function readInlineData(value: Json | undefined, at: string): Image {
  const blob = readFields(value, ['mimeType', 'data', 'displayName'], at);
  const mediaType = readMediaType(blob, at);
  const data = readText(blob['data'], `${at}.data`) ?? '';
  // Both alphabets of base64 are read, as Google's parser does.
  const image = imageFromBase64(mediaType, data.replaceAll('-', '+').replaceAll('_', '/'));
  if (image !== undefined) return image;
  throw invalid(`Invalid value at '${at}.data' (TYPE_BYTES), Base64 decoding failed`, `${at}.data`);
}

function readFileData(value: Json | undefined, at: string): Image {
  const file = readFields(value, ['mimeType', 'fileUri', 'displayName'], at);
  if (file['mimeType'] !== undefined) readMediaType(file, at);
  const image = imageFromAddress(readText(file['fileUri'], `${at}.file_uri`) ?? '');
  if (image !== undefined) return image;
  throw invalid('Unsupported file URI type. Provide the URI of an uploaded file, or a public http(s) address.');
}

function readMediaType(fields: JsonRecord, at: string): string {
  const mediaType = readText(fields['mimeType'], `${at}.mime_type`) ?? '';
  if (!IMAGE_TYPES.includes(mediaType)) throw invalid(`Unsupported MIME type: ${mediaType}`);
  return mediaType;
}

/** Text of a content, as far as it is well formed. */
export function peekText(content: JsonRecord): string | undefined {
  const parts = content['parts'];
  if (!Array.isArray(parts)) return undefined;
  const texts = (parts as readonly Json[]).flatMap((part) =>
    isRecord(part) && typeof part['text'] === 'string' ? [part['text']] : [],
  );
  return texts.length === 0 ? undefined : texts.join('\n');
}
