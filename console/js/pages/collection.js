// A list or a map: its items, page by page, as they change.

import { get, inService, neighbour, post, remove, segment, withQuery } from '../api.js';
import { ask, confirm } from '../dialogs.js';
import { h } from '../dom.js';
import { dataFields, edit, formOf } from '../editor.js';
import { ItemTable } from '../items.js';
import { mayBeRounded } from '../json.js';
import { follow } from '../live.js';
import { KINDS, liveBadge, load, objectFacts, objectHead, renewFacts } from '../objects.js';
import { button, empty, field, input, pager, sentence, toast } from '../parts.js';
import { canEdit } from '../session.js';

const PAGE_SIZE = 50;
const ROWS_MAX = 200; // of one page that grows while one looks

const TRAITS = {
  lists: { field: 'index', label: 'index', Name: 'Index' },
  maps: { field: 'key', label: 'key', Name: 'Key' },
};

class Items {
  constructor(service, kind, object, signal) {
    Object.assign(this, { kind, object, signal, order: 'asc', from: '' }, TRAITS[kind]);
    this.root = inService(service, KINDS[kind].path, object.sid);
    this.here = `${this.root}/Items`;
    this.table = new ItemTable({
      field: this.field,
      title: 'Items',
      onEdit: (item) => this.edit(item),
      onRemove: (item) => this.remove(item),
    });
    this.none = empty('There are no items here.');
    this.turn = h('div');
    this.element = h('div', null, this.table.element, this.none, this.turn);
  }

  at(item) {
    return `${this.here}/${segment(item[this.field])}`;
  }

  // --- pages ---

  begin() {
    const { order, from } = this;
    return this.show(withQuery(this.here, { PageSize: PAGE_SIZE, Order: order, From: from }));
  }

  async show(target, marked = false) {
    const page = await get(target, { signal: this.signal });
    this.target = target;
    this.next = neighbour(this.here, page.meta.next_page_url);
    this.previous = neighbour(this.here, page.meta.previous_page_url);
    this.table.showAll(page.items, marked);
    this.turn.replaceChildren(pager(this.previous, this.next, (other) => this.show(other)));
    this.sized();
  }

  again() {
    return this.show(this.target, true);
  }

  sized() {
    this.none.hidden = this.table.size > 0;
    this.table.element.hidden = this.table.size === 0;
  }

  // --- what happens ---

  async exactly(item) {
    if (!mayBeRounded(item.data)) return item;
    return (await get(this.at(item), { signal: this.signal }).catch(() => item)) ?? item;
  }

  async onItem(item) {
    if (this.table.has(item[this.field])) this.table.change(await this.exactly(item));
    else if (this.belongs(item[this.field])) {
      this.table.insert(await this.exactly(item), this.order);
      this.sized();
    }
  }

  onRemoved(name) {
    this.table.drop(name);
    this.sized();
  }

  // Whether a new item is on the page that is shown.
  belongs(name) {
    const { names } = this.table;
    const down = this.order === 'desc';
    const isBefore = (a, b) => (down ? a > b : a < b);
    if (names.length >= ROWS_MAX) return false;
    const last = names.reduce((a, b) => (isBefore(a, b) ? b : a), names[0]);
    const first = names.reduce((a, b) => (isBefore(b, a) ? b : a), names[0]);
    if (this.next && (last === undefined || isBefore(last, name))) return false;
    if (this.previous && (first === undefined || isBefore(name, first))) return false;
    const from = this.field === 'index' ? Number(this.from) : this.from;
    return this.from === '' || !isBefore(name, from);
  }

  // --- what is done ---

  add() {
    const key =
      this.kind === 'maps' && field('Key', input('key', { required: true, maxlength: 320 }));
    return ask('New item', {
      wide: true,
      fields: [key, dataFields()].filter(Boolean),
      submit: 'Add item',
      run: async (values) => {
        const made = await post(this.here, { Key: values.key, ...formOf(values) });
        this.onItem(made);
        toast('Item added');
      },
    });
  }

  edit(item) {
    const target = this.at(item);
    return edit(`Edit ${this.label} ${item[this.field]}`, {
      read: () => get(target),
      write: async (form, revision) => this.onItem(await post(target, form, { ifMatch: revision })),
    });
  }

  remove(item) {
    const name = item[this.field];
    const run = async () => {
      await remove(this.at(item));
      this.onRemoved(name);
      toast('Item removed');
    };
    return confirm('Remove this item?', `The item with the ${this.label} ${name}.`, { run });
  }
}

function controls(items) {
  const from = input('from', { 'aria-label': `Begin at ${items.label}`, type: 'search' });
  from.placeholder = `Begin at ${items.label}`;
  const order = h(
    'select',
    { name: 'order', 'aria-label': 'Order' },
    h('option', { value: 'asc' }, 'Ascending'),
    h('option', { value: 'desc' }, 'Descending'),
  );
  const form = h('form', { class: 'search' }, from, order, h('button', null, 'Go'));
  const run = (event) => {
    event?.preventDefault();
    Object.assign(items, { from: from.value, order: order.value });
    items.begin().catch((error) => toast(sentence(error), 'bad'));
  };
  form.addEventListener('submit', run);
  order.addEventListener('change', () => run());
  return form;
}

// The SDK's item as REST has it.
const asItem = (item, name) => ({
  [name]: item[name],
  data: item.data,
  revision: item.revision,
  date_updated: item.dateUpdated,
});

export async function collectionPage({ params, signal, reload }) {
  const { kind } = params;
  const { service, object } = await load(params, signal);
  const items = new Items(service.sid, kind, object, signal);
  const live = liveBadge();
  const facts = objectFacts(object);
  await items.begin();
  let seen = object.revision;
  let handle;

  const renew = () =>
    renewFacts(facts, {
      revision: handle.revision,
      date_updated: handle.dateUpdated,
      date_expires: handle.dateExpires,
    });
  const changed = ({ item }) => {
    items.onItem(asItem(item, items.field));
    setTimeout(renew); // the handle is told after its listeners
  };

  async function poll() {
    try {
      const root = await get(items.root, { ifNoneMatch: seen, signal });
      if (!root) return;
      seen = root.revision;
      renewFacts(facts, root);
      await items.again();
    } catch (error) {
      if (error.status === 404) live.show('gone');
    }
  }

  follow(
    { kind: KINDS[kind].one, service: service.sid, sid: object.sid },
    {
      opened: (opened) => {
        handle = opened;
        if (handle.revision !== seen) items.again().then(renew);
      },
      on: {
        itemAdded: changed,
        itemUpdated: changed,
        itemRemoved: (event) => {
          items.onRemoved(event[items.field]);
          setTimeout(renew);
        },
        removed: () => live.show('gone'),
        reset: () => items.again(),
      },
      poll,
      state: live.show,
    },
    signal,
  );

  const actions = canEdit() ? [button('Add item', () => items.add(), { kind: 'primary' })] : [];
  return {
    title: object.unique_name ?? KINDS[kind].one,
    content: [
      objectHead({ service, kind, object, beside: live.element, actions, changed: reload }),
      facts,
      controls(items),
      items.element,
    ],
  };
}
