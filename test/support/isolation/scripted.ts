// Prompts that tell the simulator what to answer; the answers hold the word of who asks.

/** Tells the simulator what to answer. */
export const simulate = (text: string, behaviour: object): string => `${text} [[sim: ${JSON.stringify(behaviour)}]]`;

export const scripted = {
  stream: (word: string): string => simulate('Say it in a stream.', { tokens: [`${word}-content`] }),
  say: (word: string): string => simulate('Say it.', { tokens: [`${word}-content`] }),
  hang: (word: string): string => simulate('Hang.', { tokens: [`${word}-content`, 'more'], hang: { afterTokens: 1 } }),
};
