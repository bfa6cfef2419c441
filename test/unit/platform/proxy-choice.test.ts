import { describe, expect, it } from '@jest/globals';
import { createProxyChoice, meaninglessExceptions } from '../../../src/platform/proxy-choice.ts';

const https = { url: 'http://secure-proxy.test:3128', authorization: undefined };
const http = { url: 'http://plain-proxy.test:3128', authorization: undefined };

const chosen = (address: string, ...except: string[]): string | undefined =>
  createProxyChoice({ https, http, except })(new URL(address))?.url;

describe('the choice of a proxy', () => {
  it('goes by the scheme of the address, and one is no stand-in for the other', () => {
    expect(chosen('https://api.example.com/v1')).toBe(https.url);
    expect(chosen('http://api.example.com/v1')).toBe(http.url);
    const onlyPlain = createProxyChoice({ https: undefined, http, except: [] });
    expect(onlyPlain(new URL('https://api.example.com'))).toBeUndefined();
  });

  it.each(['http://localhost:1', 'https://127.9.9.9', 'http://[::1]:1', 'http://models.localhost', 'http://0x7f.1'])(
    'never sends %s, which is on this machine, through a proxy',
    (address) => expect(chosen(address)).toBeUndefined(),
  );

  it.each<[string, string, boolean]>([
    ['https://api.example.com', 'example.com', true],
    ['https://API.Example.COM', 'example.com', true],
    ['https://api.example.com.', 'EXAMPLE.com.', true],
    ['https://example.com', 'example.com', true],
    ['https://example.com', '.example.com', true],
    ['https://api.example.com', '.example.com', true],
    ['https://example.com', '*.example.com', false],
    ['https://api.example.com', '*.example.com', true],
    ['https://badexample.com', 'example.com', false],
    ['https://example.com.evil.test', 'example.com', false],
    ['https://api.example.com', 'other.test', false],
    ['https://api.example.com', '*', true],
    ['https://api.example.com:8443', 'example.com:8443', true],
    ['https://api.example.com', 'example.com:443', true],
    ['http://api.example.com', 'example.com:443', false],
    ['http://api.example.com', 'example.com:80', true],
    ['https://api.example.com:8443', '*:443', false],
    ['https://10.1.2.3', '10.1.2.3', true],
    ['https://10.1.2.3:8443', '10.1.2.3:443', false],
    ['https://10.1.2.3', '10.0.0.0/8', true],
    ['https://11.1.2.3', '10.0.0.0/8', false],
    ['https://ten.example.com', '10.0.0.0/8', false],
    ['https://110.1.2.3', '10.1.2.3', false],
    ['https://[2001:db8::1]', '2001:DB8:0::1', true],
    ['https://[2001:db8::1]:8443', '[2001:db8::1]:8443', true],
    ['https://[2001:db8::1]', '[2001:db8::1]:8443', false],
    ['https://[2001:db8::1]', '2001:db8::/32', true],
    ['https://[2001:db9::1]', '2001:db8::/32', false],
  ])('%s needs no proxy with NO_PROXY=%s: %s', (address, exception, direct) => {
    expect(chosen(address, exception) === undefined).toBe(direct);
    expect(chosen(address, 'nothing.test', exception) === undefined).toBe(direct);
  });

  it('knows which exceptions mean nothing', () => {
    const entries = ['example.com', '192.168.*', '10.0.0.0/33', '10.0.0.0/x', '<local>', '*', 'a.test:80', 'host/8'];
    expect(meaninglessExceptions(entries)).toEqual(['192.168.*', '10.0.0.0/33', '10.0.0.0/x', '<local>', 'host/8']);
  });
});
