'use strict';
// For what comes about in the server's own time: look until it is so.

const { setTimeout: pause } = require('node:timers/promises');

const TRIES = 600;
const PAUSE_MS = 50;

// What `condition` gives when it first gives something; else, after half a minute, null.
async function eventually(condition) {
  for (let tries = 0; tries < TRIES; tries++) {
    const result = await condition();
    if (result) return result;
    await pause(PAUSE_MS);
  }
  return null;
}

module.exports = { eventually };
