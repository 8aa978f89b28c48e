// The types of tutti-sync. Dates on the wire are ISO 8601 in UTC; times to live are seconds, timeouts
// milliseconds. Whatever returns a promise may reject with a SyncError.

export type Json = { [member: string]: any };

/** Why a call ends before its answer. */
export interface CallOptions {
  /** The call rejects with the signal's reason; what waits is not sent. */
  signal?: AbortSignal;
  /** Milliseconds; then the call rejects with a TimeoutError. Default: none. */
  timeout?: number;
}

export interface WriteOptions extends CallOptions {
  /** Seconds to live from now on, 0: for ever. Default: as it was. */
  ttl?: number;
}

export type SyncDocumentMetadata = WriteOptions;
export type SyncListItemMetadata = WriteOptions;
export type SyncMapItemMetadata = WriteOptions;

/**
 * Gets a copy of what there is; returns what there is to be, or nothing if it has changed the copy; or
 * null to leave all as it is.
 */
export type Mutator<T extends object = Json> = (
  current: T,
) => T | null | undefined | void | Promise<T | null | undefined | void>;

// --- errors ---

export class SyncError extends Error {
  constructor(
    message: string,
    status?: number,
    code?: number,
    details?: { cause?: unknown; current?: unknown },
  );
  /** HTTP status; 0: no answer came. */
  readonly status: number;
  /** Five-digit code of the API; 0: none. */
  readonly code: number;
  /** Of a RevisionError: what there is now, null when nothing; undefined when the server did not say. */
  readonly current?: unknown;
}
/** 400: an argument that cannot be. */
export class ValidationError extends SyncError {}
/** 401: the token was refused. */
export class AuthenticationError extends SyncError {}
/** 403: the identity may not do that. */
export class PermissionError extends SyncError {}
/** 404: there is no such object or item, or no more. */
export class NotFoundError extends SyncError {}
/** 409: one with this name or key is there already. */
export class ConflictError extends SyncError {}
/** 412: somebody else has written in between. */
export class RevisionError extends SyncError {}
/** 413: the data is too large. */
export class TooLargeError extends SyncError {}
/** 429: too much at a time. */
export class RateLimitError extends SyncError {}
/** 5xx: the server cannot now. */
export class UnavailableError extends SyncError {}
/** No answer came, and none will: the client was shut down. */
export class DisconnectedError extends SyncError {}
/** Nobody knows whether the write was done: read, and see. */
export class UnknownOutcomeError extends DisconnectedError {}
/** The call's timeout is over. */
export class TimeoutError extends SyncError {}
/** As many writes as may wait do. */
export class QueueFullError extends SyncError {}
/** A loop over events did not take them. */
export class OverflowError extends SyncError {}

// --- events ---

export interface EventsOptions {
  /** Ends the loop. */
  signal?: AbortSignal;
  /** Events that may wait for the loop; more: OverflowError. Default 1000. */
  limit?: number;
}

type Arguments = any[];

/** `Events`: the arguments of listeners, by name of event. */
declare class Emitter<Events extends Record<keyof Events, Arguments>> {
  on<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this;
  once<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this;
  off<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this;
  addListener<Name extends keyof Events>(
    name: Name,
    listener: (...values: Events[Name]) => void,
  ): this;
  removeListener<Name extends keyof Events>(
    name: Name,
    listener: (...values: Events[Name]) => void,
  ): this;
  removeAllListeners(name?: keyof Events): this;
  listenerCount(name: keyof Events): number;
  emit<Name extends keyof Events>(name: Name, ...values: Events[Name]): boolean;
  /** Events of one name as a loop, until the signal or `close()`. */
  events<Name extends keyof Events>(
    name: Name,
    options?: EventsOptions,
  ): AsyncIterableIterator<Events[Name][0]>;
}

/** Shows the members of what it is about, and its own. */
export type EventOf<T extends object, Members extends object> = Omit<T, keyof Members> & Members;

interface HandleEvents {
  failure: [error: SyncError];
  /** Own writes that are not answered. */
  pendingChanged: [count: number];
  closed: [];
}

export interface RemovedEvent {
  isLocal: boolean;
}

// --- objects ---

/** What an application holds of an object; there may be more than one of the same. */
declare class Handle<Events extends Record<keyof Events, Arguments>> extends Emitter<Events> {
  protected constructor();
  readonly sid: string;
  readonly type: string;
  readonly uniqueName: string | null;
  readonly uri: string;
  readonly links: Record<string, string>;
  readonly revision: string;
  readonly lastEventId: number | null;
  readonly createdBy: string;
  readonly dateCreated: Date;
  readonly dateUpdated: Date;
  /** null: never */
  readonly dateExpires: string | null;
  /** Whether what is known of the object is kept up to date: subscribed, and connected. */
  readonly live: boolean;
  /** Own writes to the object that the server has not answered yet. */
  readonly pending: number;
  /** Seconds to live from now on; 0: for ever. */
  setTtl(ttl: number, options?: CallOptions): Promise<void>;
  close(): void;
}

export interface DocumentUpdate<T extends object> {
  data: T;
  previousData: T;
  isLocal: boolean;
  /** The identity, when it was somebody else. */
  changedBy?: string;
  /** Of optimistic clients: whether own writes are in the data that the server has not answered. */
  pending?: boolean;
}

export interface DocumentEvents<T extends object> extends HandleEvents {
  updated: [event: EventOf<T, DocumentUpdate<T>>];
  removed: [event: EventOf<T, RemovedEvent & { previousData: T }>];
  /** Of optimistic clients: a write that was seen has failed. `data`: what there is without it. */
  rolledBack: [event: { error: unknown; data: T; previousData: T }];
}

export class SyncDocument<T extends object = Json> extends Handle<DocumentEvents<T>> {
  static readonly type: 'document';
  static readonly updated: 'updated';
  static readonly removed: 'removed';
  readonly data: T;
  /** The same as `data`. */
  readonly value: T;
  /** Replace the data. Resolves with it. */
  set(data: T, options?: WriteOptions): Promise<T>;
  /** Change the data until nobody else has in between. Resolves with it. */
  mutate(mutator: Mutator<T>, options?: WriteOptions): Promise<T>;
  /** Set some members. Resolves with the data. */
  update(members: Partial<T>, options?: WriteOptions): Promise<T>;
  removeDocument(options?: CallOptions): Promise<void>;
}

declare class SyncItem<T extends object> {
  protected constructor();
  readonly data: T;
  /** The same as `data`. */
  readonly value: T;
  /** Whether own writes that the server has not answered are in the data; see `optimistic`. */
  readonly pending: boolean;
  /** null: of an item that the server does not know yet. */
  readonly revision: string;
  readonly lastEventId: number;
  readonly createdBy: string;
  readonly dateUpdated: Date;
  readonly dateExpires: string | null;
  readonly url: string;
  readonly uri: string;
}

export class SyncListItem<T extends object = Json> extends SyncItem<T> {
  /** Of optimistic clients null while the push is pending. */
  readonly index: number;
  readonly cacheKey: number;
}

export class SyncMapItem<T extends object = Json> extends SyncItem<T> {
  readonly key: string;
  readonly cacheKey: string;
}

export class Paginator<Item> implements AsyncIterable<Item> {
  protected constructor();
  readonly items: Item[];
  readonly hasNextPage: boolean;
  readonly hasPrevPage: boolean;
  /** Whether there was no connection, and these are what memory has. */
  readonly fromMemory: boolean;
  nextPage(): Promise<Paginator<Item>>;
  prevPage(): Promise<Paginator<Item>>;
  /** The items of this page and all that follow. */
  [Symbol.asyncIterator](): AsyncGenerator<Item>;
}

interface PageQuery<Name> {
  /** Where to begin, whether or not there is such an item. */
  from?: Name;
  /** 1 to 100; default 50. */
  pageSize?: number;
  limit?: number;
  order?: 'asc' | 'desc';
  /** Whether `from` itself belongs to it. Default: 'inclusive'. */
  bounds?: 'inclusive' | 'exclusive';
}
export interface SyncListItemQueryOptions extends PageQuery<number> {
  index?: number;
}
export interface SyncMapItemQueryOptions extends PageQuery<string> {
  key?: string;
}

export interface CollectionEvents<
  T extends object,
  Item,
  Place extends object,
> extends HandleEvents {
  itemAdded: [event: EventOf<T, { item: Item; isLocal: boolean; pending?: boolean }>];
  itemUpdated: [
    event: EventOf<
      T,
      { item: Item; isLocal: boolean; previousItemData: T | null; pending?: boolean }
    >,
  ];
  /** `item`: of optimistic clients, one that the server never had. */
  itemRemoved: [
    event: EventOf<T, Place & { isLocal: boolean; previousItemData: T | null; item?: Item }>,
  ];
  /** Of optimistic clients: a write that was seen has failed. */
  rolledBack: [event: { error: unknown; item: Item }];
  removed: [event: RemovedEvent];
  /** What was missed could not be told: read again. */
  reset: [event: {}];
}

declare class Collection<T extends object, Item, Name, Query, Place extends object>
  extends Handle<CollectionEvents<T, Item, Place>>
  implements AsyncIterable<Item>
{
  static readonly itemAdded: 'itemAdded';
  static readonly itemUpdated: 'itemUpdated';
  static readonly itemRemoved: 'itemRemoved';
  static readonly removed: 'removed';
  /** Rejects with NotFoundError when there is none. */
  get(name: Name): Promise<Item>;
  remove(name: Name, options?: CallOptions): Promise<void>;
  setItemTtl(name: Name, ttl: number, options?: CallOptions): Promise<void>;
  getItems(query?: Query): Promise<Paginator<Item>>;
  /** All items, in order. */
  [Symbol.asyncIterator](): AsyncGenerator<Item>;
}

export class SyncList<T extends object = Json> extends Collection<
  T,
  SyncListItem<T>,
  number,
  SyncListItemQueryOptions,
  { index: number }
> {
  static readonly type: 'list';
  /** Add at the end. Resolves with the item. */
  push(data: T, options?: WriteOptions): Promise<SyncListItem<T>>;
  set(index: number, data: T, options?: WriteOptions): Promise<SyncListItem<T>>;
  mutate(index: number, mutator: Mutator<T>, options?: WriteOptions): Promise<SyncListItem<T>>;
  update(index: number, members: Partial<T>, options?: WriteOptions): Promise<SyncListItem<T>>;
  getContext(): Promise<Json>;
  removeList(options?: CallOptions): Promise<void>;
}

export class SyncMap<T extends object = Json> extends Collection<
  T,
  SyncMapItem<T>,
  string,
  SyncMapItemQueryOptions,
  { key: string }
> {
  static readonly type: 'map';
  /** Create or replace. Resolves with the item. */
  set(key: string, data: T, options?: WriteOptions): Promise<SyncMapItem<T>>;
  /** Of a key that is not there the mutator gets {}. Resolves with undefined if there is no item then. */
  mutate(key: string, mutator: Mutator<T>, options?: WriteOptions): Promise<SyncMapItem<T>>;
  update(key: string, members: Partial<T>, options?: WriteOptions): Promise<SyncMapItem<T>>;
  removeMap(options?: CallOptions): Promise<void>;
}

export interface SyncStreamMessage<T extends object = Json> {
  sid: string;
  data: T;
}

export interface StreamEvents<T extends object> extends HandleEvents {
  messagePublished: [event: EventOf<T, { message: SyncStreamMessage<T>; isLocal: boolean }>];
  removed: [event: RemovedEvent];
}

export class SyncStream<T extends object = Json> extends Handle<StreamEvents<T>> {
  static readonly type: 'stream';
  static readonly messagePublished: 'messagePublished';
  static readonly removed: 'removed';
  publishMessage(data: T, options?: CallOptions): Promise<SyncStreamMessage<T>>;
  removeStream(options?: CallOptions): Promise<void>;
}

// --- queries ---

/** Data of what matches, by key. */
export type ItemsSnapshot<T extends object = Json> = { [key: string]: T };

export class InsightsItem<T extends object = Json> {
  constructor(key: string, value: T, lastEventId: number);
  key: string;
  value: T;
  lastEventId: number;
}

export interface LiveQueryEvents<T extends object> extends HandleEvents {
  itemUpdated: [item: InsightsItem<T>];
  itemRemoved: [event: { key: string }];
  removed: [event: RemovedEvent];
}

export class LiveQuery<T extends object = Json> extends Handle<LiveQueryEvents<T>> {
  static readonly type: 'live_query';
  static readonly itemUpdated: 'itemUpdated';
  static readonly itemRemoved: 'itemRemoved';
  getItems(): ItemsSnapshot<T>;
}

export class InstantQuery<T extends object = Json> extends Emitter<{
  searchResult: [items: ItemsSnapshot<T>];
}> {
  protected constructor();
  static readonly type: 'instant_query';
  static readonly searchResult: 'searchResult';
  readonly type: string;
  search(queryString: string): Promise<void>;
  /** The last search as a live query. */
  subscribe(): Promise<LiveQuery<T>>;
  getItems(): ItemsSnapshot<T>;
  updateIndexName(indexName: string): void;
}

// --- the client ---

export type OpenMode = 'open_or_create' | 'open_existing' | 'create_new';

export interface OpenOptions extends CallOptions {
  /** SID or unique name. */
  id?: string;
  /** Default: 'open_or_create' with an id, 'create_new' without. */
  mode?: OpenMode;
  /** Seconds to live, if it is created. */
  ttl?: number;
}
export interface OpenDocumentOptions<T extends object = Json> extends OpenOptions {
  /** The data, if it is created. */
  data?: T;
}
export interface OpenListOptions extends OpenOptions {
  purpose?: string;
  context?: Json;
  includeItems?: boolean;
}
export interface OpenMapOptions extends OpenOptions {
  /** Bring the first items with it. */
  includeItems?: boolean;
}
export interface OpenStreamOptions extends OpenOptions {}

export type ConnectionState =
  'connecting' | 'connected' | 'denied' | 'disconnecting' | 'disconnected' | 'error';

export interface ConnectionError {
  /** Nothing more is tried without a new token. */
  terminal: boolean;
  message: string;
  httpStatusCode?: number;
  errorCode?: number;
}

export interface SyncClientOptions {
  /** Where the server is. Default: the page's origin. */
  url?: string;
  /** Writes that may wait. Default 1000. */
  maxPending?: number;
  /** Items of a list or map that memory keeps. Default 10000. */
  itemsMax?: number;
  /** Pauses between attempts to connect, in ms. Default 250 and 30000. */
  reconnect?: { minMs?: number; maxMs?: number };
  /** Own writes are seen at once, and taken back if they fail. Default false. */
  optimistic?: boolean;
  /** A class like the browsers'. Default: theirs, or one for Node. */
  WebSocket?: unknown;
  /** Of twilio-sync: the same as `url`. */
  cdsUri?: string;
  /** Of twilio-sync: the address of the WebSocket. */
  twilsock?: { uri?: string; [more: string]: any };
  /** Options of twilio-sync that have no effect here. */
  logLevel?: string;
  region?: string;
  Sync?: object;
  productId?: string;
  clientMetadata?: object;
  initRegistrations?: unknown;
  twilsockClient?: unknown;
}

export interface ClientEvents {
  connectionStateChanged: [state: ConnectionState];
  connectionError: [error: ConnectionError];
  tokenAboutToExpire: [];
  tokenExpired: [];
  pendingChanged: [count: number];
}

export class SyncClient extends Emitter<ClientEvents> {
  /** `token`: an access token, or what makes one whenever one is needed. */
  constructor(token: string | (() => string | Promise<string>), options?: SyncClientOptions);
  static readonly version: string;
  static readonly connectionStateChanged: 'connectionStateChanged';
  static readonly connectionError: 'connectionError';
  static readonly tokenAboutToExpire: 'tokenAboutToExpire';
  static readonly tokenExpired: 'tokenExpired';
  readonly connectionState: ConnectionState;
  /** Own writes that the server has not answered yet. */
  readonly pending: number;
  document<T extends object = Json>(
    argument?: string | OpenDocumentOptions<T>,
  ): Promise<SyncDocument<T>>;
  list<T extends object = Json>(argument?: string | OpenListOptions): Promise<SyncList<T>>;
  map<T extends object = Json>(argument?: string | OpenMapOptions): Promise<SyncMap<T>>;
  stream<T extends object = Json>(argument?: string | OpenStreamOptions): Promise<SyncStream<T>>;
  /** What matches in a map, and every change of it. */
  liveQuery<T extends object = Json>(indexName: string, queryString: string): Promise<LiveQuery<T>>;
  instantQuery<T extends object = Json>(indexName: string): Promise<InstantQuery<T>>;
  /** Rejects with an AuthenticationError when it is refused; then the old one counts on. */
  updateToken(token: string): Promise<void>;
  /** Close the connection; what waits is rejected with a DisconnectedError. */
  shutdown(): Promise<void>;
}

export { SyncClient as Client };
