// Where two JSON values differ, and what becomes of two changes of the same one.

import { compact, isBranch, typeOf } from './json.js';

const MISSING = undefined;

export const same = (a, b) => compact(a) === compact(b);

const has = (value, key) => isBranch(value) && Object.hasOwn(value, key);
const at = (value, key) => (has(value, key) ? value[key] : MISSING);

function keysOf(...values) {
  return [...new Set(values.filter(isBranch).flatMap((value) => Object.keys(value)))];
}

const bothBranches = (a, b) => isBranch(a) && isBranch(b) && typeOf(a) === typeOf(b);

/** `players[2].name`, for people. */
export function pathText(path) {
  if (!path.length) return '(everything)';
  return path
    .map((key) => {
      if (/^\d+$/.test(key)) return `[${key}]`;
      return /^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
    })
    .join('')
    .replace(/^\./, '');
}

/**
 * The paths at which `mine` and `theirs` differ, with what `base`, which both began with, had
 * there: [{path, base, mine, theirs, by}]. `by` is who changed it: 'you', 'them' or 'both'.
 */
export function differences(base, mine, theirs, path = []) {
  if (same(mine, theirs)) return [];
  if (bothBranches(mine, theirs))
    return keysOf(mine, theirs).flatMap((key) =>
      differences(at(base, key), at(mine, key), at(theirs, key), [...path, key]),
    );
  const by = same(base, theirs) ? 'you' : same(base, mine) ? 'them' : 'both';
  return [{ path, base, mine, theirs, by }];
}

/** Both changes; where both touched the same place, mine. Arrays that both changed: mine, whole. */
export function merge(base, mine, theirs) {
  if (same(base, theirs) || same(mine, theirs)) return mine;
  if (same(base, mine)) return theirs;
  if (typeOf(mine) !== 'object' || typeOf(theirs) !== 'object' || !isBranch(base)) return mine;
  const merged = keysOf(theirs, mine).map((key) => [
    key,
    merge(at(base, key), at(mine, key), at(theirs, key)),
  ]);
  return Object.fromEntries(merged.filter(([, value]) => value !== MISSING));
}
