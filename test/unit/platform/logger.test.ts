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

  describe.each(['json', 'pretty'] as const)('keeps one line one line (%s)', (format) => {
    const forged = '[12:00:00] ERROR: forged';
    const breaks = [
      '\n',
      '\r',
      '\r\n',
      '\u0085',
      '\u2028',
      '\u2029',
      '\v',
      '\f',
      '\u001b[2K\u001b[1A',
      '\u009b2J',
      '\u202e',
      '\0',
      '\b',
      '\x7f',
    ];
    const hostile = breaks.map((text) => `before${text}${forged}`).join('');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be in a log
    const dangerous = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e]/;

    const logged: [name: string, log: (logger: ReturnType<typeof createLogger>) => void][] = [
      ['a field', (logger) => logger.info({ model: hostile }, 'served')],
      ['a field of a field', (logger) => logger.info({ request: { headers: { origin: hostile } } }, 'served')],
      ['an item of a list', (logger) => logger.info({ warnings: [hostile] }, 'served')],
      ['the name of a field', (logger) => logger.info({ [hostile]: 1 }, 'served')],
      ['a message', (logger) => logger.info(hostile)],
      ['an error', (logger) => logger.error({ err: new Error(hostile, { cause: new Error(hostile) }) }, 'failed')],
      [
        'an error that says more',
        (logger) => logger.error({ err: Object.assign(new Error('no'), { path: hostile }) }, 'failed'),
      ],
      ["a child's field", (logger) => logger.child({ requestId: hostile }).info('served')],
    ];
    it.each(logged)('with anything in %s', (_name, log) => {
      const { logger, read } = capture(format);
      log(logger);
      const text = read();
      expect(text.endsWith('\n')).toBe(true);
      expect(text).not.toMatch(dangerous);
      const lines = text.trimEnd().split('\n');
      expect(lines.filter((line) => line.startsWith(forged))).toEqual([]);
      if (format === 'json') {
        expect(lines).toHaveLength(1);
        expect(Object.keys(JSON.parse(text))).toEqual(expect.arrayContaining(['level', 'time']));
      } else {
        // A line of its own begins with its time; what belongs to it is set back.
        expect(lines.slice(1).filter((line) => !line.startsWith('    '))).toEqual([]);
      }
    });
  });
});
