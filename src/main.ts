// The process: configuration, the app, its address on the screen, signals. The only file with side effects on import.

import 'reflect-metadata';
import { ConfigError } from './platform/config-errors.ts';
import { loadConfig } from './platform/config-loader.ts';
import { openDataDirectory } from './platform/data-directory.ts';
import { adminKeyNotice, greeting, shownAdminKey } from './platform/greeting.ts';
import { createLogger } from './platform/logger.ts';
import { createReloadRequests, type Reloadable } from './platform/reload-requests.ts';
import type { Secret } from './platform/secret.ts';
import { startSimulatorProcess } from './platform/simulator-process.ts';
import { listenForStop } from './platform/stop-signals.ts';

async function main(): Promise<void> {
  const [command, ...others] = process.argv.slice(2);
  if (command === undefined) return serve();
  if (command !== 'migrate' || others.length > 0) {
    throw new Error(
      `Unknown: ${[command, ...others].join(' ')}. Without an argument the server starts; "migrate" brings its database to this version and ends.`,
    );
  }
  const { migrateDatabase } = await import('./app/migrate.ts');
  await migrateDatabase();
}

async function serve(): Promise<void> {
  const signals = listenForStop();
  const started = Promise.withResolvers<Reloadable>();
  process.on('SIGHUP', createReloadRequests({ started: started.promise, load: () => loadConfig() }));
  const config = await loadConfig();
  // By far the largest part: what has to be heard or told before it, is.
  const { createApp } = await import('./app.ts');
  const logger = createLogger(config.log);
  for (const warning of config.warnings) logger.warn(warning);
  const { adminKey, adminKeyFile, secret } = await openDataDirectory({
    ...config,
    path: config.dataDirectory,
    isAdminKeyStored: config.database.kind === 'POSTGRES',
  });

  const entry = new URL('./simulator/main.js', import.meta.url);
  const simulator = config.simulator ? await startSimulatorProcess({ entry, logger }) : undefined;
  void simulator?.exited.then(() => {
    if (!signals.isStopping) logger.error('the simulator has ended: its models answer no more');
  });

  let firstAdminKey: Secret | undefined;
  let isGreeted = false;
  const app = await createApp({
    config,
    adminKey,
    // By itself, not by the logger: what that writes is kept and passed on.
    onFirstAdminKey(key) {
      firstAdminKey = key;
      if (config.production || isGreeted) process.stderr.write(adminKeyNotice(key));
    },
    secret,
    logger,
    simulatorUrl: simulator?.url,
  });
  signals.stopWith(async (signal) => {
    logger.info({ signal }, 'stopping: finishing what runs');
    await app.stop();
    await simulator?.close();
    process.exit(0);
  });
  await app.start().catch((error: unknown) => {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    const { host, port } = config.server;
    if (!isTaken) throw error;
    throw new Error(`Port ${port} on ${host} is in use. Set PORT to another one, or to 0 for any that is free.`);
  });
  started.resolve({ reload: app.reload, logger });
  logger.info({ url: `${app.url}/graphql`, models: app.modelNames.length }, 'listening');
  if (!config.production) {
    // For people: beside the log where that is JSON for machines.
    const screen = config.log.format === 'pretty' ? process.stdout : process.stderr;
    const documentMode = config.auth.adminDocumentMode ?? config.server.trustedDocuments.mode;
    const { tls } = config.server;
    const model = app.modelNames[0];
    isGreeted = true;
    const shown = shownAdminKey({ adminKey, adminKeyFile, madeNow: firstAdminKey });
    screen.write(greeting({ url: app.url, tls, adminKey: shown, model, documentMode }));
  }
}

main().catch((error: unknown) => {
  // Configuration problems and the like tell their whole story in the message; a stack would only hide it.
  const text = error instanceof ConfigError ? error.message : error instanceof Error ? error.message : String(error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
});
