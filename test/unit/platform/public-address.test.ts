import { describe, expect, it } from '@jest/globals';
import { createOutboundHosts, parseAllowedHost, parseOutboundUrl } from '../../../src/platform/outbound-hosts.ts';
import { isPublicAddress } from '../../../src/platform/public-address.ts';

describe('public addresses', () => {
  it.each(
    `0.0.0.0 0.255.255.255 10.0.0.1 10.255.255.255 100.64.0.0 100.127.255.255 100.100.100.200 127.0.0.1 127.255.255.254
     168.63.129.16 169.254.169.254 169.254.0.1 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1
     198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
     :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:7f00:1 ::ffff:0:127.0.0.1
     64:ff9b::7f00:1 64:ff9b::8.8.8.8 64:ff9b:1::1 100::1 2001::1 2001:0:7f00:1::1 2001:2::1 2001:10::1 2001:20::1
     2001:db8::1 2002:7f00:1::1 2002:808:808::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fdff::1 fe80::1 febf::1 fec0::1
     fe80::1%lo ff02::1 ff0e::1 2606:4700::1111%lo`.split(/\s+/),
  )('%s is none', (address) => expect(isPublicAddress(address)).toBe(false));

  it.each(
    `1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15
     169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255
     198.20.0.0 223.255.255.255 2001:200::1 2001:4860:4860::8888 2003::1 2606:4700:4700::1111 2a00:1450::1 3ffe::1`.split(
      /\s+/,
    ),
  )('%s is one', (address) => expect(isPublicAddress(address)).toBe(true));

  it.each(['', 'localhost', 'example.com', '1.1.1', '0x7f.1', '1.1.1.1:80', '[2606:4700::1111]', ' 1.1.1.1'])(
    '%j is no address at all',
    (text) => expect(isPublicAddress(text)).toBe(false),
  );
});

describe('hosts that an address may name', () => {
  const hosts = createOutboundHosts(
    ['pictures.internal', '10.0.0.5:8443', '[fd00::7]', 'LOCALHOST:8080'].map((text) => {
      const host = parseAllowedHost(text);
      if (host === undefined) throw new Error(text);
      return host;
    }),
  );
  const verdict = (text: string): string => {
    const url = parseOutboundUrl(text);
    if (url === undefined) return 'INVALID';
    return hosts.allows(url) ? 'ALLOWED' : hosts.refuses(url) ? 'REFUSED' : 'UNKNOWN';
  };

  it.each(
    `127.0.0.1 127.1 127.0.0.1. 127.0.0.1.. 2130706433 0x7f000001 0x7f.1 0x7f.1.. 0177.0.0.1 017700000001 0 0.0.0.0
     127%2e0.0.1 ①②⑦.0.0.1 127。0。0。1 [::1] [::] [::ffff:127.0.0.1] [::ffff:a9fe:a9fe] [0:0:0:0:0:ffff:7f00:1]
     [64:ff9b::7f00:1] [fe80::1] [fd00::8] 169.254.169.254 2852039166 192.168.1.1 10.0.0.5 10.0.0.5:8444
     localhost LocalHost localhost. loc%61lhost a.localhost printer.local metadata.google.internal redis router.lan
     localhost:8081 db.corp kubernetes.default.svc x.home.arpa a@127.0.0.1 example.com@127.0.0.1`.split(/\s+/),
  )('https://%s/ is refused', (host) => expect(verdict(`https://${host}/`)).toBe('REFUSED'));

  it.each(
    `pictures.internal Pictures.Internal. pictures.internal:8443 10.0.0.5:8443 [fd00::7] [fd00:0::7]:1
     localhost:8080`.split(/\s+/),
  )('https://%s/ is allowed by name', (host) => expect(verdict(`https://${host}/`)).toBe('ALLOWED'));

  it.each([
    'example.com',
    'example.com.',
    '8.8.8.8',
    'internal.example.com',
    'localhost.example.com',
    '127.0.0.1.nip.io',
  ])('https://%s/ is judged when it is connected to', (host) => expect(verdict(`https://${host}/`)).toBe('UNKNOWN'));

  it.each([
    '',
    'https://',
    'no address',
    'data:text/plain,x',
    'https://127.0.0.1.5/',
    'https://[::1%25lo]/',
    'https://./',
  ])('%j is no address', (text) => expect(verdict(text)).toBe('INVALID'));

  it('dots without end cost no more than reading them', () => {
    const before = process.cpuUsage();
    expect(verdict(`https://${'.'.repeat(100_000)}x/`)).toBe('UNKNOWN');
    // Of the processor, whatever else this machine does: tried dot by dot they take ten seconds.
    expect(process.cpuUsage(before).user).toBeLessThan(1_000_000);
  });

  it.each([
    '',
    '*',
    '*.internal',
    'a b',
    'http://a',
    'a/b',
    'a:0',
    'a:65536',
    'a:b',
    'u@a',
    'fd00::7',
    '[zz]',
    '1.2.3.4.5',
  ])('%j can be no name of an allowed host', (text) => expect(parseAllowedHost(text)).toBeUndefined());
});
