'use strict';
// A real server: the binary named by TUTTI_BINARY, on a free port, over a data folder of its
// own. What a test starts is stopped by its pid, and the folder removed, also when it fails.

const assert = require('node:assert/strict');
const { spawn, execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const http = require('./http.js');

const BINARY = path.resolve(
  process.env.TUTTI_BINARY ?? path.join(__dirname, '../../../build/tutti'),
);
const ACCOUNT = 'AC' + 'X'.repeat(32);
const TOKEN = 'your_auth_token';
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 60_000;
const SANITIZER_REPORT = /(ERROR|WARNING|SUMMARY): \w*Sanitizer|runtime error:/;

const running = new Set();
const folders = new Set();

function removeFolder(folder) {
  fs.rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
}

function cleanUp() {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) removeFolder(folder);
}

process.on('exit', cleanUp);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

function temporaryFolder() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tutti-e2e-'));
  folders.add(folder);
  return folder;
}

// The tests' own environment, but nothing of it that configures a server.
function environment(extra) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TUTTI_'));
  return { ...Object.fromEntries(inherited), ...extra };
}

const CREDENTIALS = { TUTTI_ACCOUNT_SID: ACCOUNT, TUTTI_AUTH_TOKEN: TOKEN };

// Options: `data` folder (default: a new one), `args` after the usual ones, `env` beside the
// credentials, `credentials: false` to give none, `listen`, and `uid`/`gid` to run as.
class Server {
  constructor(options = {}) {
    this.options = options;
    this.data = options.data ?? temporaryFolder();
    this.auth = [ACCOUNT, TOKEN];
    this.output = '';
    this.errors = '';
  }

  static async start(options) {
    const server = new Server(options);
    await server.launch();
    return server;
  }

  // A server for one test, which ends with it.
  static async startFor(t, options) {
    const server = new Server(options);
    t.after(() => server.destroy());
    await server.launch();
    return server;
  }

  arguments() {
    const { listen = '127.0.0.1:0', args = [] } = this.options;
    return ['serve', '--listen', listen, '--data', this.data, ...args];
  }

  // Resolves when the server says that it listens; rejects, with what it printed, when it
  // exits before.
  async launch() {
    const { binary = BINARY, credentials = true, env = {}, uid, gid } = this.options;
    this.output = '';
    this.errors = '';
    this.child = spawn(binary, this.arguments(), {
      env: environment({ ...(credentials ? CREDENTIALS : {}), ...env }),
      stdio: ['ignore', 'pipe', 'pipe'],
      uid,
      gid,
    });
    running.add(this.child);
    this.exited = this.whenExited(this.child);
    this.base = await this.whenListening(this.child);
    this.port = Number(new URL(this.base).port);
  }

  whenExited(child) {
    return new Promise((resolve, reject) => {
      child.once('error', (error) => {
        running.delete(child);
        reject(error);
      });
      child.once('close', (code, signal) => {
        running.delete(child);
        resolve({ code, signal });
      });
    });
  }

  whenListening(child) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`the server does not say that it listens:\n${this.printed()}`));
      }, START_TIMEOUT_MS);
      child.stderr.setEncoding('utf8').on('data', (text) => (this.errors += text));
      child.stdout.setEncoding('utf8').on('data', (text) => {
        this.output += text;
        const match = /^tutti: listening on (http:\/\/\S+)$/m.exec(this.output);
        if (!match) return;
        clearTimeout(timer);
        resolve(match[1]);
      });
      this.exited.then(({ code, signal }) => {
        clearTimeout(timer);
        reject(new Error(`the server exited with ${signal ?? code}:\n${this.printed()}`));
      }, reject);
    });
  }

  printed() {
    return this.output + this.errors;
  }

  // A request with the account's credentials; `auth: null` sends none.
  request(method, target, options = {}) {
    return http.request(this.base, method, target, { auth: this.auth, ...options });
  }

  get(target, options) {
    return this.request('GET', target, options);
  }

  post(target, form, options) {
    return this.request('POST', target, { form, ...options });
  }

  delete(target, options) {
    return this.request('DELETE', target, options);
  }

  signal(name) {
    this.child.kill(name);
  }

  async whenGone() {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('the server does not exit')), STOP_TIMEOUT_MS);
    });
    const how = await Promise.race([this.exited, late]).finally(() => clearTimeout(timer));
    assert.doesNotMatch(this.printed(), SANITIZER_REPORT);
    return how;
  }

  // SIGTERM; resolves to {code, signal} when it is gone.
  stop() {
    this.signal('SIGTERM');
    return this.whenGone();
  }

  killHard() {
    this.signal('SIGKILL');
    return this.whenGone();
  }

  // Stop in order, and start again on the same data folder. The port is another.
  async restart() {
    assert.deepEqual(await this.stop(), { code: 0, signal: null });
    await this.launch();
  }

  isRunning() {
    return this.child !== undefined && running.has(this.child);
  }

  // The end of every test's server: a clean stop, nothing from a sanitizer, no folder left.
  async destroy() {
    try {
      if (!this.isRunning()) return;
      assert.deepEqual(await this.stop(), { code: 0, signal: null }, this.printed());
    } finally {
      if (this.isRunning()) this.child.kill('SIGKILL');
      if (!this.options.data) removeFolder(this.data);
    }
  }
}

const RUN_TIMEOUT_MS = 30_000;

// Run the program to its end: {code, stdout, stderr}.
function run(args, { binary = BINARY, env = {}, ...options } = {}) {
  return new Promise((resolve) => {
    execFile(
      binary,
      args,
      { env: environment(env), timeout: RUN_TIMEOUT_MS, ...options },
      (error, stdout, stderr) =>
        resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr }),
    );
  });
}

module.exports = {
  Server,
  run,
  temporaryFolder,
  removeFolder,
  BINARY,
  ACCOUNT,
  TOKEN,
  CREDENTIALS,
};
