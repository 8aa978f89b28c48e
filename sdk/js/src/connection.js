// The one WebSocket of a client: introduces itself with the token, answers what the server asks,
// notices when the other side is gone, and comes back.
//
//   connecting ──init accepted──▶ connected ──lost──▶ connecting ──▶ ...
//       │  init refused                │ close()
//       ▼                              ▼
//     denied ──new token──▶ connecting disconnecting ──▶ disconnected

import { Emitter } from './emitter.js';
import { DisconnectedError, errorOf } from './errors.js';
import { decodePacket, encodePacket } from './packet.js';
import { NoTokenError } from './token.js';

const INIT_TIMEOUT_MS = 10_000;
const REPLY_TIMEOUT_MS = 30_000;
const SILENCE_MS = 25_000; // then we ask whether the server is there
const PING_TIMEOUT_MS = 10_000;
const WATCH_MS = 5_000;
const STABLE_MS = 10_000; // a connection that lived as long counts as good
const EXPIRED = 20104;
const TIMER_MAX_MS = 2 ** 31 - 1;

/**
 * Events: `state` (name), `open` ({timeMs, bootId}: the server's clock, and which start of the server
 * it is; undefined with a server that does not say), `lost`, `notification` (payload), `error`
 * ({terminal, message, httpStatusCode?, errorCode?, attempts, error}), `tokenAboutToExpire`, `tokenExpired`.
 */
export class Connection extends Emitter {
  #options;
  #tokens;
  #state = 'disconnected';
  #socket = null;
  #replies = new Map(); // id of a packet -> {resolve, reject, timer}
  #ids = 0;
  #failures = 0; // attempts that failed, and connections that did not last, one after the other
  #retryTimer;
  #refreshTimer;
  #watchTimer;
  #heardAt = 0;
  #openedAt = 0;

  /**
   * @param {object} options `uri` of the WebSocket; `WebSocket`, a class; `reconnect` {minMs, maxMs};
   *   `version` of the SDK
   * @param {import('./token.js').TokenSource} tokens
   */
  constructor(options, tokens) {
    super();
    this.#options = options;
    this.#tokens = tokens;
  }

  get state() {
    return this.#state;
  }

  connect() {
    if (this.#state === 'connecting' || this.#state === 'connected') return;
    this.#move('connecting');
    this.#attempt();
    globalThis.addEventListener?.('online', this.#onOnline);
    globalThis.addEventListener?.('offline', this.#onOffline);
  }

  close() {
    globalThis.removeEventListener?.('online', this.#onOnline);
    globalThis.removeEventListener?.('offline', this.#onOffline);
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#refreshTimer);
    if (this.#state === 'disconnected') return;
    this.#move('disconnecting');
    if (this.#socket?.ready) this.#post({ method: 'close' });
    this.#drop('the client has been shut down');
    this.#move('disconnected');
  }

  /**
   * Send a packet. Resolves with the reply's {header, payload}; rejects when none can come.
   * `onReply` gets it at once, before the next packet is looked at: a promise's would come later.
   */
  send(header, payload, onReply) {
    return this.#exchange(header, payload, REPLY_TIMEOUT_MS, onReply);
  }

  /** Use the source's newest token: tell the server, or come back with it. */
  async renew() {
    if (this.#state !== 'connected') {
      this.#failures = 0;
      if (this.#state === 'connecting') this.#hurry();
      else this.connect();
      return;
    }
    const token = await this.#tokens.get();
    const { header, payload } = await this.send({ method: 'update', token });
    if (header.status.code === 200) {
      this.#armRefresh();
      return;
    }
    const { code, description, status, errorCode } = header.status;
    const { details } = payload ?? {};
    throw errorOf(code, { code: errorCode, message: description ?? status, details });
  }

  #move(state) {
    if (this.#state === state) return;
    this.#state = state;
    this.emit('state', state);
  }

  // A network that is back is worth an attempt at once, in place of one that began without it.
  #onOnline = () => {
    this.#failures = 0;
    if (this.#state === 'connecting') this.#drop('the network is back');
    this.#hurry();
  };

  #onOffline = () => {
    if (this.#socket) this.#onLost('the browser is offline');
  };

  #hurry = () => {
    if (this.#state !== 'connecting' || this.#socket) return;
    clearTimeout(this.#retryTimer);
    this.#attempt();
  };

  async #attempt() {
    const socket = { ready: false };
    this.#socket = socket;
    try {
      const token = await this.#tokens.get();
      if (this.#socket !== socket) return;
      await this.#open(socket);
      const reply = await this.#exchange(this.#introduction(token), undefined, INIT_TIMEOUT_MS);
      if (this.#socket === socket) this.#onAnswer(reply);
    } catch (error) {
      if (this.#socket === socket) this.#onFailure(error);
    }
  }

  async #open(socket) {
    const Class = this.#options.WebSocket ?? globalThis.WebSocket ?? (await ownWebSocket());
    const ws = new Class(this.#options.uri);
    ws.binaryType = 'arraybuffer';
    socket.ws = ws;
    await new Promise((resolve, reject) => {
      const fail = () => reject(new DisconnectedError(unreachable(this.#options.uri)));
      const timer = setTimeout(fail, INIT_TIMEOUT_MS);
      ws.onopen = () => {
        clearTimeout(timer);
        resolve();
      };
      ws.onerror = () => {}; // onclose follows
      ws.onclose = () => {
        clearTimeout(timer);
        fail();
        if (this.#socket === socket && socket.ready) this.#onLost('the connection was lost');
      };
      ws.onmessage = ({ data }) => {
        if (this.#socket === socket) this.#onMessage(data);
      };
    });
    socket.ready = true;
  }

  #introduction(token) {
    const types = ['twilio.sync.event'];
    const product = { product: 'data_sync', type: 'ers', notification_protocol_version: 0 };
    return {
      method: 'init',
      token,
      metadata: { ver: 3, type: 'sync', sdk: 'tutti-sync', sdkv: this.#options.version },
      registrations: [{ ...product, message_types: types }],
      capabilities: ['client_update'],
    };
  }

  #onAnswer({ header, payload }) {
    const { code, description, status, errorCode } = header.status;
    if (code === 200) {
      this.#openedAt = Date.now();
      this.#watch();
      this.#armRefresh();
      this.#move('connected');
      const { time_ms: timeMs, boot_id: bootId } = header.debug_info ?? {};
      this.emit('open', { timeMs, bootId });
      return;
    }
    const { details } = payload ?? {};
    const error = errorOf(code, { code: errorCode, message: description ?? status, details });
    error.retryAfterMs = payload?.backoff_policy?.reconnect_min_ms;
    this.#onFailure(error);
  }

  #onFailure(error) {
    const refused = error.status === 401 || error.status === 403;
    const hopeless = error instanceof NoTokenError && !this.#openedAt;
    const terminal = hopeless || (refused && !this.#tokens.makes);
    this.#failures += 1;
    this.#drop(error.message);
    if (terminal) this.#move('denied');
    else if (refused) this.#tokens.forget();
    this.emit('error', {
      terminal,
      message: error.message,
      httpStatusCode: error.status || undefined,
      errorCode: error.code || undefined,
      attempts: this.#failures,
      error,
    });
    if (terminal && error.code === EXPIRED) this.emit('tokenExpired');
    if (this.#state !== 'connecting' || this.#socket) return; // a listener has closed or gone on
    // The first refusal of a token that the function made long ago says only that it is old.
    this.#retry(refused && this.#failures === 1 ? 0 : error.retryAfterMs);
  }

  #onLost(reason) {
    if (this.#state !== 'connected') {
      this.#onFailure(new DisconnectedError(reason));
      return;
    }
    this.#failures = Date.now() - this.#openedAt > STABLE_MS ? 0 : this.#failures + 1;
    this.#drop(reason);
    this.#move('connecting');
    if (!this.#socket) this.#retry();
  }

  // Full jitter, so that the clients of a server that restarts do not come back as one.
  #retry(delayMs) {
    const { minMs, maxMs } = this.#options.reconnect;
    const most = Math.min(maxMs, minMs * 2 ** this.#failures);
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(
      () => this.#hurry(),
      delayMs ?? minMs / 2 + Math.random() * (most - minMs / 2),
    );
  }

  // What hangs on the socket ends with it.
  #drop(reason) {
    const socket = this.#socket;
    this.#socket = null;
    clearInterval(this.#watchTimer);
    clearTimeout(this.#refreshTimer);
    try {
      socket?.ws?.close();
    } catch {
      // it was not open yet, and will not be
    }
    const error = new DisconnectedError(reason);
    const replies = [...this.#replies.values()];
    this.#replies.clear();
    for (const { reject, timer } of replies) {
      clearTimeout(timer);
      reject(error);
    }
    if (socket) this.emit('lost');
  }

  #post(header, payload) {
    this.#socket.ws.send(encodePacket(header, payload));
  }

  #exchange(header, payload, timeoutMs, onReply) {
    if (!this.#socket?.ready) return Promise.reject(new DisconnectedError('not connected'));
    const id = `T${(this.#ids += 1)}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#onLost('the server does not answer'), timeoutMs);
      this.#replies.set(id, { resolve, reject, timer, onReply });
      this.#post({ ...header, id }, payload);
    });
  }

  #watch() {
    this.#heardAt = Date.now();
    this.#watchTimer = setInterval(() => {
      if (Date.now() - this.#heardAt < SILENCE_MS) return;
      this.#heardAt = Date.now();
      this.#exchange({ method: 'ping' }, undefined, PING_TIMEOUT_MS).catch(() => {});
    }, WATCH_MS);
    this.#watchTimer.unref?.();
  }

  #onMessage(data) {
    let packet;
    try {
      packet = decodePacket(data);
    } catch {
      this.#onLost('the server sent what is no packet');
      return;
    }
    const { header, payload } = packet;
    this.#heardAt = Date.now();
    if (header.method === 'reply') {
      const reply = this.#replies.get(header.id);
      this.#replies.delete(header.id);
      clearTimeout(reply?.timer);
      reply?.onReply?.(packet);
      reply?.resolve(packet);
      return;
    }
    this.#post({ method: 'reply', id: header.id, status: { code: 200, status: 'OK' } });
    if (header.method === 'notification') this.emit('notification', payload);
    else if (header.method === 'client_update') this.emit('tokenAboutToExpire');
    else if (header.method === 'close') this.#onLost(header.status?.status ?? 'closed');
  }

  #armRefresh() {
    clearTimeout(this.#refreshTimer);
    const inMs = this.#tokens.makes ? this.#tokens.refreshInMs() : undefined;
    if (inMs === undefined) return;
    this.#refreshTimer = setTimeout(() => this.#refresh(), Math.min(inMs, TIMER_MAX_MS));
    this.#refreshTimer.unref?.();
  }

  async #refresh() {
    try {
      await this.#tokens.renew();
      await this.renew();
    } catch (error) {
      // The token that is in use still counts: try again while it does.
      this.emit('error', { terminal: false, message: error.message, error });
      if (this.#state === 'connected') this.#armRefresh();
    }
  }
}

const unreachable = (uri) =>
  `No connection to ${uri}: is Tutti running there? Its address is the option url`;

// Node before 22 has none; browsers never come here.
async function ownWebSocket() {
  const { NodeWebSocket } = await import('./websocket.node.js');
  return NodeWebSocket;
}
