// An application that is written for twilio-sync: it is compiled with its types, then with ours.

import {
  Client,
  SyncDocument,
  SyncList,
  SyncListItem,
  SyncMap,
  SyncMapItem,
  SyncStream,
  Paginator,
  LiveQuery,
  InstantQuery,
} from 'sync';

export async function main(token: string): Promise<void> {
  const client = new Client(token, { logLevel: 'info' });
  client.on('connectionStateChanged', (state) => console.log(state === 'connected'));
  client.on('connectionError', ({ terminal, message }) => console.log(terminal, message));
  client.on('tokenAboutToExpire', () => client.updateToken(token));
  client.on('tokenExpired', async () => {
    await client.updateToken(token);
  });

  const doc: SyncDocument = await client.document({
    id: 'd',
    mode: 'open_or_create',
    ttl: 5,
    data: { n: 1 },
  });
  doc.on('updated', ({ data, previousData, isLocal }) => console.log(data, previousData, isLocal));
  doc.on(SyncDocument.removed, ({ isLocal }) => console.log(isLocal));
  await doc.set({ n: 2 }, { ttl: 5 });
  await doc.mutate((value: any) => ({ n: value.n + 1 }), { ttl: 5 });
  await doc.update({ n: 4 });
  await doc.setTtl(0);
  console.log(
    doc.sid,
    doc.uniqueName,
    doc.revision,
    doc.dateUpdated.getTime(),
    doc.dateExpires,
    doc.data,
    doc.lastEventId,
  );
  await doc.removeDocument();
  doc.close();

  const list: SyncList = await client.list('l');
  list.on('itemAdded', ({ item, isLocal }) => console.log(item.index, isLocal));
  const pushed: SyncListItem = await list.push({ n: 1 }, { ttl: 5 });
  await list.set(pushed.index, { n: 2 });
  await list.mutate(0, (value: any) => ({ ...value, m: 1 }));
  await list.update(0, { n: 3 });
  await list.setItemTtl(0, 5);
  const page: Paginator<SyncListItem> = await list.getItems({
    from: 0,
    pageSize: 10,
    order: 'asc',
  });
  if (page.hasNextPage) (await page.nextPage()).items.map((item) => item.data);
  if (page.hasPrevPage) await page.prevPage();
  console.log(await list.getContext());
  await list.remove(0);
  await list.removeList();

  const map: SyncMap = await client.map({ id: 'm', includeItems: true });
  map.on('itemUpdated', ({ item, previousItemData }) => console.log(item.key, previousItemData));
  map.on('itemRemoved', ({ key, previousItemData }) => console.log(key, previousItemData));
  const set: SyncMapItem = await map.set('k', { n: 1 });
  await map.mutate('k', (value: any) => ({ ...value, m: 1 }));
  await map.update(set.key, { n: 2 });
  console.log((await map.get('k')).data, (await map.getItems()).items.length);
  await map.remove('k');
  await map.removeMap();

  const stream: SyncStream = await client.stream('s');
  stream.on('messagePublished', ({ message, isLocal }) =>
    console.log(message.sid, message.data, isLocal),
  );
  console.log((await stream.publishMessage({ n: 1 })).sid);
  await stream.removeStream();

  const live: LiveQuery = await client.liveQuery('m', 'n == 1');
  console.log(Object.entries(live.getItems()));
  const instant: InstantQuery = await client.instantQuery('m');
  instant.on('searchResult', (items) => console.log(Object.keys(items)));
  await instant.search('n == 1');
  await (await instant.subscribe()).close();
  console.log(Client.version, client.connectionState);
  await client.shutdown();
}
