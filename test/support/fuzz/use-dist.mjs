// Preloaded into the fuzzing process: what test support imports from src/ comes from dist/, as it runs in production.
// (src/ itself cannot be run: its decorators have to be compiled.)

import { registerHooks } from 'node:module';

const root = new URL('../../../', import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    if (!found.url.startsWith(`${root}src/`)) return found;
    const url = `${root}dist/${found.url.slice(root.length + 'src/'.length).replace(/\.ts$/, '.js')}`;
    return { ...found, url, format: 'module' };
  },
});
