// Keep a page in step with an object: through the SDK, or, where the console's identity may not
// hear of it, by asking every two seconds.

import { api, clientFor } from './session.js';

const PAUSE_MS = 2000;

/** A pill that tells how the page is kept up to date. */
export function pill(element, state) {
  element.className = `live ${state === 'live' ? 'good' : 'quiet'}`;
  element.textContent = { live: '● live', polling: '↻ every 2 s', gone: 'removed', waiting: '… connecting' }[state];
}

/** The SDK's handle of an object, closed with the page; null when it may not be heard of. */
export async function open(kind, service, sid, signal) {
  try {
    const object = await clientFor(service)[kind]({ id: sid, mode: 'open_existing', timeout: 10_000 });
    signal.addEventListener('abort', () => object.close());
    return object;
  } catch (error) {
    if (error.status === 404) throw error;
    return null;
  }
}

/** Call `take(body)` with each new state of a path, until the page ends. `gone()`: it is no more. */
export async function poll(path, signal, take, gone) {
  let etag = null;
  while (!signal.aborted) {
    try {
      const answer = await api('GET', path, undefined, etag ? { 'If-None-Match': etag } : {});
      if (answer.status === 200 && !signal.aborted) take(answer.body);
      etag = answer.etag ?? etag;
    } catch (error) {
      if (error.status === 404) {
        gone();
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
