// What npm runs before it packs this folder, and when an application is told to install it: makes
// dist/. npm does not bring what that needs along, so it is fetched first where it is missing.

import { execSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

function isThere(name) {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

if (!isThere('esbuild'))
  execSync('npm ci --include=dev --ignore-scripts', {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: 'inherit',
  });
await import('./build.js');
