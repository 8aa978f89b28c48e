// tutti-sync: JSON state that stays in step between everybody who looks at it.
//
// Reading order: client.js opens objects; entity.js, document.js, collection.js (list.js, map.js),
// stream.js and query.js are the objects; subscriptions.js and requests.js are what they say to the
// server; connection.js, packet.js and token.js are how. react.js has hooks, server.js makes
// tokens for back ends; names.js refuses options and events that there are not.

export { SyncClient, SyncClient as Client } from './client.js';
export { SyncDocument } from './document.js';
export { SyncList, SyncListItem } from './list.js';
export { SyncMap, SyncMapItem } from './map.js';
export { SyncStream } from './stream.js';
export { InsightsItem, InstantQuery, LiveQuery } from './query.js';
export { Paginator } from './paginator.js';
export {
  AuthenticationError,
  ConflictError,
  DisconnectedError,
  NotFoundError,
  OverflowError,
  PermissionError,
  QueueFullError,
  RateLimitError,
  RevisionError,
  SyncError,
  TimeoutError,
  TooLargeError,
  UnavailableError,
  UnknownOutcomeError,
  ValidationError,
} from './errors.js';
