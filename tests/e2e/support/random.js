'use strict';
// Repeatable randomness: the seed is printed, and TUTTI_TEST_SEED sets it.

const seed = Number(process.env.TUTTI_TEST_SEED ?? Date.now() % 1_000_000);

// mulberry32
function randomOf(start) {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const below = (random, limit) => Math.floor(random() * limit);

module.exports = { seed, randomOf, below };
