// Tells whether a Node is new enough. Read by the oldest Node somebody may have: old syntax only.
'use strict';

/** What `npm start` and `npm test` need until they hand over to the project's own Node. */
const MINIMUM_NODE_MAJOR = 20;
/** What the server itself needs; on Linux it comes with the project's dependencies. */
const SERVER_NODE_MAJOR = 24;

/**
 * @param {string} version as in `process.version`
 * @param {number} minimumMajor
 * @param {string} purpose completes "needs Node 20 or newer …"
 * @returns {string | undefined} what to tell the user; undefined if the version will do
 */
function refuseOldNode(version, minimumMajor, purpose) {
  const major = Number.parseInt(String(version).replace(/^v/, ''), 10);
  if (major >= minimumMajor) return undefined;
  return [
    `Sluice needs Node ${minimumMajor} or newer ${purpose}; this is Node ${version}.`,
    'Install a newer one (https://nodejs.org/en/download, or your version manager) and run the command again.',
  ].join('\n');
}

module.exports = { MINIMUM_NODE_MAJOR, SERVER_NODE_MAJOR, refuseOldNode };
