'use strict';
// Lists and maps by the official helper package, as far as tests treat them alike.

const LISTS = {
  of: 'syncLists',
  part: 'syncListItems',
  name: 'index',
  sidName: 'listSid',
  absent: 99,
  gone: 54150,
  missing: 54151,
  mismatch: 54155,
  badData: 54156,
};
const MAPS = {
  of: 'syncMaps',
  part: 'syncMapItems',
  name: 'key',
  sidName: 'mapSid',
  absent: 'absent',
  gone: 54200,
  missing: 54201,
  mismatch: 54205,
  badData: 54206,
};

let keys = 0;
const freshKey = () => `key ${(keys += 1)}`;

// A new list or map with what the tests need around it.
class Collection {
  static async of(service, kind, fields) {
    const { sid } = await service[kind.of].create(fields);
    return Object.assign(new Collection(), { service, kind, sid });
  }

  get items() {
    return this.service[this.kind.of](this.sid)[this.kind.part];
  }

  // `data` by default {}; in a map, `key` by default one of its own.
  parameters(fields) {
    return { data: {}, ...(this.kind === MAPS ? { key: freshKey() } : {}), ...fields };
  }

  create(fields) {
    return this.items.create(this.parameters(fields));
  }

  at(item) {
    return this.items(encodeURIComponent(item[this.kind.name]));
  }

  // The list or map itself.
  fetch() {
    return this.service[this.kind.of](this.sid).fetch();
  }

  remove() {
    return this.service[this.kind.of](this.sid).remove();
  }
}

module.exports = { Collection, LISTS, MAPS };
