// What our types say beyond that; and what they refuse.

import { NotFoundError, SyncClient, SyncError } from 'sync';

interface Counter {
  count: number;
  by?: string;
}

export async function own(token: () => Promise<string>): Promise<void> {
  const client = new SyncClient(token, { url: 'http://localhost', reconnect: { minMs: 5 } });
  const doc = await client.document<Counter>('c');
  const count: number = doc.value.count;
  doc.on('updated', (event) => {
    const now: number = event.count + event.data.count;
    const local: boolean = event.isLocal;
    const who: string | undefined = event.changedBy;
    console.log(now, local, who);
  });
  await doc.mutate(async (value) => ({ count: value.count + 1 }), {
    ttl: 5,
    timeout: 5,
    signal: AbortSignal.timeout(5),
  });
  for await (const event of doc.events('updated', { limit: 5 }))
    console.log(event.data.count.toFixed());
  const map = await client.map<Counter>({ id: 'm', timeout: 5 });
  for await (const item of map) console.log(item.key.length, item.value.count);
  map.on('itemAdded', ({ item, count: now }) => console.log(item.data.by, now));
  map.on('reset', () => map.getItems());
  const live: boolean = map.live;
  const pending: number = map.pending + client.pending;
  console.log(count, live, pending);
  try {
    await map.get('k');
  } catch (error) {
    if (error instanceof NotFoundError) console.log(error.status, error.code);
    if (error instanceof SyncError) console.log(error.message);
  }

  // @ts-expect-error: not a member
  console.log(doc.value.counter);
  // @ts-expect-error: another type
  await doc.set({ count: '1' });
  // @ts-expect-error: no such event
  doc.on('changed', () => {});
  // @ts-expect-error: an index is a number
  await (await client.list('l')).get('0');
  // @ts-expect-error: no such mode
  await client.document({ id: 'd', mode: 'open' });
  // @ts-expect-error: no such option
  await client.document({ id: 'd', datta: {} });
  // @ts-expect-error: no such option
  new SyncClient(token, { uri: 'http://localhost' });
  // @ts-expect-error: a token is needed
  new SyncClient();
}
