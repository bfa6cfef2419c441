import { describe, expect, it } from '@jest/globals';
import {
  createAddressRanges,
  isAddressRange,
  isEverywhere,
  networkOf,
  plainAddress,
} from '../../../src/platform/address-ranges.ts';

describe('an address as a proxy writes it', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    [' 203.0.113.7 ', '203.0.113.7'],
    ['203.0.113.7:50123', '203.0.113.7'],
    ['2001:DB8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8:0:0::1]:443', '2001:db8::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['[::ffff:203.0.113.7]:80', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
  ])('%p is %p', (text, address) => expect(plainAddress(text)).toBe(address));

  it.each([
    '',
    'unknown',
    '_hidden',
    'example.com',
    '203.0.113',
    '203.0.113.256',
    '0xcb.0.113.7',
    '2001:db8::1:443:',
    '[2001:db8::1',
    '[203.0.113.7]:x',
    'fe80::1%eth0',
    '203.0.113.7:123456',
    '203.0.113.7, 10.0.0.1',
    `${'1'.repeat(5_000)}`,
  ])('%p is none', (text) => expect(plainAddress(text)).toBeUndefined());
});

describe('ranges of addresses', () => {
  const ranges = createAddressRanges(['10.1.2.3/8', '192.0.2.7', 'fd00::/8', '2001:db8::1']);

  it.each([
    ['10.255.255.255', true],
    ['::ffff:10.0.0.1', true],
    ['11.0.0.1', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['fdff::1', true],
    ['fd12::1%eth0', true],
    ['fe00::1', false],
    ['2001:db8:0:0:0:0:0:1', true],
    ['2001:db8::2', false],
    ['', false],
    ['localhost', false],
  ])('hold %p: %p', (address, isIn) => expect(ranges.has(address)).toBe(isIn));

  it.each([
    '10.0.0.0/33',
    '::/129',
    '10.0.0/8',
    '10.0.0.0/',
    'example.com',
    '10.0.0.0/8/8',
    'fe80::1%eth0',
    ' 10.0.0.1',
  ])('are not written %p', (text) => expect(isAddressRange(text)).toBe(false));

  it('are everywhere with a prefix of no length', () => {
    expect(['0.0.0.0/0', '::/0', '0.0.0.0/1', '0.0.0.0'].map(isEverywhere)).toEqual([true, true, false, false]);
  });
});

it.each([
  ['203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['::', '0:0:0:0'],
  ['1::2:3:4:5:6:7', '1:0:2:3'],
  ['', ''],
])('the network of %p is %p', (address, network) => expect(networkOf(address)).toBe(network));
