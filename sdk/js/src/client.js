// The client: opens objects, keeps one copy of each, and holds the connection they share.

import { Connection } from './connection.js';
import { DocumentEntity, SyncDocument } from './document.js';
import { Emitter } from './emitter.js';
import { asData, asTtl, within } from './entity.js';
import {
  AuthenticationError,
  DisconnectedError,
  QueueFullError,
  UnknownOutcomeError,
  ValidationError,
} from './errors.js';
import { ListEntity, SyncList } from './list.js';
import { MapEntity, SyncMap } from './map.js';
import { InstantQuery, LiveQuery, LiveQueryEntity, runQuery } from './query.js';
import { WRITE_OPTIONS, checkOptions } from './names.js';
import { Requests } from './requests.js';
import { StreamEntity, SyncStream } from './stream.js';
import { Subscriptions } from './subscriptions.js';
import { TokenSource } from './token.js';

export const VERSION = '0.1.0';

const MODES = ['open_or_create', 'open_existing', 'create_new'];
const RACES_MAX = 10; // of opening against creating against removing
const RACE_PAUSE_MS = 20;

const OPEN_OPTIONS = ['id', 'mode', ...WRITE_OPTIONS];

const KINDS = {
  document: { Entity: DocumentEntity, Handle: SyncDocument, folder: 'Documents', more: ['data'] },
  list: {
    Entity: ListEntity,
    Handle: SyncList,
    folder: 'Lists',
    more: ['purpose', 'context', 'includeItems'],
  },
  map: { Entity: MapEntity, Handle: SyncMap, folder: 'Maps', more: ['includeItems'] },
  stream: { Entity: StreamEntity, Handle: SyncStream, folder: 'Streams', more: [] },
};

const OPTIONS = [
  'url',
  'optimistic',
  'maxPending',
  'itemsMax',
  'reconnect',
  'WebSocket',
  // Those of twilio-sync; the first two count, the others have no effect.
  'cdsUri',
  'twilsock',
  'logLevel',
  'region',
  'Sync',
  'productId',
  'clientMetadata',
  'initRegistrations',
  'twilsockClient',
];

// Where the WebSocket is. Understands the options of twilio-sync, too.
function socketUri({ url, cdsUri, twilsock }) {
  const base = twilsock?.uri ?? url ?? cdsUri ?? globalThis.location?.origin;
  if (!base) throw new ValidationError('Say where the server is: { url: "https://HOST:PORT" }');
  if (!/^(http|ws)s?:\/\/[^/]/.test(base)) throw wrongUrl(base);
  try {
    return new URL(twilsock?.uri ? '' : '/v3/wsconnect', base).href.replace(/^http/, 'ws');
  } catch {
    throw wrongUrl(base);
  }
}

const wrongUrl = (url) =>
  new ValidationError(`url must be like "https://HOST:PORT", not ${JSON.stringify(url)}`, 400);

function openOptions(argument, kind) {
  const given = typeof argument === 'string' ? { id: argument } : (argument ?? {});
  const options = {
    ...checkOptions(`${kind}()`, given, [...OPEN_OPTIONS, ...KINDS[kind].more]),
  };
  options.mode ??= options.id ? 'open_or_create' : 'create_new';
  if (!MODES.includes(options.mode))
    throw new ValidationError(`mode must be one of ${MODES.join(', ')}`);
  if (options.id === undefined && options.mode !== 'create_new')
    throw new ValidationError(`To open what exists, say its name: { id: "NAME" }`, 404);
  asTtl(options.ttl);
  if (kind === 'document') options.data = asData(options.data ?? {});
  return options;
}

/**
 * Events: `connectionStateChanged` (state), `connectionError` ({terminal, message,
 * httpStatusCode?, errorCode?}), `tokenAboutToExpire`, `tokenExpired`, `pendingChanged` (count).
 */
export class SyncClient extends Emitter {
  static events = [
    'connectionStateChanged',
    'connectionError',
    'tokenAboutToExpire',
    'tokenExpired',
    'pendingChanged',
  ];
  static connectionStateChanged = 'connectionStateChanged';
  static connectionError = 'connectionError';
  static tokenAboutToExpire = 'tokenAboutToExpire';
  static tokenExpired = 'tokenExpired';

  #connection;
  #requests;
  #tokens;
  #pending = 0;
  #opened = false;
  #warned = false;
  #services; // what entities see of this
  #entities = new Map(); // sid -> entity
  #names = new Map(); // type and unique name -> entity

  static get version() {
    return VERSION;
  }

  /**
   * @param {string | (() => string | Promise<string>)} token an access token, or what makes one
   *   whenever one is needed
   * @param {object} [options] `url` of the server (default: the page's origin); `maxPending`, writes
   *   that may wait (1000); `itemsMax`, items of a collection kept in memory (10000);
   *   `reconnect: {minMs, maxMs}`; `WebSocket`, a class; `optimistic`, own writes are seen at once
   */
  constructor(token, options = {}) {
    super();
    if (typeof token !== 'function' && (typeof token !== 'string' || !token))
      throw new ValidationError('A token, or a function that makes one, is needed');
    const {
      maxPending = 1000,
      itemsMax = 10_000,
      reconnect = {},
      optimistic,
    } = checkOptions('SyncClient', options, OPTIONS);
    checkOptions('reconnect', reconnect, ['minMs', 'maxMs']);
    this.#tokens = new TokenSource(token);
    this.#connection = new Connection(
      {
        uri: socketUri(options),
        WebSocket: options.WebSocket,
        reconnect: { minMs: 250, maxMs: 30_000, ...reconnect },
        version: VERSION,
      },
      this.#tokens,
    );
    this.#requests = new Requests(this.#connection);
    this.#services = {
      options: { itemsMax, optimistic },
      requests: this.#requests,
      subscriptions: new Subscriptions(this.#connection, this.#requests),
      liveQuery: (...names) => this.liveQuery(...names),
      isOffline: () => this.#connection.state !== 'connected',
      forget: (entity) => this.#forget(entity),
      count: (by) => {
        this.#pending += by;
        this.emit('pendingChanged', this.#pending);
      },
      admit: () => {
        if (this.#pending < maxPending) return;
        throw new QueueFullError(`${maxPending} writes wait already; wait until some are done`);
      },
    };
    this.#relay();
    this.#connection.connect();
  }

  #relay() {
    this.#connection
      .on('state', (state) => {
        if (state === 'connecting') this.#requests.refuse(null);
        this.emit('connectionStateChanged', state);
      })
      .on('open', () => {
        this.#opened = true;
        this.#warned = false;
      })
      .on('tokenAboutToExpire', () => this.emit('tokenAboutToExpire'))
      .on('tokenExpired', () => this.emit('tokenExpired'))
      .on('error', ({ error, attempts, ...told }) => {
        if (!this.emit('connectionError', told)) this.#warn(told, attempts);
        // Who was never let in will not be; who was may yet bring a new token for what waits.
        if (this.#opened) return;
        if (told.terminal) this.#requests.refuse(error);
        else if (error instanceof AuthenticationError && attempts > 1) this.#requests.fail(error);
      });
  }

  // What nobody listens to is said once, lest calls wait in silence; and not of a token that was
  // merely old, as the next one is under way.
  #warn({ terminal, message, httpStatusCode }, attempts) {
    const routine = !terminal && httpStatusCode === 401 && attempts === 1;
    if (this.#warned || routine) return;
    this.#warned = true;
    const next = terminal ? 'It waits for client.updateToken(TOKEN).' : 'It tries again.';
    globalThis.console?.warn(
      `tutti-sync is not connected: ${message}. ${next} The event connectionError tells more.`,
    );
  }

  /** 'connecting', 'connected', 'denied', 'disconnecting' or 'disconnected'. */
  get connectionState() {
    return this.#connection.state;
  }

  /** Own writes that the server has not answered yet. */
  get pending() {
    return this.#pending;
  }

  /** Open a document by its name or SID, or create it: see OpenOptions. */
  async document(argument) {
    return this.#open('document', argument);
  }

  async list(argument) {
    return this.#open('list', argument);
  }

  async map(argument) {
    return this.#open('map', argument);
  }

  async stream(argument) {
    return this.#open('stream', argument);
  }

  /** What matches in a map, and every change of it. */
  async liveQuery(indexName, queryString) {
    const answer = await runQuery(this.#services, indexName, queryString, { type: 'live_query' });
    const entity =
      this.#entities.get(answer.query_id) ??
      new LiveQueryEntity(this.#services, indexName, queryString, answer);
    this.#entities.set(entity.sid, entity);
    return new LiveQuery(entity);
  }

  async instantQuery(indexName) {
    return new InstantQuery(this.#services, indexName);
  }

  /** Go on with another token of the same identity. Who is connected stays so if it is refused. */
  async updateToken(token) {
    if (typeof token !== 'string' || !token) throw new ValidationError('A token is needed');
    const former = this.#tokens.set(token);
    if (former === token && this.connectionState === 'connected') return;
    try {
      await this.#connection.renew();
    } catch (cause) {
      if (!(cause instanceof AuthenticationError)) throw cause;
      this.#tokens.set(former);
      throw new AuthenticationError(`Can't update token: ${cause.message}`, 400, 51130, { cause });
    }
  }

  /** Close the connection. What waits for the server is rejected. */
  async shutdown() {
    this.#connection.close();
    this.#services.subscriptions.close();
    this.#requests.close(new DisconnectedError('The client has been shut down'));
  }

  async [Symbol.asyncDispose ?? Symbol('asyncDispose')]() {
    await this.shutdown();
  }

  async #open(type, argument) {
    const options = openOptions(argument, type);
    return within(options, async (signal) => {
      const entity = await this.#find(type, options);
      signal?.throwIfAborted();
      return new KINDS[type].Handle(entity);
    });
  }

  async #find(type, options) {
    if (options.mode === 'create_new') return this.#keep(type, await this.#create(type, options));
    for (let race = 1; ; race += 1) {
      const known = this.#names.get(`${type} ${options.id}`) ?? this.#entities.get(options.id);
      if (known?.type === type) return known;
      try {
        return this.#keep(type, await this.#read(type, options));
      } catch (error) {
        if (error.status !== 404 || options.mode === 'open_existing') throw error;
      }
      try {
        return this.#keep(type, await this.#create(type, options));
      } catch (error) {
        // Somebody was faster; or perhaps we were.
        const again = error.status === 409 || error instanceof UnknownOutcomeError;
        if (!again || race >= RACES_MAX) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * RACE_PAUSE_MS * race));
    }
  }

  async #read(type, { id, includeItems }) {
    const path = `/v3/${KINDS[type].folder}/${encodeURIComponent(id)}`;
    const params = type === 'map' && includeItems ? { Include: 'items' } : undefined;
    return (await this.#requests.read(path, params)).body;
  }

  async #create(type, { id, ttl, data, purpose, context }) {
    const body = { unique_name: id, ttl };
    if (type === 'document') body.data = data;
    if (type === 'list') Object.assign(body, { purpose, context });
    const answer = await this.#requests.write({
      method: 'POST',
      path: `/v3/${KINDS[type].folder}`,
      body,
    });
    return { ...answer.body, data };
  }

  #keep(type, root) {
    const known = this.#entities.get(root.sid);
    if (known) return known;
    const entity = new KINDS[type].Entity(this.#services, root);
    this.#entities.set(entity.sid, entity);
    if (entity.uniqueName) this.#names.set(`${type} ${entity.uniqueName}`, entity);
    return entity;
  }

  #forget(entity) {
    if (this.#entities.get(entity.sid) !== entity) return;
    this.#entities.delete(entity.sid);
    this.#names.delete(`${entity.type} ${entity.uniqueName}`);
  }
}
