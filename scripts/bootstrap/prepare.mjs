// What every command does first: install what is missing, build what is stale, one command at a time.
import { join } from 'node:path';
import { build, needsBuild } from './build.mjs';
import { install, needsInstall } from './install.mjs';
import { withLock } from './lock.mjs';
import { projectRoot, report } from './project.mjs';
import { findProjectNode } from './project-node.mjs';

/**
 * @param {{ built: boolean }} wanted `built: false` for commands that need no dist/
 * @returns {Promise<string>} path of the Node to hand over to
 */
export async function prepare({ built }) {
  const isReady = () => !needsInstall() && !(built && needsBuild());
  if (!isReady()) {
    await withLock(
      join(projectRoot, '.sluice', 'bootstrap.lock'),
      async () => {
        if (needsInstall()) await install();
        if (built && needsBuild()) await build();
      },
      { onWait: () => report('Waiting for another command that installs or builds in this folder…') },
    );
  }
  return findProjectNode();
}
