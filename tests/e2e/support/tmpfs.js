'use strict';
// A small file system of its own, to be filled to the brim. Needs root.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const CHUNK = 64 * 1024;

const execute = (...command) =>
  execFileSync(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });

class Tmpfs {
  // `reason` says why there is none where it cannot be mounted.
  static mount(size) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tutti-e2e-full-'));
    try {
      execute('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tutti-e2e', folder);
    } catch (error) {
      fs.rmdirSync(folder);
      return { reason: `no tmpfs can be mounted here: ${String(error.stderr ?? error).trim()}` };
    }
    const tmpfs = new Tmpfs(folder);
    process.once('exit', () => tmpfs.unmount());
    return { tmpfs };
  }

  constructor(folder) {
    this.folder = folder;
    this.filler = path.join(folder, 'filler');
    this.mounted = true;
  }

  free() {
    const { bavail, bsize } = fs.statfsSync(this.folder);
    return bavail * bsize;
  }

  // Leave at most `left` bytes free.
  fill(left) {
    const file = fs.openSync(this.filler, 'a');
    try {
      while (this.free() > left)
        fs.writeSync(file, Buffer.alloc(Math.min(CHUNK, this.free() - left)));
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
    } finally {
      fs.closeSync(file);
    }
  }

  drain() {
    fs.rmSync(this.filler, { force: true });
  }

  unmount() {
    if (!this.mounted) return;
    execute('umount', '-l', this.folder);
    this.mounted = false;
    fs.rmdirSync(this.folder);
  }
}

module.exports = { Tmpfs };
