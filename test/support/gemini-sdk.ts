// Google's SDK looks for the dispatcher behind `fetch` on the global object, which is another one inside a test: taken off
// its requests, they go the usual way. It does not retry unless it is told to.

import { GoogleGenAI, type GoogleGenAIOptions } from '@google/genai';

const { fetch: usualFetch } = globalThis;
globalThis.fetch = (input, init) => {
  const { dispatcher: _dispatcher, ...rest } = { dispatcher: undefined, ...init };
  return usualFetch(input, rest);
};

export const createGeminiClient = (options: GoogleGenAIOptions): GoogleGenAI => new GoogleGenAI(options);
