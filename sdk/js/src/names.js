// Names that an application gives: of options and of events. One that is not known would be ignored
// in silence, so it is refused, with the one that was perhaps meant.

import { ValidationError } from './errors.js';

export const CALL_OPTIONS = ['signal', 'timeout'];
export const WRITE_OPTIONS = ['ttl', ...CALL_OPTIONS];
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

// Changes of one letter (Levenshtein's) that lead from one text to the other.
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1)
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] !== b[j - 1]));
    row = next;
  }
  return row[b.length];
}

/** An error about `name`, which is not in `known`. `what`: of what kind, "option of document()". */
export function unknownName(what, name, known) {
  const word = String(name);
  const far = (one) => distance(one.toLowerCase(), word.toLowerCase());
  const [near] = [...known].sort((a, b) => far(a) - far(b));
  const meant = far(near) <= 2 ? `; did you mean "${near}"?` : '.';
  const all = `There are ${known.join(', ')}`;
  return new ValidationError(`There is no ${what} "${word}"${meant} ${all}`, 400);
}

/** `options`, which have members of these names only; {} when there are none. */
export function checkOptions(what, options = {}, known) {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new ValidationError(`The options of ${what} must be an object`, 400);
  for (const name of Object.keys(options))
    if (!known.includes(name)) throw unknownName(`option of ${what}`, name, known);
  const { signal, timeout } = options;
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    throw new ValidationError('signal must be an AbortSignal', 400);
  if (timeout !== undefined && !(timeout >= 0 && timeout <= TIMEOUT_MAX_MS))
    throw new ValidationError('timeout must be a number of ms, 24 days at most', 400);
  return options;
}
