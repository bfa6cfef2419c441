// The process: configuration, the app, its address on the screen, signals. The only file with side effects on import.

import 'reflect-metadata';
import { createApp } from './app.ts';
import { ConfigError } from './platform/config-errors.ts';
import { loadConfig } from './platform/config-loader.ts';
import { openDataDirectory } from './platform/data-directory.ts';
import { greeting } from './platform/greeting.ts';
import { createLogger } from './platform/logger.ts';
import { startSimulatorProcess } from './platform/simulator-process.ts';

async function main(): Promise<void> {
  const config = await loadConfig();
  const logger = createLogger(config.log);
  for (const warning of config.warnings) logger.warn(warning);
  const { adminKey, adminKeyFile, secret } = await openDataDirectory({ ...config, path: config.dataDirectory });

  const entry = new URL('./simulator/main.js', import.meta.url);
  const simulator = config.simulator ? await startSimulatorProcess({ entry, logger }) : undefined;
  let stopping = false;
  void simulator?.exited.then(() => stopping || logger.error('the simulator has ended: its models answer no more'));

  const app = await createApp({ config, adminKey, secret, logger, simulatorUrl: simulator?.url });
  const stop = async (signal: string): Promise<void> => {
    logger.info({ signal }, 'stopping: finishing what runs');
    await app.stop();
    await simulator?.close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // Whoever asks twice does not want to wait.
      if (stopping) process.exit(1);
      stopping = true;
      void stop(signal);
    });
  }
  await app.start().catch((error: unknown) => {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    const { host, port } = config.server;
    if (!isTaken) throw error;
    throw new Error(`Port ${port} on ${host} is in use. Set PORT to another one, or to 0 for any that is free.`);
  });
  logger.info({ url: `${app.url}/graphql`, models: app.modelNames.length }, 'listening');
  if (config.log.format === 'pretty' || process.stdout.isTTY) {
    process.stdout.write(greeting({ url: app.url, adminKey, adminKeyFile, model: app.modelNames[0] }));
  }
}

main().catch((error: unknown) => {
  // Configuration problems and the like tell their whole story in the message; a stack would only hide it.
  const text = error instanceof ConfigError ? error.message : error instanceof Error ? error.message : String(error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
});
