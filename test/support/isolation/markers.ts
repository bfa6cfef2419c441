// What must not be seen: every text of an organization has its word in it, and every id is known. Says what of it stands
// in an answer.

import { idsIn } from './answers.ts';

export interface Markers {
  /** In the text, but for what was sent. */
  findIn(text: string, sent: readonly string[]): readonly string[];
}

export function createMarkers(
  word: string,
  ids: ReadonlySet<string>,
  maySee: (marker: string) => boolean = () => false,
): Markers {
  const words = new RegExp(`\\b${word}[\\w-]*`, 'gi');
  return {
    findIn(text, sent) {
      let received = text;
      for (const one of sent) received = received.replaceAll(JSON.stringify(one).slice(1, -1), '');
      const sentIds = new Set(sent.flatMap((one) => [...idsIn(one)]));
      const found = [...idsIn(received)].filter((id) => ids.has(id) && !sentIds.has(id));
      const texts = [...received.matchAll(words)].map(([match]) => match);
      return [...new Set([...found, ...texts])].filter((marker) => !maySee(marker));
    },
  };
}
