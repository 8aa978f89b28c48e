// The programs of docs/tokens.md, and running them.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const page = readFileSync(new URL('../../../docs/tokens.md', import.meta.url), 'utf8');
const PATIENCE_MS = 60_000;

/** The programs, by language; those alone begin with a comment that names their file. */
export const programs = Object.fromEntries(
  [...page.matchAll(/^```(\w+)\n((?:\/\/|#) (?:backend|token)\..*?)^```$/gms)].map(
    ([, language, text]) => [language, text],
  ),
);

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** What the programs take from their environment. */
export const environment = ({ office }) => ({
  ...process.env,
  ACCOUNT_SID: office.account,
  KEY_SID: office.key.sid,
  KEY_SECRET: office.key.secret,
});

async function answered(url, child) {
  for (let waited = 0; waited < PATIENCE_MS; waited += 50) {
    if (child.exitCode !== null) throw new Error(`it ended: ${child.text}`);
    const response = await fetch(url).catch(() => null);
    if (response) return response;
    await pause(50);
  }
  throw new Error(`no answer from ${url}: ${child.text}`);
}

/** Run a back end for the test. Returns a `fetchToken` that asks it, as a page would. */
export async function backEnd(t, world, cwd, [command, ...args]) {
  const port = await freePort();
  const env = { ...environment(world), PORT: String(port), PAGE_ORIGIN: 'http://page.example' };
  const child = spawn(command, args, { cwd, env, detached: true });
  child.text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => (child.text += text));
  t.after(() => {
    try {
      process.kill(-child.pid); // `go run` has a child of its own
    } catch {
      // it has ended
    }
  });
  const url = `http://127.0.0.1:${port}/token`;
  const origin = (await answered(url, child)).headers.get('Access-Control-Allow-Origin');
  if (origin !== 'http://page.example') throw new Error(`a page of another origin is not let in`);
  return async () => (await fetch(url)).text();
}
