// What happens on the server, as it happens: through the SDK, one client a service. Where the
// service's permissions keep the identity "console" out, we ask over REST instead, again and again.

import { SyncClient } from '/sdk/index.js';
import { post } from './api.js';
import { every } from './dom.js';

const POLL_MS = 2000;
const OPEN_TIMEOUT_MS = 8000;

const clients = new Map(); // service -> SyncClient

export async function mint(service, identity = 'console', ttl = 3600) {
  return post('/console/tokens', { identity, service, ttl });
}

function clientOf(service) {
  let client = clients.get(service);
  if (!client) {
    const token = async () => (await mint(service)).token;
    client = new SyncClient(token, { url: location.origin });
    clients.set(service, client);
  }
  return client;
}

export function closeClients() {
  for (const client of clients.values()) client.shutdown().catch(() => {});
  clients.clear();
}

// Tell of the connection until `signal` aborts.
function tellState(client, tell, signal) {
  const onState = (state) => tell(state === 'connected' ? 'live' : 'reconnecting');
  client.on('connectionStateChanged', onState);
  signal.addEventListener('abort', () => client.off('connectionStateChanged', onState));
  onState(client.connectionState);
}

/**
 * Follow an object until `signal` aborts.
 *
 * @param {object} what `kind` ('document', 'list', 'map', 'stream'), `service` and `sid`
 * @param {object} to `opened(handle)`; `on`, listeners by the SDK's names of events; `poll()`, every
 *   two seconds where the object cannot be followed; `state(name)`: 'connecting', 'live',
 *   'reconnecting' or 'polling'
 */
export async function follow({ kind, service, sid }, { opened, on, poll, state }, signal) {
  const over = new AbortController(); // with the live part: denied, or the page is left
  signal.addEventListener('abort', () => over.abort());
  const fallBack = () => {
    if (over.signal.aborted) return;
    over.abort();
    state('polling');
    if (poll) every(POLL_MS, poll, signal);
  };
  state('connecting');
  try {
    const client = clientOf(service);
    const options = { id: sid, mode: 'open_existing', timeout: OPEN_TIMEOUT_MS };
    const handle = await client[kind](options);
    over.signal.addEventListener('abort', () => handle.close());
    if (signal.aborted) {
      handle.close();
      return;
    }
    for (const [name, listener] of Object.entries(on)) handle.on(name, listener);
    handle.on('failure', (error) => error.status === 403 && fallBack());
    opened?.(handle);
    tellState(client, state, over.signal);
  } catch {
    fallBack();
  }
}
