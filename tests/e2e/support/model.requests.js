'use strict';
// Random requests to one service or two, such as meet in the same few objects: what the model
// knows says what is there to be asked for. Most are right; some are not.

const { below } = require('./random.js');
const { KINDS } = require('./model.fields.js');

const RESOURCES_MAX = 5; // of a kind: few, so that requests meet
const BOOKMARKS_MAX = 8;

const NAMES = ['one', 'two', 'drei/vier', 'a b%2F?'];
const IDENTITIES = ['alice', 'bob', 'ä/..', 'Zoë 🎈'];
const KEYS = ['a', 'B', 'b', '10', '9', 'é', 'e\u0301', '\uE000', '\uFFFD', '🎈'];
KEYS.push('/', '.', '..', '%2F', 'a b', '\u0000', 'k'.repeat(320));
const BAD_DATA = ['[1]', 'null', '"x"', '{"a":', JSON.stringify({ a: 'x'.repeat(20_000) })];
const BAD_TTL = ['-1', '31536001', 'x', '1.5'];
const BAD_REVISIONS = ['"0', 'xyz', '-1', '"0" "1"'];
const GOOD_TTL = ['0', '', '3600', '31536000'];

// What may be wrong with a request: where it applies, and how it is put in.
const SPOILERS = [
  ({ form }) => form?.Data !== undefined && ['form', 'Data', BAD_DATA],
  ({ form }) => form?.Ttl !== undefined && ['form', 'Ttl', BAD_TTL],
  ({ headers }) => headers?.['If-Match'] && ['headers', 'If-Match', BAD_REVISIONS],
  ({ query }) => query?.Order && ['query', 'Order', ['ASC', 'up', '']],
  ({ query }) => query?.Bounds && ['query', 'Bounds', ['none', 'Inclusive', '']],
  ({ query }) => query?.PageSize && ['query', 'PageSize', ['0', '1001', 'x']],
  ({ form }) => form?.Key !== undefined && ['form', 'Key', ['', '🎈'.repeat(321)]],
  ({ form }) => form?.Read && ['form', 'Read', ['yes', '']],
  ({ form }) =>
    form?.UniqueName && ['form', 'UniqueName', ['', 'n'.repeat(321), `ET${'0'.repeat(32)}`]],
  ({ path }) =>
    path[1] === 'Lists' &&
    path[3] === 'Items' &&
    path.length === 5 && ['path', 4, ['x', '-1', '1.5']],
  ({ path }) => path[3] === 'Permissions' && path.length === 5 && ['path', 4, ['i'.repeat(257)]],
];

// The pages around the one that was answered with `meta`; null where there is none. `expected`
// holds the gaps where they begin.
function neighbours({ method, path, query }, meta, expected) {
  const leadTo = (url, gap, back) => url && { method, path, query, url, bookmark: { gap, back } };
  return {
    next: leadTo(meta.next_page_url, expected.next, false),
    previous: leadTo(meta.previous_page_url, expected.previous, true),
  };
}

class Requests {
  constructor(model, random) {
    this.model = model;
    this.random = random;
    this.removed = { Services: [], Documents: [], Lists: [], Maps: [], Streams: [] };
    this.bookmarks = [];
  }

  chance(probability) {
    return this.random() < probability;
  }

  one(list) {
    return list[below(this.random, list.length)];
  }

  service() {
    const services = [...this.model.services.values()];
    return this.one(services);
  }

  // The id of a resource; now and then of one that is not there.
  idOf(service, kind) {
    const resources = [...service[kind].values()];
    const missing = ['nobody', `${KINDS[kind].sid}${'0'.repeat(32)}`, ...this.removed[kind]];
    if (resources.length === 0 || this.chance(0.04)) return this.one(missing);
    const { sid, uniqueName } = this.one(resources);
    return uniqueName !== null && this.chance(0.5) ? uniqueName : sid;
  }

  resource(service, kind, id) {
    return [...service[kind].values()].find(
      ({ sid, uniqueName }) => sid === id || uniqueName === id,
    );
  }

  data() {
    return JSON.stringify({ n: below(this.random, 1000), list: [1, null, { deep: '🎈' }] });
  }

  ttls(...names) {
    const given = names.filter(() => this.chance(0.2));
    return Object.fromEntries(given.map((name) => [name, this.one(GOOD_TTL)]));
  }

  // Of an object with this record: often right, often wrong.
  ifMatch(record) {
    if (this.chance(0.5)) return {};
    const revision = (record?.revision ?? 0).toString(16);
    const other = ((record?.revision ?? 0) + 1).toString(16);
    const choices = [
      revision,
      `"${revision}"`,
      `"${other}", "${revision}"`,
      '*',
      other,
      `"${other}"`,
    ];
    return { 'If-Match': this.one(choices) };
  }

  ifNoneMatch() {
    return this.chance(0.15) ? { 'If-None-Match': '*' } : {};
  }

  ifKnown(record) {
    if (!record || this.chance(0.8)) return {};
    return { 'If-None-Match': `"${(record.revision + this.one([0, 1])).toString(16)}"` };
  }

  pageQuery() {
    return this.chance(0.8) ? { PageSize: String(this.one([1, 2, 3, 5, 1000])) } : {};
  }

  createService() {
    if (this.model.services.size > 1) return this.onService();
    return { method: 'POST', path: [], form: this.serviceForm() };
  }

  serviceForm() {
    return { FriendlyName: this.one(NAMES), AclEnabled: this.one(['true', 'false']) };
  }

  onService() {
    const { sid } = this.service();
    const missing = [`IS${'0'.repeat(32)}`, ...this.removed.Services];
    const path = [this.chance(0.1) ? this.one(missing) : sid];
    if (this.chance(0.5)) return { method: 'GET', path };
    if (this.chance(0.1) && this.model.services.size > 1) return { method: 'DELETE', path };
    return { method: 'POST', path, form: this.chance(0.9) ? this.serviceForm() : {} };
  }

  kind() {
    return this.one(Object.keys(KINDS));
  }

  createResource() {
    const service = this.service();
    const kind = this.kind();
    if (service[kind].size >= RESOURCES_MAX) return this.removeResource(service, kind);
    const form = this.ttls(
      'Ttl',
      ...(kind === 'Lists' || kind === 'Maps' ? ['CollectionTtl'] : []),
    );
    if (this.chance(0.7)) form.UniqueName = this.one(NAMES);
    if (kind === 'Documents' && this.chance(0.8)) form.Data = this.data();
    return { method: 'POST', path: [service.sid, kind], form, headers: this.ifNoneMatch() };
  }

  removeResource(service = this.service(), kind = this.kind()) {
    const id = this.idOf(service, kind);
    const guard = kind === 'Streams' ? {} : this.ifMatch(this.resource(service, kind, id));
    return { method: 'DELETE', path: [service.sid, kind, id], headers: guard };
  }

  onResource() {
    const service = this.service();
    const kind = this.kind();
    const id = this.idOf(service, kind);
    const record = this.resource(service, kind, id);
    const path = [service.sid, kind, id];
    if (this.chance(0.5)) return { method: 'GET', path, headers: this.ifKnown(record) };
    const form = this.ttls(
      'Ttl',
      ...(kind === 'Lists' || kind === 'Maps' ? ['CollectionTtl'] : []),
    );
    if (kind === 'Documents' && this.chance(0.7)) form.Data = this.data();
    const headers = kind === 'Streams' ? {} : this.ifMatch(record);
    return { method: 'POST', path, form, headers };
  }

  listResources() {
    const path = [this.service().sid, this.kind()];
    return { method: 'GET', path, query: this.pageQuery() };
  }

  // A list or map, and the name of one of its items, which may be there or not.
  item() {
    const service = this.service();
    const kind = this.one(['Lists', 'Maps']);
    const id = this.idOf(service, kind);
    const container = this.resource(service, kind, id);
    const name =
      kind === 'Maps' ? this.one(KEYS) : below(this.random, (container?.nextIndex ?? 0) + 2);
    const record = container?.items.get(name);
    return { kind, path: [service.sid, kind, id, 'Items'], name: String(name), record };
  }

  createItem() {
    const { kind, path, name } = this.item();
    const form = this.ttls('Ttl', 'ItemTtl', 'CollectionTtl');
    if (this.chance(0.97)) form.Data = this.data();
    if (kind === 'Lists') return { method: 'POST', path, form };
    return { method: 'POST', path, form: { ...form, Key: name }, headers: this.ifNoneMatch() };
  }

  fetchItem() {
    const { path, name, record } = this.item();
    return { method: 'GET', path: [...path, name], headers: this.ifKnown(record) };
  }

  updateItem() {
    const { path, name, record } = this.item();
    const form = this.ttls('Ttl', 'ItemTtl', 'CollectionTtl');
    if (this.chance(0.7)) form.Data = this.data();
    return { method: 'POST', path: [...path, name], form, headers: this.ifMatch(record) };
  }

  putItem() {
    const { kind, path, name, record } = this.item();
    if (kind === 'Lists') return this.fetchItem();
    const form = this.ttls('Ttl', 'ItemTtl', 'CollectionTtl');
    if (this.chance(0.97)) form.Data = this.data();
    const headers = { ...this.ifMatch(record), ...this.ifNoneMatch() };
    return { method: 'PUT', path: [...path, name], form, headers };
  }

  removeItem() {
    const { path, name, record } = this.item();
    return { method: 'DELETE', path: [...path, name], headers: this.ifMatch(record) };
  }

  listItems() {
    const { path, name } = this.item();
    const query = {};
    if (this.chance(0.5)) query.Order = this.one(['asc', 'desc']);
    if (this.chance(0.5)) query.From = name;
    if (this.chance(0.3)) query.Bounds = this.one(['inclusive', 'exclusive']);
    return { method: 'GET', path, query: { ...query, ...this.pageQuery() } };
  }

  fetchItems() {
    const { kind, path } = this.item();
    const asked =
      kind === 'Maps'
        ? KEYS.filter(() => this.chance(0.3))
        : Array.from({ length: 8 }, (_, i) => i).filter(() => this.chance(0.5));
    if (this.chance(0.5)) asked.reverse();
    const query = { [kind === 'Maps' ? 'Keys' : 'Indexes']: JSON.stringify(asked) };
    return { method: 'GET', path, query };
  }

  permissionsPath() {
    const service = this.service();
    const kind = this.one(['Documents', 'Lists', 'Maps']);
    return [service.sid, kind, this.idOf(service, kind), 'Permissions'];
  }

  onPermission() {
    const path = [...this.permissionsPath(), this.one(IDENTITIES)];
    const method = this.one(['GET', 'POST', 'POST', 'DELETE']);
    if (method !== 'POST') return { method, path };
    const given = ['Read', 'Write', 'Manage'].filter(() => this.chance(0.7));
    const form = Object.fromEntries(given.map((right) => [right, this.one(['true', 'false'])]));
    return { method, path, form };
  }

  listPermissions() {
    return { method: 'GET', path: this.permissionsPath(), query: this.pageQuery() };
  }

  publish() {
    const service = this.service();
    const path = [service.sid, 'Streams', this.idOf(service, 'Streams'), 'Messages'];
    return { method: 'POST', path, form: this.chance(0.95) ? { Data: this.data() } : {} };
  }

  // Go on from a page that was read some time ago.
  follow() {
    if (this.bookmarks.length === 0) return this.listItems();
    return this.one(this.bookmarks);
  }

  next() {
    const request = this.one(CHOICES).call(this);
    if (this.chance(0.06)) this.spoil(request);
    return request;
  }

  spoil(request) {
    const ways = SPOILERS.map((way) => !request.url && way(request)).filter(Boolean);
    if (ways.length === 0) return;
    const [part, name, values] = this.one(ways);
    request[part][name] = this.one(values);
  }

  // SIDs that may be asked for when the object is long gone.
  noteRemoval({ method, path }) {
    const [service, kind, id] = path;
    if (method !== 'DELETE' || path.length > 3 || !this.model.services.has(service)) return;
    if (id === undefined) return this.removed.Services.push(service);
    const record = this.resource(this.model.services.get(service), kind, id);
    if (record) this.removed[kind].push(record.sid);
  }

  // Pages to go on from, later.
  remember(...requests) {
    this.bookmarks.push(...requests.filter(Boolean));
    while (this.bookmarks.length > BOOKMARKS_MAX)
      this.bookmarks.splice(below(this.random, this.bookmarks.length), 1);
  }
}

// What is asked for, as often as it stands here.
const { prototype: asks } = Requests;
const CHOICES = [
  ...Array(1).fill(asks.createService),
  ...Array(2).fill(asks.onService),
  ...Array(6).fill(asks.createResource),
  ...Array(2).fill(asks.removeResource),
  ...Array(7).fill(asks.onResource),
  ...Array(4).fill(asks.listResources),
  ...Array(16).fill(asks.createItem),
  ...Array(6).fill(asks.fetchItem),
  ...Array(10).fill(asks.updateItem),
  ...Array(8).fill(asks.putItem),
  ...Array(6).fill(asks.removeItem),
  ...Array(8).fill(asks.listItems),
  ...Array(4).fill(asks.fetchItems),
  ...Array(10).fill(asks.onPermission),
  ...Array(3).fill(asks.listPermissions),
  ...Array(2).fill(asks.publish),
  ...Array(8).fill(asks.follow),
];

module.exports = { Requests, neighbours };
