// What every way of announcing must do.

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Announcements } from '../../src/platform/announcements.ts';

export function describeAnnouncements(name: string, create: () => Announcements): void {
  describe(`announcements by ${name}`, () => {
    it('are heard by every listener of their channel, this node’s own too, and by no other', async () => {
      const announcements = create();
      try {
        const channel = randomUUID();
        const [first, second, other] = [
          listen(announcements, channel),
          listen(announcements, channel),
          listen(announcements, randomUUID()),
        ];
        await until(() => {
          announcements.publish(channel, 'news');
          return first.heard.includes('news') && second.heard.includes('news');
        });
        expect(other.heard.filter((message) => message !== undefined)).toEqual([]);
      } finally {
        announcements.close();
      }
    });

    it('are not heard while they are being made', () => {
      const announcements = create();
      const { heard } = listen(announcements, 'own');
      announcements.publish('own', 'news');
      expect(heard).toEqual([]);
      announcements.close();
    });

    it('are neither made nor heard once closed, and nothing is thrown', async () => {
      const announcements = create();
      const channel = randomUUID();
      const { heard } = listen(announcements, channel);
      announcements.publish(channel, 'on its way');
      announcements.close();
      announcements.publish(channel, 'late');
      await new Promise((resolve) => setImmediate(resolve));
      expect(heard).toEqual([]);
    });
  });
}

export function listen(announcements: Announcements, channel: string) {
  const heard: (string | undefined)[] = [];
  announcements.subscribe(channel, (message) => heard.push(message));
  return { heard };
}

/** Asks again and again until it is so; within a generous time. */
export async function until(isSo: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + 20_000;
  while (!isSo()) {
    if (Date.now() > deadlineMs) throw new Error('It did not come to be so within 20 s.');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
