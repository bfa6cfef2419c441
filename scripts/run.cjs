// The one entry of every npm script: `node scripts/run.cjs <command> [arguments]`.
// It may run on whatever Node the machine has, so this file and the check it requires use old syntax only;
// the commands themselves use built-ins of Node 20 until they hand over to the project's own Node.
'use strict';

const { MINIMUM_NODE_MAJOR, refuseOldNode } = require('./bootstrap/node-version.cjs');

const commands = [
  'start',
  'test',
  'build',
  'dev',
  'bench',
  'check',
  'emit-schema',
  'codegen',
  'migrate',
  'sbom',
  'audit',
];

function main() {
  const refusal = refuseOldNode(process.version, MINIMUM_NODE_MAJOR, 'to install and start Sluice');
  if (refusal !== undefined) {
    process.stderr.write(`${refusal}\n`);
    process.exit(1);
  }
  const name = process.argv[2] || '';
  if (commands.indexOf(name) === -1) {
    process.stderr.write(`Unknown command ${JSON.stringify(name)}. Known: ${commands.join(', ')}.\n`);
    process.exit(1);
  }
  import(`./${name}.mjs`)
    .then((command) => command.run(process.argv.slice(3)))
    .then(
      (exitCode) => {
        process.exitCode = exitCode;
      },
      (error) => {
        // Expected failures carry their whole story in the message; anything else deserves its stack.
        process.stderr.write(`\n${error.name === 'CommandError' ? error.message : error.stack}\n`);
        process.exitCode = 1;
      },
    );
}

main();
