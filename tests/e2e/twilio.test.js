'use strict';
// The official helper package against Tutti: services, documents and API keys, every
// operation, every refusal.

const assert = require('node:assert/strict');
const { describe, test, before, after } = require('node:test');
const { Server, ACCOUNT, TOKEN } = require('./support/server.js');
const { clientOf } = require('./support/client.js');
const { assertDocument, assertService } = require('./support/shapes.js');

let server;
let client;

before(async () => {
  server = await Server.start();
  client = clientOf(server, ACCOUNT, TOKEN);
});
after(() => server.destroy());

const services = () => client.sync.v1.services;
const NOBODY = '0'.repeat(32);

// The promise is refused with this status and code, and a sentence.
async function refused(promise, status, code) {
  await assert.rejects(promise, (error) => {
    assert.deepEqual([error.status, error.code], [status, code], error.message);
    assert.equal(error.moreInfo, `${server.base}/docs/errors/${code}`);
    return true;
  });
}

const seconds = (date) => Math.floor(date.getTime() / 1000);

describe('services', () => {
  test('are created with the documented defaults', async () => {
    const begin = Math.floor(Date.now() / 1000);
    const { statusCode, body: service } = await services().createWithHttpInfo({});
    assert.equal(statusCode, 201);
    assert.match(service.sid, /^IS[0-9a-f]{32}$/);
    assert.equal(service.uniqueName, null);
    assert.equal(service.accountSid, ACCOUNT);
    assert.equal(service.friendlyName, null);
    assert.equal(service.webhookUrl, null);
    assert.equal(service.webhooksFromRestEnabled, false);
    assert.equal(service.reachabilityWebhooksEnabled, false);
    assert.equal(service.aclEnabled, false);
    assert.equal(service.reachabilityDebouncingEnabled, false);
    assert.equal(service.reachabilityDebouncingWindow, 5000);
    assert.equal(service.url, `${server.base}/v1/Services/${service.sid}`);
    assert.ok(seconds(service.dateCreated) >= begin);
    assert.deepEqual(service.dateUpdated, service.dateCreated);
  });

  const everything = {
    friendlyName: 'Zoë’s service',
    webhookUrl: 'https://example.com/hook?a=b%20c',
    webhooksFromRestEnabled: true,
    reachabilityWebhooksEnabled: true,
    aclEnabled: true,
    reachabilityDebouncingEnabled: true,
    reachabilityDebouncingWindow: 30000,
  };
  const fieldsOf = (service) =>
    Object.fromEntries(Object.keys(everything).map((name) => [name, service[name]]));

  test('are created with every field', async () => {
    const service = await services().create(everything);
    assert.deepEqual(fieldsOf(service), everything);
    assert.deepEqual(fieldsOf(await services()(service.sid).fetch()), everything);
  });

  test('are updated in every field, and only in those named', async () => {
    const { sid } = await services().create({ friendlyName: 'before' });
    const { statusCode, body } = await services()(sid).updateWithHttpInfo(everything);
    assert.equal(statusCode, 200);
    assert.deepEqual(fieldsOf(body), everything);
    await services()(sid).update({ reachabilityDebouncingWindow: 1000, aclEnabled: false });
    assert.deepEqual(fieldsOf(await services()(sid).fetch()), {
      ...everything,
      aclEnabled: false,
      reachabilityDebouncingWindow: 1000,
    });
  });

  test('are removed with their documents', async () => {
    const { sid } = await services().create();
    const document = await services()(sid).documents.create({ uniqueName: 'inside' });
    assert.equal(await services()(sid).remove(), true);
    await refused(services()(sid).fetch(), 404, 54050);
    await refused(services()(sid).update({ friendlyName: 'x' }), 404, 54050);
    await refused(services()(sid).remove(), 404, 54050);
    await refused(services()(sid).documents(document.sid).fetch(), 404, 54050);
    await refused(services()(sid).documents.create(), 404, 54050);
    await refused(services()(sid).documents.list(), 404, 54050);
    const sids = (await services().list()).map((service) => service.sid);
    assert.ok(!sids.includes(sid));
  });

  test('are listed, page after page', async () => {
    const created = [];
    for (let i = 0; i < 7; i++) created.push((await services().create()).sid);
    const listed = (await services().list({ pageSize: 3 })).map((service) => service.sid);
    for (const sid of created) assert.equal(listed.filter((each) => each === sid).length, 1);
    assert.equal(new Set(listed).size, listed.length);
    assert.equal((await services().list({ limit: 2 })).length, 2);
  });

  test('have one from the start: default', async () => {
    const service = await services()('default').fetch();
    assert.equal(service.uniqueName, 'default');
    assert.match(service.sid, /^IS[0-9a-f]{32}$/);
    assert.equal(service.url, `${server.base}/v1/Services/${service.sid}`);
    const document = await services()('default').documents.create({ data: { a: 1 } });
    assert.equal(document.serviceSid, service.sid);
    const same = await services()(service.sid).documents(document.sid).fetch();
    assert.deepEqual(same.data, { a: 1 });
    const renamed = await services()('default').update({ friendlyName: 'the first' });
    assert.deepEqual([renamed.sid, renamed.friendlyName], [service.sid, 'the first']);
    assert.ok((await services().list()).some(({ sid }) => sid === service.sid));
  });

  test('refuse bad values', async () => {
    const { sid } = await services().create();
    const both = async (params, code) => {
      await refused(services().create(params), 400, code);
      await refused(services()(sid).update(params), 400, code);
    };
    await both({ friendlyName: '' }, 54053);
    await both({ friendlyName: 'x'.repeat(256) }, 54053);
    await both({ webhookUrl: 'not a url' }, 54051);
    await both({ webhookUrl: 'ftp://example.com/' }, 54051);
    await both({ webhookUrl: `http://example.com/${'x'.repeat(500)}` }, 54051);
    await refused(services()(sid).update({}), 400, 54010);
    await refused(services()(`IS${NOBODY}`).fetch(), 404, 54050);
    await refused(services().page({ pageSize: 0 }), 400, 54454);
    await refused(services().page({ pageToken: 'PTforged' }), 400, 54453);
    for (const params of [
      { aclEnabled: 'perhaps' },
      { reachabilityDebouncingWindow: 999 },
      { reachabilityDebouncingWindow: 30001 },
      { reachabilityDebouncingWindow: 'soon' },
    ])
      await assert.rejects(services().create(params), { status: 400 }, JSON.stringify(params));
  });

  test('take names and URLs up to their limits', async () => {
    const friendlyName = 'ü'.repeat(255);
    const webhookUrl = 'http://example.com/'.padEnd(512, 'x');
    const service = await services().create({ friendlyName, webhookUrl });
    assert.equal(service.friendlyName, friendlyName);
    assert.equal(service.webhookUrl, webhookUrl);
  });
});

describe('documents', () => {
  let documents;
  before(async () => {
    const { sid } = await services().create();
    documents = services()(sid).documents;
  });

  test('are created with the documented defaults', async () => {
    const { statusCode, headers, body: document } = await documents.createWithHttpInfo({});
    assert.equal(statusCode, 201);
    assert.equal(headers.etag, '"0"');
    assert.match(document.sid, /^ET[0-9a-f]{32}$/);
    assert.equal(document.uniqueName, null);
    assert.equal(document.accountSid, ACCOUNT);
    assert.equal(document.revision, '0');
    assert.deepEqual(document.data, {});
    assert.equal(document.dateExpires, null);
    assert.deepEqual(document.dateUpdated, document.dateCreated);
    assert.equal(document.createdBy, 'system');
    const url = `${server.base}/v1/Services/${document.serviceSid}/Documents/${document.sid}`;
    assert.equal(document.url, url);
    assert.deepEqual(document.links, { permissions: `${url}/Permissions` });
  });

  test('are created with every field, and found by SID and by name', async () => {
    const data = { text: 'grüße 🎈', list: [1, 'two', null, { three: true }], empty: {} };
    const created = await documents.create({ uniqueName: 'everything', data, ttl: 3600 });
    assert.deepEqual(created.data, data);
    assert.equal(seconds(created.dateExpires), seconds(created.dateCreated) + 3600);
    for (const id of [created.sid, 'everything']) {
      const fetched = await documents(id).fetch();
      assert.deepEqual(JSON.parse(JSON.stringify(fetched)), JSON.parse(JSON.stringify(created)));
    }
  });

  test('are replaced, each time with the next revision', async () => {
    const document = await documents.create({ data: { n: 0, gone: true } });
    for (let n = 1; n <= 18; n++) {
      const updated = await documents(document.sid).update({ data: { n } });
      assert.equal(updated.revision, n.toString(16));
      assert.deepEqual(updated.data, { n });
      assert.deepEqual(updated.dateCreated, document.dateCreated);
    }
    const fetched = await document.fetch();
    assert.deepEqual([fetched.revision, fetched.data], ['12', { n: 18 }]);
  });

  test('are replaced only at the revision that ifMatch names', async () => {
    const { sid } = await documents.create({ uniqueName: 'guarded', data: { n: 0 } });
    await documents(sid).update({ data: { n: 1 }, ifMatch: '0' });
    await refused(documents(sid).update({ data: { n: 2 }, ifMatch: '0' }), 412, 54103);
    await refused(documents('guarded').update({ data: { n: 2 }, ifMatch: '"0"' }), 412, 54103);
    const kept = await documents(sid).fetch();
    assert.deepEqual([kept.revision, kept.data], ['1', { n: 1 }]);
    const updated = await documents(sid).update({ data: { n: 2 }, ifMatch: '"1"' });
    assert.equal(updated.revision, '2');
    await assert.rejects(documents(sid).update({ data: {}, ifMatch: '0' }), {
      message: 'The revision of the Document does not match the expected revision',
    });
  });

  test('expire when ttl says so, unless it is changed', async () => {
    const { sid, dateExpires } = await documents.create({ ttl: 100 });
    assert.notEqual(dateExpires, null);
    const replaced = await documents(sid).update({ data: { a: 1 } });
    assert.deepEqual(replaced.dateExpires, dateExpires);
    const longer = await documents(sid).update({ ttl: 31_536_000 });
    assert.equal(seconds(longer.dateExpires), seconds(longer.dateUpdated) + 31_536_000);
    assert.deepEqual(longer.data, { a: 1 });
    const forever = await documents(sid).update({ ttl: 0 });
    assert.equal(forever.dateExpires, null);
    assert.equal((await documents.create({ ttl: '' })).dateExpires, null);
  });

  test('are removed, and their names are free again', async () => {
    const first = await documents.create({ uniqueName: 'reused' });
    assert.equal(await documents('reused').remove(), true);
    await refused(documents('reused').fetch(), 404, 54300);
    await refused(documents(first.sid).fetch(), 404, 54100);
    await refused(documents(first.sid).remove(), 404, 54100);
    await refused(documents(first.sid).update({ data: {} }), 404, 54100);
    const second = await documents.create({ uniqueName: 'reused' });
    assert.notEqual(second.sid, first.sid);
    assert.equal(second.revision, '0');
    assert.equal(await first.remove().catch(({ code }) => code), 54100);
    assert.equal((await documents('reused').fetch()).sid, second.sid);
  });

  test('have names of many kinds', async () => {
    const names = ['with space', 'a+b&c=d', '100%', 'ünïcödé 🎈', "it's(!)*", 'x'.repeat(320)];
    for (const uniqueName of [...names, 'ä'.repeat(320), 'default', 'ET123', '0']) {
      const created = await documents.create({ uniqueName });
      assert.equal(created.uniqueName, uniqueName);
      const fetched = await documents(encodeURIComponent(uniqueName)).fetch();
      assert.equal(fetched.sid, created.sid, uniqueName);
    }
  });

  test('refuse bad values', async () => {
    const { sid } = await documents.create({ uniqueName: 'taken' });
    const nobody = `ET${NOBODY}`;
    await refused(documents.create({ uniqueName: 'taken' }), 409, 54301);
    for (const uniqueName of ['', 'x'.repeat(321), nobody, `IS${'a1'.repeat(16)}`])
      await refused(documents.create({ uniqueName }), 400, 54302);
    await refused(documents(nobody).fetch(), 404, 54100);
    await refused(documents(nobody).update({ data: {} }), 404, 54100);
    await refused(documents(nobody).remove(), 404, 54100);
    await refused(documents('nobody').fetch(), 404, 54300);
    await refused(documents('nobody').update({ data: {} }), 404, 54300);
    await refused(documents('nobody').remove(), 404, 54300);
    await refused(documents(sid).update({}), 400, 54010);
    await refused(documents(sid).update({ data: {}, ifMatch: 'no revision' }), 400, 54003);
    await refused(documents.page({ pageSize: 'many' }), 400, 54454);
    await refused(documents.page({ pageToken: 'PTforged' }), 400, 54453);
    const both = async (params, status, code) => {
      await refused(documents.create(params), status, code);
      await refused(documents(sid).update(params), status, code);
    };
    for (const ttl of [-1, 31_536_001, 1.5, 'never', '99999999999999999999'])
      await both({ ttl }, 400, 54011);
    await both({ data: null }, 400, 54101);
    for (const data of ['{"a":', '{"a":1}}', '{"a"}']) await both({ data }, 400, 54008);
    for (const data of [[1, 2], '"text"', '17', 'true']) await both({ data }, 400, 54101);
    await both({ data: { big: 'x'.repeat(16_384) } }, 413, 54006);
    assert.equal((await documents(sid).fetch()).revision, '0', 'nothing has changed');
  });

  test('say what a bad name is', async () => {
    await assert.rejects(documents.create({ uniqueName: 'x'.repeat(321) }), {
      message:
        'Invalid unique name. Expected a string with length 1-320 not matching the SID pattern ' +
        '[A-Z]{2}[a-f0-9]{32}',
    });
    await assert.rejects(documents('nobody').fetch(), { message: 'Unique name not found' });
    await assert.rejects(documents(`ET${NOBODY}`).fetch(), { message: 'Document not found' });
  });

  test('have names of their own in every service', async () => {
    const other = (await services().create()).sid;
    const here = await documents.create({ uniqueName: 'mine' });
    const there = await services()(other).documents.create({ uniqueName: 'mine' });
    assert.notEqual(here.sid, there.sid);
    await refused(services()(other).documents(here.sid).fetch(), 404, 54100);
  });
});

describe('more documents than fit on a page', () => {
  const COUNT = 120;
  let documents;
  let sids;
  before(async () => {
    const { sid } = await services().create();
    documents = services()(sid).documents;
    sids = [];
    for (let n = 0; n < COUNT; n++) sids.push((await documents.create({ data: { n } })).sid);
  });

  const sorted = (list) => list.map(({ sid }) => sid).sort();

  test('are listed, each once, whatever the size of a page', async () => {
    for (const params of [{}, { pageSize: 7 }, { pageSize: 100 }, { pageSize: 1000 }])
      assert.deepEqual(sorted(await documents.list(params)), [...sids].sort());
    assert.equal((await documents.list({ limit: 33 })).length, 33);
  });

  test('come one by one', async () => {
    const seen = [];
    await documents.each({ pageSize: 25 }, (document) => seen.push(document));
    assert.deepEqual(sorted(seen), [...sids].sort());
  });

  test('come 50 on a page, and at most 100', async () => {
    assert.equal((await documents.page()).instances.length, 50);
    assert.equal((await documents.page({ pageSize: 100 })).instances.length, 100);
    assert.equal((await documents.page({ pageSize: 1000 })).instances.length, 100);
  });

  test('are walked forwards and backwards', async () => {
    const first = await documents.page({ pageSize: 50 });
    assert.equal(first.previousPageUrl, undefined);
    const second = await first.nextPage();
    const third = await second.nextPage();
    assert.deepEqual(
      [first, second, third].map((page) => page.instances.length),
      [50, 50, 20],
    );
    assert.equal(third.nextPage(), undefined);
    const back = await third.previousPage();
    assert.deepEqual(sorted(back.instances), sorted(second.instances));
    const again = await back.previousPage();
    assert.deepEqual(sorted(again.instances), sorted(first.instances));
    const found = await documents.getPage(second.nextPageUrl);
    assert.deepEqual(sorted(found.instances), sorted(third.instances));
  });
});

describe('API keys', () => {
  test('are created, and open the door', async () => {
    const begin = Math.floor(Date.now() / 1000);
    const key = await client.newKeys.create({ friendlyName: 'back end' });
    assert.match(key.sid, /^SK[0-9a-f]{32}$/);
    assert.equal(key.friendlyName, 'back end');
    assert.ok(seconds(key.dateCreated) >= begin);
    assert.ok(key.secret.length >= 32);

    const other = clientOf(server, key.sid, key.secret, ACCOUNT);
    const document = await other.sync.v1.services('default').documents.create({ data: { a: 1 } });
    assert.equal(document.accountSid, ACCOUNT);
    assert.deepEqual((await services()('default').documents(document.sid).fetch()).data, { a: 1 });
  });

  test('are fetched, renamed and listed, without their secrets', async () => {
    const created = [];
    for (let i = 0; i < 5; i++)
      created.push(await client.newKeys.create({ friendlyName: `key ${i}` }));
    const { sid, secret } = created[0];
    const fetched = await client.keys(sid).fetch();
    assert.deepEqual([fetched.sid, fetched.friendlyName], [sid, 'key 0']);
    const renamed = await client.keys(sid).update({ friendlyName: 'renamed' });
    assert.deepEqual([renamed.sid, renamed.friendlyName], [sid, 'renamed']);
    assert.equal((await client.keys(sid).fetch()).friendlyName, 'renamed');
    const listed = await client.keys.list({ pageSize: 2 });
    for (const key of created)
      assert.equal(listed.filter((each) => each.sid === key.sid).length, 1, key.sid);
    assert.ok(!JSON.stringify(listed).includes(secret));
    await clientOf(server, sid, secret, ACCOUNT).sync.v1.services.list();
  });

  test('without a name are created too', async () => {
    const key = await client.newKeys.create();
    assert.ok(key.secret.length >= 32);
  });

  test('that are removed open nothing any more', async () => {
    const { sid, secret } = await client.newKeys.create();
    const other = clientOf(server, sid, secret, ACCOUNT);
    await other.sync.v1.services.list();
    assert.equal(await client.keys(sid).remove(), true);
    await refused(other.sync.v1.services.list(), 401, 20003);
    await refused(client.keys(sid).fetch(), 404, 20404);
    await refused(client.keys(sid).remove(), 404, 20404);
  });

  test('live on over a restart', async () => {
    const { sid, secret } = await client.newKeys.create();
    await server.restart();
    client = clientOf(server, ACCOUNT, TOKEN);
    await clientOf(server, sid, secret, ACCOUNT).sync.v1.services.list();
    await refused(clientOf(server, sid, `${secret}x`, ACCOUNT).sync.v1.services.list(), 401, 20003);
  });

  test('and tokens that are wrong open nothing', async () => {
    const { sid, secret } = await client.newKeys.create();
    const wrong = [
      [ACCOUNT, 'wrong'],
      [ACCOUNT, secret],
      [`AC${'Y'.repeat(32)}`, TOKEN],
      [sid, TOKEN],
      [sid, secret.slice(0, -1)],
      [`SK${NOBODY}`, secret],
    ];
    for (const [username, password] of wrong) {
      const other = clientOf(server, username, password, ACCOUNT);
      await refused(other.sync.v1.services('default').fetch(), 401, 20003);
      await refused(other.keys.list(), 401, 20003);
    }
  });
});

describe('what the helper hides', () => {
  test('bodies hold the published fields and no others', async () => {
    assertService((await server.get('/v1/Services/default')).json);
    const created = await server.post('/v1/Services/default/Documents', { Data: '{}' });
    assertDocument(created.json);
  });
});
