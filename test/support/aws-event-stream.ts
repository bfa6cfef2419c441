// Frames of AWS's binary event stream, as Bedrock's ConverseStream answers:
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html

import { crc32 } from 'node:zlib';

function header(name: string, value: string): Buffer {
  const bytes = Buffer.from(value);
  // 7: a string
  return Buffer.concat([
    Buffer.from([name.length]),
    Buffer.from(name),
    Buffer.from([7, bytes.length >> 8, bytes.length & 255]),
    bytes,
  ]);
}

function frame(headers: Readonly<Record<string, string>>, payload: object): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => header(name, value)));
  const body = Buffer.from(JSON.stringify(payload));
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(prelude.length + head.length + body.length + 4, 0);
  prelude.writeUInt32BE(head.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const message = Buffer.concat([prelude, head, body]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(message), 0);
  return Buffer.concat([message, sum]);
}

/** e.g. `awsEvent('contentBlockDelta', {...})`. */
export const awsEvent = (eventType: string, payload: object): Buffer =>
  frame({ ':event-type': eventType, ':content-type': 'application/json', ':message-type': 'event' }, payload);

/** e.g. `awsException('throttlingException', {...})`. */
export const awsException = (exceptionType: string, payload: object): Buffer =>
  frame(
    { ':exception-type': exceptionType, ':content-type': 'application/json', ':message-type': 'exception' },
    payload,
  );

export const AWS_EVENT_STREAM = 'application/vnd.amazon.eventstream';
