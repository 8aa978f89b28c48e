'use strict';
// What the API promises, as plainly as it can be said: everything in memory, one request after
// the other.
//
// A request is {method, path, query, form, headers}. `path` is what stands between the slashes
// behind /v1/Services, not encoded. The expected answer is {status, code} for a refusal, else
// {status, body} with the fields that are known, or {status, page, ...} for a page of a list.
// What only the server can choose, SIDs and the time, is taken from its own answer, `chosen`.

const {
  KINDS,
  SID,
  NAME_LENGTH_MAX,
  IDENTITY_LENGTH_MAX,
  Refusal,
  refuse,
  lengthOf,
  fieldsOf,
} = require('./model.fields.js');

// ---- what is shown of an object ----

const dates = ({ created, updated, expires }) => ({
  date_created: created,
  date_updated: updated,
  date_expires: expires,
});

const showService = ({ sid, friendlyName, aclEnabled }) => ({
  sid,
  unique_name: null,
  friendly_name: friendlyName,
  acl_enabled: aclEnabled,
});

function showResource({ kind, sid, uniqueName, data, revision, ...rest }) {
  const shown = { sid, unique_name: uniqueName, created_by: 'system', ...dates(rest) };
  if (kind !== 'Streams') shown.revision = revision.toString(16);
  if (kind === 'Documents') shown.data = data;
  return shown;
}

const showItem = ({ name, container, data, revision, ...rest }) => ({
  [KINDS[container.kind].item.name]: name,
  [KINDS[container.kind].field]: container.sid,
  revision: revision.toString(16),
  data,
  created_by: 'system',
  ...dates(rest),
});

const showPermission = ({ object, name, rights: [read, write, manage] }) => ({
  [KINDS[object.kind].field]: object.sid,
  identity: name,
  read,
  write,
  manage,
});

// ---- pages ----

const byAge = ({ number }) => number;
const byName = ({ name }) => name;

// A gap in a list is where one of its pages ends and the next begins: before a place, or behind it.
const isBeforeGap = (place, gap, comes) =>
  comes(place, gap.place) || (gap.behind && place === gap.place);

// The page of `all` that begins, or with `back` ends, at `gap`; with the gaps where the pages
// around it do.
function cut(all, placeOf, { descending, from, excluded, size, gap, back }) {
  const comes = (a, b) => (descending ? a > b : a < b);
  const isListed = (place) =>
    from === undefined || comes(from, place) || (place === from && !excluded);
  const listed = all
    .filter((each) => isListed(placeOf(each)))
    .sort((a, b) => (comes(placeOf(a), placeOf(b)) ? -1 : 1));
  const at = gap ? listed.filter((each) => isBeforeGap(placeOf(each), gap, comes)).length : 0;
  const begin = back ? Math.max(0, at - size) : at;
  const end = back ? at : Math.min(listed.length, at + size);
  const found = listed.slice(begin, end);
  const edge = (each, behind) => (found.length ? { place: placeOf(each), behind } : gap);
  return {
    found,
    size,
    previous: begin > 0 ? edge(found[0], false) : null,
    next: end < listed.length ? edge(found.at(-1), true) : null,
  };
}

// ---- the objects and their changes ----

const after = (date, ttl) =>
  ttl === 0 ? null : new Date(Date.parse(date) + ttl * 1000).toISOString().replace('.000', '');

// The moment of a write is in its answer; what answers without a date leaves it unknown.
function touch(record, chosen, ttl) {
  record.updated = chosen.date_updated;
  if (ttl !== undefined) record.expires = after(chosen.date_updated, ttl);
}

function born(record, chosen, ttl) {
  Object.assign(record, { revision: 0, expires: null, created: chosen.date_created });
  touch(record, chosen, ttl);
  return record;
}

function noteItem(container, chosen, ttl) {
  container.revision++;
  touch(container, chosen, ttl);
}

function write(record, data, chosen, ttl) {
  if (data !== undefined) {
    record.data = data;
    record.revision++;
  }
  touch(record, chosen, ttl);
}

class Model {
  constructor() {
    this.services = new Map(); // by SID
    this.count = 0; // of objects created: their order
  }

  answer(request, chosen) {
    try {
      return this.route(request, fieldsOf(request), chosen ?? {});
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { status: error.status, code: error.code };
    }
  }

  route({ method, path, bookmark }, fields, chosen) {
    const [serviceSid, kind, id, part] = path;
    if (path.length === 0) return this.createService(fields, chosen);
    if (path.length === 1) return this.onService(method, serviceSid, fields);
    const service = this.service(serviceSid);
    const resources = service[kind];
    if (path.length === 2 && method === 'POST')
      return this.createResource(kind, resources, fields, chosen);
    if (path.length === 2) return this.list(resources, byAge, showResource, fields, bookmark);
    if (path.length === 3) return this.onResource(method, resources, id, kind, fields, chosen);
    const resource = this.find(resources, id, kind);
    if (part === 'Messages') return this.publish(fields);
    if (part === 'Permissions')
      return this.onPermission(method, resource, path[4], fields, bookmark);
    return this.onItem(method, resource, fields, chosen, bookmark);
  }

  list(records, placeOf, show, { page }, bookmark) {
    const { found, ...rest } = cut([...records.values()], placeOf, { ...page, ...bookmark });
    return { status: 200, page: found.map(show), ...rest };
  }

  // ---- services ----

  createService({ friendlyName = null, aclEnabled = false }, { sid }) {
    const service = { sid, friendlyName, aclEnabled };
    for (const kind of Object.keys(KINDS)) service[kind] = new Map();
    this.services.set(sid, service);
    return { status: 201, body: showService(service) };
  }

  service(sid) {
    return this.services.get(sid) ?? refuse(404, 54050);
  }

  onService(method, sid, { friendlyName, aclEnabled }) {
    const isEmpty = friendlyName === undefined && aclEnabled === undefined;
    if (method === 'POST' && isEmpty) refuse(400, 54010);
    const service = this.service(sid);
    if (method === 'DELETE') {
      this.services.delete(sid);
      return { status: 204 };
    }
    if (method === 'POST') {
      service.friendlyName = friendlyName ?? service.friendlyName;
      service.aclEnabled = aclEnabled ?? service.aclEnabled;
    }
    return { status: 200, body: showService(service) };
  }

  // ---- documents, lists, maps, streams ----

  find(resources, id, kind) {
    if (SID.test(id)) return resources.get(id) ?? refuse(404, KINDS[kind].missing);
    return this.named(resources, id) ?? refuse(404, 54300);
  }

  named(resources, name) {
    return [...resources.values()].find(({ uniqueName }) => uniqueName === name);
  }

  claimName(resources, name, ifNoneMatch) {
    const length = lengthOf(name);
    if (length < 1 || length > NAME_LENGTH_MAX || SID.test(name)) refuse(400, 54302);
    if (!this.named(resources, name)) return;
    if (ifNoneMatch === '*') refuse(412, 20412);
    refuse(409, 54301);
  }

  createResource(kind, resources, { uniqueName = null, data = {}, ttl, ifNoneMatch }, chosen) {
    if (uniqueName !== null) this.claimName(resources, uniqueName, ifNoneMatch);
    const { sid } = chosen;
    const resource = { kind, sid, uniqueName, data, number: ++this.count, nextIndex: 0 };
    resource.items = new Map();
    resource.permissions = new Map();
    resources.set(sid, born(resource, chosen, ttl));
    return { status: 201, body: showResource(resource) };
  }

  onResource(method, resources, id, kind, { data, ttl, ifMatch, ifNoneMatch }, chosen) {
    const written = kind === 'Documents' ? data : undefined;
    if (method === 'POST' && written === undefined && ttl === undefined) refuse(400, 54010);
    const resource = this.find(resources, id, kind);
    if (method === 'GET') return this.fetched(resource, showResource, ifNoneMatch);
    if (!ifMatch.holds(resource)) refuse(412, KINDS[kind].mismatch);
    if (method === 'POST') {
      write(resource, written, chosen, ttl);
      return { status: 200, body: showResource(resource) };
    }
    resources.delete(resource.sid);
    return { status: 204 };
  }

  fetched(record, show, ifNoneMatch) {
    const body = show(record);
    const known = body.revision !== undefined && ifNoneMatch === `"${body.revision}"`;
    return known ? { status: 304 } : { status: 200, body };
  }

  // ---- items ----

  onItem(method, container, fields, chosen, bookmark) {
    const { asked, name } = fields;
    if (asked) return this.fetchMany(container, asked);
    if (method === 'GET' && name === undefined)
      return this.list(container.items, byName, showItem, fields, bookmark);
    if (method === 'GET')
      return this.fetched(this.item(container, name), showItem, fields.ifNoneMatch);
    if (method === 'DELETE') return this.removeItem(container, fields, chosen);
    if (method === 'PUT') return this.putItem(container, fields, chosen);
    return fields.isCreation
      ? this.createItem(container, fields, chosen)
      : this.updateItem(container, fields, chosen);
  }

  item(container, name) {
    return container.items.get(name) ?? refuse(404, KINDS[container.kind].item.missing);
  }

  itemToWrite(container, { name, ifMatch }) {
    const item = this.item(container, name);
    if (!ifMatch.holds(item)) refuse(412, KINDS[container.kind].item.mismatch);
    return item;
  }

  fetchMany(container, asked) {
    const found = asked.map((name) => container.items.get(name)).filter(Boolean);
    return { status: 200, page: found.map(showItem), previous: null, next: null };
  }

  insertItem(container, name, { data, ttl, containerTtl }, chosen) {
    const item = born({ name, container, data }, chosen, ttl);
    container.items.set(name, item);
    noteItem(container, chosen, containerTtl);
    return { status: 201, body: showItem(item) };
  }

  createItem(container, fields, chosen) {
    const { item: rules } = KINDS[container.kind];
    if (fields.data === undefined) refuse(400, rules.data);
    if (container.kind === 'Lists')
      return this.insertItem(container, container.nextIndex++, fields, chosen);
    if (container.items.has(fields.name))
      refuse(...(fields.ifNoneMatch === '*' ? [412, 20412] : [409, 54208]));
    return this.insertItem(container, fields.name, fields, chosen);
  }

  changeItem(container, item, { data, ttl, containerTtl }, chosen) {
    write(item, data, chosen, ttl);
    noteItem(container, chosen, containerTtl);
    return { status: 200, body: showItem(item) };
  }

  updateItem(container, fields, chosen) {
    if (fields.data === undefined && fields.ttl === undefined) refuse(400, 54010);
    return this.changeItem(container, this.itemToWrite(container, fields), fields, chosen);
  }

  putItem(container, fields, chosen) {
    const { item: rules } = KINDS[container.kind];
    if (fields.data === undefined) refuse(400, rules.data);
    if (!container.items.has(fields.name)) {
      if (fields.ifMatch.given) refuse(412, rules.mismatch);
      return this.insertItem(container, fields.name, fields, chosen);
    }
    const item = this.itemToWrite(container, fields);
    if (fields.ifNoneMatch === '*') refuse(412, 20412);
    return this.changeItem(container, item, fields, chosen);
  }

  removeItem(container, fields, chosen) {
    container.items.delete(this.itemToWrite(container, fields).name);
    noteItem(container, chosen);
    return { status: 204 };
  }

  // ---- permissions and messages ----

  onPermission(method, object, identity, fields, bookmark) {
    const { permissions } = object;
    if (identity === undefined)
      return this.list(permissions, byAge, showPermission, fields, bookmark);
    const isWrite = method === 'POST';
    if (isWrite && fields.rights.every((right) => right === undefined)) refuse(400, 54010);
    if (lengthOf(identity) > IDENTITY_LENGTH_MAX) refuse(400, 54351);
    if (!isWrite && !permissions.has(identity)) refuse(404, 54354);
    if (method === 'DELETE') {
      permissions.delete(identity);
      return { status: 204 };
    }
    if (isWrite) {
      const number = permissions.get(identity)?.number ?? ++this.count;
      const rights = fields.rights.map((right) => right ?? false);
      permissions.set(identity, { object, name: identity, number, rights });
    }
    return { status: 200, body: showPermission(permissions.get(identity)) };
  }

  publish({ data }) {
    if (data === undefined) refuse(400, 54251);
    return { status: 201, body: { data } };
  }
}

module.exports = { Model };
