// `npm run build`: dist/ made from the sources as they are.
import { prepare } from './bootstrap/prepare.mjs';
import { report } from './bootstrap/project.mjs';

export async function run() {
  await prepare({ built: true });
  report('dist/ is up to date.');
  return 0;
}
