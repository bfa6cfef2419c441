import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../src/platform/logger.ts';
import { createSecret } from '../../../src/platform/secret.ts';

function capture(format: 'json' | 'pretty', level: 'info' | 'warn' = 'info') {
  let text = '';
  const destination = {
    write(line: string) {
      text += line;
    },
  };
  return { logger: createLogger({ level, format, destination }), read: () => text };
}

describe('the logger', () => {
  it('writes one JSON object a line, with level and time as text', () => {
    const { logger, read } = capture('json');
    logger.info({ requestId: 'req_1' }, 'served');
    expect(JSON.parse(read())).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      requestId: 'req_1',
      msg: 'served',
    });
  });

  it('writes for people at once', () => {
    const { logger, read } = capture('pretty');
    logger.warn({ port: 4000 }, 'listening');
    expect(read()).toMatch(/WARN: listening\n\s+port: 4000/);
  });

  it('keeps quiet below its level', () => {
    const { logger, read } = capture('json', 'warn');
    logger.info('nothing');
    expect(read()).toBe('');
  });

  it.each(['json', 'pretty'] as const)('cuts out credentials and content by name (%s)', (format) => {
    const { logger, read } = capture(format);
    const hidden = 'hidden-value';
    const names = ['authorization', 'x-api-key', 'cookie', 'apiKey', 'key', 'secret', 'prompt', 'messages', 'text'];
    const fields = Object.fromEntries(names.map((name) => [name, hidden]));
    const logged = { ...fields, request: { headers: fields }, list: [fields], wrapped: createSecret(hidden) };
    logger.info(logged, 'all of them');
    logger.child(fields).info('of a child');
    expect(logged.request.headers['apiKey']).toBe(hidden);
    expect(read()).not.toContain(hidden);
    expect(read()).toContain('***');
  });

  it('tells errors with their message and stack', () => {
    const { logger, read } = capture('json');
    logger.error({ err: new Error('it broke') }, 'failed');
    expect(JSON.parse(read()).err).toMatchObject({
      message: 'it broke',
      stack: expect.stringContaining('logger.test'),
    });
  });
});
