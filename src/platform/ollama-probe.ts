// Asks whether an Ollama runs on this machine and which models it has. Whatever goes wrong means: there is none.

export const OLLAMA_URL = 'http://127.0.0.1:11434';

const LONGEST_ANSWER_BYTES = 1024 * 1024;
const MOST_MODELS = 200;
const MODEL_NAME = /^[\x21-\x7e]{1,128}$/;

/** Names of its chat models, as it calls them; empty when nothing answers within `timeoutMs`. */
export async function probeOllama(url: string, timeoutMs = 300): Promise<readonly string[]> {
  try {
    const answer = await fetch(`${url}/api/tags`, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' });
    if (!answer.ok || answer.body === null) {
      await answer.body?.cancel();
      return [];
    }
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > LONGEST_ANSWER_BYTES) return [];
    }
    return namesIn(JSON.parse(text));
  } catch {
    return [];
  }
}

function namesIn(tags: unknown): readonly string[] {
  const models = typeof tags === 'object' && tags !== null && 'models' in tags ? tags.models : undefined;
  if (!Array.isArray(models)) return [];
  return models
    .map((model: unknown) => (typeof model === 'object' && model !== null && 'name' in model ? model.name : undefined))
    .filter((name) => typeof name === 'string')
    .filter((name) => MODEL_NAME.test(name) && !/embed/i.test(name))
    .slice(0, MOST_MODELS);
}
