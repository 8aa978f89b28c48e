// The table of a collection's items, kept as they are.

import { flash, h } from './dom.js';
import { compact } from './json.js';
import { button, row, table } from './parts.js';
import { canEdit } from './session.js';
import { when } from './time.js';
import { tree } from './tree.js';

const PREVIEW = 120;

function preview(data) {
  const text = compact(data);
  return text.length > PREVIEW ? `${text.slice(0, PREVIEW)} …` : text;
}

// An item's row: {element, item, show(item)}.
function itemRow(item, { columns, name, onEdit, onRemove }) {
  const short = h('code');
  const inside = h('div');
  const fold = h('details', { class: 'data' }, h('summary', null, short), inside);
  const revision = h('span');
  const updated = h('span');
  let shown;
  const line = { item };
  fold.addEventListener('toggle', () => {
    if (!fold.open || shown) return;
    shown = tree(line.item.data, `Data of ${name(item)}`);
    inside.replaceChildren(shown.element);
  });
  const edits = canEdit() && [
    button('Edit', () => onEdit(line.item), { 'aria-label': `Edit ${name(item)}` }),
    button('Remove', () => onRemove(line.item), { 'aria-label': `Remove ${name(item)}` }),
  ];
  const cells = [h('code', { class: 'name' }, String(name(item))), fold, revision, updated];
  line.element = row(columns, edits ? [...cells, edits] : cells);
  line.show = (next) => {
    line.item = next;
    short.textContent = preview(next.data);
    revision.textContent = next.revision;
    updated.replaceChildren(when(next.date_updated));
    shown?.show(next.data);
  };
  line.show(item);
  return line;
}

/** Items in an order; `name(item)` is the index or the key. */
export class ItemTable {
  constructor({ field, title, ...actions }) {
    this.field = field;
    this.name = (item) => item[field];
    this.columns = [field === 'index' ? 'Index' : 'Key', 'Data', 'Revision', 'Updated'];
    if (canEdit()) this.columns.push('');
    this.actions = { ...actions, columns: this.columns, name: this.name };
    this.lines = new Map();
    this.element = table(title, this.columns, []);
    this.body = this.element.querySelector('tbody');
  }

  get size() {
    return this.lines.size;
  }

  get names() {
    return [...this.lines.keys()];
  }

  has(name) {
    return this.lines.has(name);
  }

  /** Another page, or the same one anew: what differs is marked if it is the same one. */
  showAll(items, marked) {
    const names = new Set(items.map(this.name));
    for (const [name, { element }] of this.lines) {
      if (names.has(name)) continue;
      element.remove();
      this.lines.delete(name);
    }
    for (const item of items) {
      const known = this.lines.get(this.name(item));
      const changed = marked && known?.item.revision !== item.revision;
      const line = this.put(item);
      this.body.append(line.element);
      if (changed) flash(line.element);
    }
    this.lines = new Map(items.map((item) => [this.name(item), this.lines.get(this.name(item))]));
  }

  /** An item as it is now, where it is; a new one at the end. */
  put(item) {
    const name = this.name(item);
    const known = this.lines.get(name);
    if (known) {
      known.show(item);
      return known;
    }
    const line = itemRow(item, this.actions);
    this.lines.set(name, line);
    this.body.append(line.element);
    return line;
  }

  change(item) {
    const line = this.lines.get(this.name(item));
    if (!line) return;
    line.show(item);
    flash(line.element);
  }

  /** A new item in its place among those shown; `order` is 'asc' or 'desc'. */
  insert(item, order) {
    const line = this.put(item);
    const sign = order === 'desc' ? -1 : 1;
    const isBehind = (a, b) => (sign > 0 ? a > b : a < b);
    const next = this.names
      .filter((name) => isBehind(name, this.name(item)))
      .sort((a, b) => (a < b ? -sign : sign))[0];
    this.body.insertBefore(line.element, this.lines.get(next)?.element ?? null);
    flash(line.element);
  }

  drop(name) {
    this.lines.get(name)?.element.remove();
    this.lines.delete(name);
  }
}
