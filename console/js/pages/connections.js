import { h, notify, table, time } from '../dom.js';
import { get } from '../session.js';

const REFRESH_MS = 2000;

export async function connections({ signal }) {
  const place = h('div');
  const show = async () => {
    const { connections: all, truncated } = await get('/console/connections');
    place.replaceChildren(
      h('p', { class: 'quiet' }, `${all.length}${truncated ? ' of many' : ''} connected; refreshed every 2 seconds.`),
      table('Connections', ['Identity', 'Service', 'SDK', 'Address', 'Since', 'Subscriptions', 'Waiting'], all.map((one) => [
        one.identity, h('code', null, one.service_sid), [one.sdk, one.sdk_version].filter(Boolean).join(' ') || '–', one.address,
        time(one.since), one.subscriptions, `${one.queued_bytes} bytes`,
      ])));
  };
  await show();
  const timer = setInterval(() => show().catch((error) => notify(error.message, true)), REFRESH_MS);
  signal.addEventListener('abort', () => clearInterval(timer));
  return [h('h1', null, 'Connections'), place];
}
