'use strict';
// The official helper package against Tutti: services and API keys, every operation, every
// refusal. Each exchange is held against the published description of the API; the files
// twilio.*.test.js together try all of that.

const assert = require('node:assert/strict');
const { describe, test, before, after } = require('node:test');
const { TOKEN } = require('./support/server.js');
const { operationsOf } = require('./support/openapi.client.js');
const { Helper, ACCOUNT, NOBODY, seconds } = require('./support/helper.js');

let helper;
before(async () => (helper = await Helper.start()));
after(() => helper.destroy());

const services = () => helper.services;
const refused = (...args) => helper.refused(...args);

describe('services', () => {
  test('are created with the documented defaults', async () => {
    const begin = Math.floor(Date.now() / 1000);
    const { statusCode, body: service } = await services().createWithHttpInfo({});
    assert.equal(statusCode, 201);
    assert.equal(service.uniqueName, null);
    assert.equal(service.accountSid, ACCOUNT);
    assert.equal(service.friendlyName, null);
    assert.equal(service.webhookUrl, null);
    assert.equal(service.webhooksFromRestEnabled, false);
    assert.equal(service.reachabilityWebhooksEnabled, false);
    assert.equal(service.aclEnabled, false);
    assert.equal(service.reachabilityDebouncingEnabled, false);
    assert.equal(service.reachabilityDebouncingWindow, 5000);
    assert.equal(service.url, `${helper.server.base}/v1/Services/${service.sid}`);
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

  test('are removed with all they hold', async () => {
    const service = await helper.newService();
    const { sid } = await service.fetch();
    const held = [];
    for (const kind of ['documents', 'syncLists', 'syncMaps', 'syncStreams'])
      held.push([service[kind], await service[kind].create({ uniqueName: 'inside' })]);
    assert.equal(await service.remove(), true);
    await refused(service.fetch(), 404, 54050);
    await refused(service.update({ friendlyName: 'x' }), 404, 54050);
    await refused(service.remove(), 404, 54050);
    for (const [objects, { sid: inside }] of held) {
      for (const id of [inside, 'inside']) await refused(objects(id).fetch(), 404, 54050);
      await refused(objects.create(), 404, 54050);
      await refused(objects.list(), 404, 54050);
    }
    const sids = (await services().list()).map((each) => each.sid);
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

describe('API keys', () => {
  test('are created, and open the door', async () => {
    const begin = Math.floor(Date.now() / 1000);
    const key = await helper.client.newKeys.create({ friendlyName: 'back end' });
    assert.match(key.sid, /^SK[0-9a-f]{32}$/);
    assert.equal(key.friendlyName, 'back end');
    assert.ok(seconds(key.dateCreated) >= begin);
    assert.ok(key.secret.length >= 32);

    const other = helper.clientOf(key.sid, key.secret);
    const document = await other.sync.v1.services('default').documents.create({ data: { a: 1 } });
    assert.equal(document.accountSid, ACCOUNT);
    assert.deepEqual((await services()('default').documents(document.sid).fetch()).data, { a: 1 });
  });

  test('are fetched, renamed and listed, without their secrets', async () => {
    const created = [];
    for (let i = 0; i < 5; i++)
      created.push(await helper.client.newKeys.create({ friendlyName: `key ${i}` }));
    const { sid, secret } = created[0];
    const fetched = await helper.client.keys(sid).fetch();
    assert.deepEqual([fetched.sid, fetched.friendlyName], [sid, 'key 0']);
    const renamed = await helper.client.keys(sid).update({ friendlyName: 'renamed' });
    assert.deepEqual([renamed.sid, renamed.friendlyName], [sid, 'renamed']);
    assert.equal((await helper.client.keys(sid).fetch()).friendlyName, 'renamed');
    const listed = await helper.client.keys.list({ pageSize: 2 });
    for (const key of created)
      assert.equal(listed.filter((each) => each.sid === key.sid).length, 1, key.sid);
    assert.ok(!JSON.stringify(listed).includes(secret));
    await helper.clientOf(sid, secret).sync.v1.services.list();
  });

  test('do not manage keys: removing one that leaked locks its holder out', async () => {
    const { sid, secret } = await helper.client.newKeys.create();
    const holder = helper.clientOf(sid, secret);
    await refused(holder.newKeys.create(), 403, 20403);
    await refused(holder.keys.list(), 403, 20403);
    await refused(holder.keys(sid).fetch(), 403, 20403);
    await refused(holder.keys(sid).update({ friendlyName: 'mine' }), 403, 20403);
    await refused(holder.keys(sid).remove(), 403, 20403);
    await helper.client.keys(sid).remove();
    await refused(holder.newKeys.create(), 401, 20003);
  });

  test('without a name are created too', async () => {
    const key = await helper.client.newKeys.create();
    assert.ok(key.secret.length >= 32);
  });

  test('that are removed open nothing any more', async () => {
    const { sid, secret } = await helper.client.newKeys.create();
    const other = helper.clientOf(sid, secret);
    await other.sync.v1.services.list();
    assert.equal(await helper.client.keys(sid).remove(), true);
    await refused(other.sync.v1.services.list(), 401, 20003);
    await refused(helper.client.keys(sid).fetch(), 404, 20404);
    await refused(helper.client.keys(sid).remove(), 404, 20404);
  });

  test('live on over a restart', async () => {
    const { sid, secret } = await helper.client.newKeys.create();
    await helper.server.restart();
    await helper.clientOf(sid, secret).sync.v1.services.list();
    await refused(helper.clientOf(sid, `${secret}x`).sync.v1.services.list(), 401, 20003);
  });

  test('and tokens that are wrong open nothing', async () => {
    const { sid, secret } = await helper.client.newKeys.create();
    const wrong = [
      [ACCOUNT, 'wrong'],
      [ACCOUNT, secret],
      [`AC${'Y'.repeat(32)}`, TOKEN],
      [sid, TOKEN],
      [sid, secret.slice(0, -1)],
      [`SK${NOBODY}`, secret],
    ];
    for (const [username, password] of wrong) {
      const other = helper.clientOf(username, password);
      await refused(other.sync.v1.services('default').fetch(), 401, 20003);
      await refused(other.keys.list(), 401, 20003);
    }
  });
});

describe('the description of the API', () => {
  test('has 48 operations, each of which one of these files tries', () => {
    const areas = ['Services', 'Objects', 'Items', 'Permissions', 'Messages'];
    assert.deepEqual(
      areas.map((area) => operationsOf(area).length),
      [5, 20, 10, 12, 1],
    );
  });

  test('of services holds, in each of its operations', () => helper.assertCovered('Services'));
});
