// Child processes that live and die with the script that started them.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { CommandError, projectRoot } from './project.mjs';

/** @typedef {'SIGINT' | 'SIGTERM' | 'SIGHUP'} PassedSignal */
/** @type {readonly PassedSignal[]} */
const passedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** A terminal and npm both deliver one Ctrl-C; what comes again within this time is the same wish. */
const sameWishMs = 1000;

/** How often to look whether the shell that npm runs us in still lives. */
const parentPollMs = 200;

/**
 * npm passes signals to its shell, and many a shell dies of them without telling us: a parent that is gone means "stop".
 * Started by hand the parent may well end before us (nohup, disown), so this holds under npm only.
 * @param {() => void} onGone
 * @returns {() => void} stops watching
 */
export function watchParent(onGone) {
  if (process.env.npm_lifecycle_event === undefined) return () => {};
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, parentPollMs);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Runs a program to its end, passing signals on.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, stdoutTo?: 'inherit' | 'stderr' }} [options]
 * @returns {Promise<number>} its exit code; 128 + n if signal n ended it
 */
export function runChild(file, args, options = {}) {
  const child = spawn(file, args, {
    cwd: projectRoot,
    env: options.env ?? process.env,
    stdio: ['inherit', options.stdoutTo === 'stderr' ? 2 : 'inherit', 'inherit'],
    shell: process.platform === 'win32' && !file.endsWith('.exe'),
  });
  return new Promise((resolve, reject) => {
    /** @type {Map<PassedSignal, number>} */
    const lastPassedAtMs = new Map();
    /** @param {PassedSignal} signal */
    const pass = (signal) => {
      const now = Date.now();
      if (now - (lastPassedAtMs.get(signal) ?? 0) < sameWishMs) return;
      lastPassedAtMs.set(signal, now);
      child.kill(signal);
    };
    const killLeftover = () => child.kill('SIGKILL');
    for (const signal of passedSignals) process.on(signal, pass);
    process.on('exit', killLeftover);
    const stopWatching = watchParent(() => pass('SIGTERM'));
    const release = () => {
      stopWatching();
      for (const signal of passedSignals) process.off(signal, pass);
      process.off('exit', killLeftover);
    };
    child.on('error', (error) => {
      release();
      reject(new CommandError(`Cannot run ${file}: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      release();
      resolve(code ?? 128 + (signal === null ? 1 : constants.signals[signal]));
    });
  });
}

/**
 * Runs a program to its end and keeps what it wrote, without colors.
 * @param {string} file
 * @param {readonly string[]} args
 * @returns {Promise<{ exitCode: number, stdout: string, output: string }>} `output`: stdout and stderr as they came
 */
export function captureChild(file, args) {
  const child = spawn(file, args, {
    cwd: projectRoot,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let output = '';
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      stdout += chunk;
      output += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ exitCode: code ?? 1, stdout, output }));
  });
}
