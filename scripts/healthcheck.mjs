// Tells by its exit code whether the server beside it lives: `node healthcheck.mjs`, run by the container's HEALTHCHECK.
// Asks `/healthz` where PORT and HOST say, over http, else over https. Only built-ins of Node.
import http from 'node:http';
import https from 'node:https';

const GIVE_UP_MS = 4_000;

const { PORT = '4000', HOST = '' } = process.env;
const isAnyAddress = ['', '0.0.0.0', '::'].includes(HOST);
const where = { host: isAnyAddress ? '127.0.0.1' : HOST, port: PORT, path: '/healthz' };
const signal = AbortSignal.timeout(GIVE_UP_MS);

/**
 * @param {(done: (response: http.IncomingMessage) => void) => http.ClientRequest} get
 * @returns {Promise<number | undefined>} the status
 */
const ask = (get) =>
  new Promise((resolve, reject) => {
    get((response) => resolve(response.resume().statusCode)).once('error', reject);
  });

try {
  const status = await ask((done) => http.get({ ...where, signal, agent: false }, done)).catch(() =>
    // Its certificate is made for the names that clients know, and this is no client: it sends nothing worth hiding.
    ask((done) => https.get({ ...where, signal, agent: false, rejectUnauthorized: false }, done)),
  );
  if (status !== 200) throw new Error(`/healthz answered ${status}`);
} catch (error) {
  console.error(`not healthy: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
