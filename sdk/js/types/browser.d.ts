// dist/tutti-sync.browser.js: a script without modules.

import * as sdk from './index.js';

declare global {
  const Tutti: typeof sdk;
}
