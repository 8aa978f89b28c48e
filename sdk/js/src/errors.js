// What can go wrong, as classes: tell them apart by `instanceof`, by `status` or by `code`.

/**
 * Base of all errors of this package. `status` is an HTTP status, or 0 when no answer came;
 * `code` is the five-digit code of the API, or 0.
 */
export class SyncError extends Error {
  constructor(message, status = 0, code = 0, details = {}) {
    super(`${message} (status: ${status}, code: ${code})`, { cause: details.cause });
    this.status = status;
    this.code = code;
    // Of a RevisionError: the state that made the write fail, null when there is none any more,
    // undefined when the server did not say.
    this.current = details.current;
  }
}

// Names are given, as minifying would take those of the classes away.
export function define(name, Base = SyncError) {
  const Class = class extends Base {};
  Object.defineProperty(Class, 'name', { value: name });
  Object.defineProperty(Class.prototype, 'name', { value: name });
  return Class;
}
Object.defineProperty(SyncError.prototype, 'name', { value: 'SyncError' });

export const ValidationError = define('ValidationError');
export const AuthenticationError = define('AuthenticationError');
export const PermissionError = define('PermissionError');
export const NotFoundError = define('NotFoundError');
export const ConflictError = define('ConflictError');
export const RevisionError = define('RevisionError');
export const TooLargeError = define('TooLargeError');
export const RateLimitError = define('RateLimitError');
export const UnavailableError = define('UnavailableError');
// No answer came, and none will.
export const DisconnectedError = define('DisconnectedError');
export const UnknownOutcomeError = define('UnknownOutcomeError', DisconnectedError);
export const TimeoutError = define('TimeoutError');
export const QueueFullError = define('QueueFullError');
export const OverflowError = define('OverflowError');

const BY_STATUS = {
  400: ValidationError,
  401: AuthenticationError,
  403: PermissionError,
  404: NotFoundError,
  409: ConflictError,
  412: RevisionError,
  413: TooLargeError,
  429: RateLimitError,
};

// What is wrong, and, where the server says it, what to do.
function messageOf(status, { message, details } = {}) {
  const what = message ?? `The server answered ${status}; see its log`;
  return details?.advice ? `${what}: ${details.advice}` : what;
}

/** The error that an answer of the server is. `body`: `{code, message, details}`, and more on 412. */
export function errorOf(status, body) {
  const Class = BY_STATUS[status] ?? (status >= 500 ? UnavailableError : SyncError);
  return new Class(messageOf(status, body), status, body?.code ?? 0, {
    current: body?.current,
  });
}
