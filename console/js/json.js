// JSON as the server has it: numbers keep every digit, where the browser can tell us how they were
// written (JSON.rawJSON); elsewhere they are what JavaScript makes of them.

export const isRaw = (value) => JSON.isRawJSON?.(value) ?? false;

export function parse(text) {
  return JSON.parse(text, (key, value, context) => {
    const written = context?.source;
    const keep = typeof value === 'number' && written !== undefined && String(value) !== written;
    return keep && JSON.rawJSON ? JSON.rawJSON(written) : value;
  });
}

export const pretty = (value) => JSON.stringify(value, null, 2);

export const compact = (value) => JSON.stringify(value);

/** What a value is: 'object', 'array', 'string', 'number', 'boolean' or 'null'. */
export function typeOf(value) {
  if (value === null) return 'null';
  if (isRaw(value)) return 'number';
  return Array.isArray(value) ? 'array' : typeof value;
}

export const isBranch = (value) => ['object', 'array'].includes(typeOf(value));

/** Whether this may have lost digits on its way through JSON.parse. */
export function mayBeRounded(value) {
  if (typeof value === 'number')
    return Math.abs(value) > Number.MAX_SAFE_INTEGER || String(value).length > 16;
  return isBranch(value) && Object.values(value).some(mayBeRounded);
}

/** What a person typed, as a JSON object; else an Error that says what is wrong. */
export function readObject(text) {
  let value;
  try {
    value = parse(text);
  } catch (error) {
    throw new Error(`This is not JSON: ${error.message}`, { cause: error });
  }
  if (typeOf(value) !== 'object') throw new Error('Data must be a JSON object: { … }');
  return value;
}
