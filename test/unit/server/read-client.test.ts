// What is believed of a request's origin, by who says it.

import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { createReadClient } from '../../../src/server/read-client.ts';

interface Sent {
  readonly peer: string;
  readonly tls?: boolean;
  readonly for?: string;
  readonly proto?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const read = createReadClient(['10.0.0.0/8', '127.0.0.1', 'fd00::/8']);

function clientOf({ peer, tls = false, ...sent }: Sent, readClient = read): string {
  const socket = { remoteAddress: peer, ...(tls ? { encrypted: true } : {}) };
  const headers = { 'x-forwarded-for': sent.for, 'x-forwarded-proto': sent.proto, ...sent.headers };
  const { address, connection } = readClient({ socket, headers } as unknown as IncomingMessage);
  return `${address} ${connection}`;
}

describe('the address of a client', () => {
  it.each<[name: string, sent: Sent, address: string]>([
    ['is its own where nobody stands between', { peer: '203.0.113.7' }, '203.0.113.7'],
    ['is the same on a socket of both kinds', { peer: '::ffff:203.0.113.7' }, '203.0.113.7'],
    ['is not what a stranger writes', { peer: '203.0.113.7', for: '198.51.100.1' }, '203.0.113.7'],
    ['is what a trusted proxy heard', { peer: '10.0.0.1', for: '198.51.100.1' }, '198.51.100.1'],
    ['is what a mapped trusted proxy heard', { peer: '::ffff:10.0.0.1', for: '198.51.100.1' }, '198.51.100.1'],
    ['is what a trusted proxy of IPv6 heard', { peer: 'fd00::1', for: '2001:db8::7' }, '2001:db8::7'],
    ['is not what the client wrote before', { peer: '10.0.0.1', for: '1.1.1.1, 198.51.100.1' }, '198.51.100.1'],
    ['lies behind all trusted hops', { peer: '10.0.0.1', for: '198.51.100.1, 10.2.0.1,10.3.0.1' }, '198.51.100.1'],
    ['is the outermost where all are trusted', { peer: '10.0.0.1', for: '10.9.0.1, 10.3.0.1' }, '10.9.0.1'],
    ['has no port', { peer: '10.0.0.1', for: '[2001:db8::7]:4711' }, '2001:db8::7'],
    ['is the last hop before what is malformed', { peer: '10.0.0.1', for: '1.1.1.1, evil, 10.3.0.1' }, '10.3.0.1'],
    ['is the proxy where the nearest hop is malformed', { peer: '10.0.0.1', for: '1.1.1.1, unknown' }, '10.0.0.1'],
    ['is the proxy where it says nothing', { peer: '10.0.0.1' }, '10.0.0.1'],
    ['is the proxy where the list is empty', { peer: '10.0.0.1', for: '' }, '10.0.0.1'],
    ['is not what "Forwarded" says', { peer: '10.0.0.1', headers: { forwarded: 'for=198.51.100.1' } }, '10.0.0.1'],
  ])('%s', (_name, sent, address) => expect(clientOf(sent).split(' ')[0]).toBe(address));

  it('is never forwarded where no proxy is trusted', () => {
    expect(clientOf({ peer: '127.0.0.1', for: '198.51.100.1', proto: 'https' }, createReadClient([]))).toBe(
      '127.0.0.1 LOCAL',
    );
  });
});

describe('the connection of a client', () => {
  it.each<[name: string, sent: Sent, connection: string]>([
    ['is plain from another machine', { peer: '203.0.113.7' }, 'PLAIN'],
    ['is plain whatever a stranger says', { peer: '203.0.113.7', proto: 'https' }, 'PLAIN'],
    ['is TLS by itself', { peer: '203.0.113.7', tls: true }, 'TLS'],
    ['is TLS where a trusted proxy says so', { peer: '10.0.0.1', proto: 'https' }, 'TLS'],
    ['is TLS in capitals, too', { peer: '10.0.0.1', proto: 'HTTPS' }, 'TLS'],
    ['is TLS over several hops', { peer: '10.0.0.1', proto: 'https, https' }, 'TLS'],
    ['is plain where one hop was', { peer: '10.0.0.1', proto: 'https, http' }, 'PLAIN'],
    [
      'is plain where the proxy says so, although it speaks TLS',
      { peer: '10.0.0.1', tls: true, proto: 'http' },
      'PLAIN',
    ],
    ['is TLS where a proxy says nothing and speaks TLS', { peer: '10.0.0.1', tls: true }, 'TLS'],
    ['is plain where a proxy elsewhere says nothing', { peer: '10.0.0.1' }, 'PLAIN'],
    ['is plain where it says something else', { peer: '10.0.0.1', proto: 'wss' }, 'PLAIN'],
    ['is local from this machine', { peer: '127.0.0.1' }, 'LOCAL'],
    ['is local from this machine over IPv6', { peer: '::1' }, 'LOCAL'],
    ['is plain where a proxy on this machine says so', { peer: '127.0.0.1', proto: 'http' }, 'PLAIN'],
    ['is unknown, so plain, once the peer is gone', { peer: '' }, 'PLAIN'],
  ])('%s', (_name, sent, connection) => expect(clientOf(sent).split(' ')[1]).toBe(connection));
});
