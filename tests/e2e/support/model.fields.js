'use strict';
// The model's first half: what a request says, and what is wrong with one of its fields by
// itself, whatever there is on the server.

const DATA_SIZE_MAX = 16_384;
const MESSAGE_SIZE_MAX = 4096;
const NAME_LENGTH_MAX = 320;
const IDENTITY_LENGTH_MAX = 256;
const TTL_MAX_S = 31_536_000;
const PAGE_SIZE_DEFAULT = 50;
const PAGE_SIZE_MAX = 100;

const KINDS = {
  Documents: { sid: 'ET', field: 'document_sid', missing: 54100, mismatch: 54103 },
  Lists: {
    sid: 'ES',
    field: 'list_sid',
    missing: 54150,
    mismatch: 20412,
    item: { name: 'index', missing: 54151, mismatch: 54155, data: 54156 },
  },
  Maps: {
    sid: 'MP',
    field: 'map_sid',
    missing: 54200,
    mismatch: 20412,
    item: { name: 'key', missing: 54201, mismatch: 54205, data: 54206 },
  },
  Streams: { sid: 'TO', field: 'stream_sid', missing: 54250 },
};

const SID = /^[A-Z]{2}[0-9a-f]{32}$/;
const REVISION = /^(0|[1-9a-f][0-9a-f]*)$/;
const INDEX = /^\d+$/;

class Refusal extends Error {
  constructor(status, code) {
    super(`${status} ${code}`);
    Object.assign(this, { status, code });
  }
}

function refuse(status, code) {
  throw new Refusal(status, code);
}

const lengthOf = (text) => [...text].length;

function dataOf(text, { code, max }) {
  if (text === undefined) return undefined;
  if (Buffer.byteLength(text) > max) refuse(413, 54006);
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    refuse(400, 54008);
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) refuse(400, code);
  return data;
}

// The first of these fields that says anything; but all of them must be right.
function ttlOf(form, ...names) {
  const given = names.map((name) => form[name]).filter((each) => each !== undefined && each !== '');
  for (const text of given)
    if (!/^\d{1,8}$/.test(text) || Number(text) > TTL_MAX_S) refuse(400, 54011);
  return given.length ? Number(given[0]) : undefined;
}

function preconditionOf(text) {
  if (text === undefined) return { given: false, holds: () => true };
  if (text === '*') return { given: true, holds: () => true };
  const revisions = text.split(',').map((tag) => tag.trim().replace(/^"(.*)"$/, '$1'));
  if (!revisions.every((each) => REVISION.test(each))) refuse(400, 54003);
  return { given: true, holds: ({ revision }) => revisions.includes(revision.toString(16)) };
}

function flagOf(text) {
  if (text === undefined) return undefined;
  if (text !== 'true' && text !== 'false') refuse(400, 20422);
  return text === 'true';
}

function itemNameOf(kind, text) {
  if (kind === 'Lists') return INDEX.test(text) ? Number(text) : refuse(400, 54458);
  const length = lengthOf(text ?? '');
  return length >= 1 && length <= NAME_LENGTH_MAX ? text : refuse(400, 54209);
}

function pageOf(kind, query, isItems) {
  const { Order: order = 'asc', Bounds: bounds = 'inclusive', From: from, PageSize } = query;
  if (PageSize !== undefined && !/^([1-9]\d{0,2}|1000)$/.test(PageSize)) refuse(400, 54454);
  if (isItems && order !== 'asc' && order !== 'desc') refuse(400, 54451);
  if (isItems && bounds !== 'inclusive' && bounds !== 'exclusive') refuse(400, 54452);
  return {
    descending: isItems && order === 'desc',
    excluded: bounds === 'exclusive',
    from: isItems && from !== undefined ? itemNameOf(kind, from) : undefined,
    size: Math.min(Number(PageSize ?? PAGE_SIZE_DEFAULT), PAGE_SIZE_MAX),
  };
}

function dataRuleOf([, kind, , part]) {
  if (part === 'Messages') return { code: 54251, max: MESSAGE_SIZE_MAX };
  return { code: part === 'Items' ? KINDS[kind].item.data : 54101, max: DATA_SIZE_MAX };
}

function fieldsOf({ method, path, query = {}, form = {}, headers = {} }) {
  const [, kind, , part, name] = path;
  const isItems = part === 'Items';
  const isCreation = method === 'POST' && name === undefined;
  const fields = {
    isCreation,
    uniqueName: form.UniqueName,
    friendlyName: form.FriendlyName,
    aclEnabled: flagOf(form.AclEnabled),
    rights: ['Read', 'Write', 'Manage'].map((right) => flagOf(form[right])),
    data: dataOf(form.Data, dataRuleOf(path)),
    ttl: ttlOf(form, isItems ? 'ItemTtl' : 'CollectionTtl', 'Ttl'),
    containerTtl: isItems ? ttlOf(form, 'CollectionTtl') : undefined,
    ifMatch: preconditionOf(headers['If-Match']),
    ifNoneMatch: headers['If-None-Match'],
  };
  if (kind === 'Documents' || kind === 'Streams') fields.ttl = ttlOf(form, 'Ttl');
  if (isItems && name !== undefined) fields.name = itemNameOf(kind, name);
  if (isItems && isCreation && kind === 'Maps') fields.name = itemNameOf(kind, form.Key);
  if (method === 'GET') fields.page = pageOf(kind, query, isItems);
  const asked = query.Indexes ?? query.Keys;
  if (asked) fields.asked = JSON.parse(asked).map((each) => itemNameOf(kind, String(each)));
  return fields;
}

module.exports = {
  KINDS,
  SID,
  NAME_LENGTH_MAX,
  IDENTITY_LENGTH_MAX,
  Refusal,
  refuse,
  lengthOf,
  fieldsOf,
};
