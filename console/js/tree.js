// A JSON value as a tree that can be folded, and that shows what changes in it.

import { flash, h } from './dom.js';
import { compact, isBranch, typeOf } from './json.js';

function leafText(value) {
  return typeOf(value) === 'string' ? JSON.stringify(value) : compact(value);
}

function summaryOf(value) {
  const count = Object.keys(value).length;
  if (Array.isArray(value)) return count === 1 ? '[ 1 item ]' : `[ ${count} items ]`;
  return count === 1 ? '{ 1 member }' : `{ ${count} members }`;
}

// One place in the tree. `show(value)` makes it show another; it is true if it could, and false
// if the place needs another node.
class Leaf {
  constructor(key, value) {
    this.what = h('span');
    this.element = h('li', null, keyOf(key), this.what);
    this.write(value);
  }

  write(value) {
    this.text = leafText(value);
    this.what.textContent = this.text;
    this.what.className = `value ${typeOf(value)}`;
  }

  show(value) {
    if (isBranch(value)) return false;
    if (leafText(value) !== this.text) {
      this.write(value);
      flash(this.element);
    }
    return true;
  }
}

class Branch {
  constructor(key, value) {
    this.type = typeOf(value);
    this.count = h('span', { class: 'count' });
    this.list = h('ul');
    this.nodes = new Map();
    const summary = h('summary', null, keyOf(key), this.count);
    this.fold = h('details', { open: true }, summary, this.list);
    this.element = h('li', null, this.fold);
    this.fill(value, false);
  }

  show(value) {
    if (typeOf(value) !== this.type) return false;
    this.fill(value, true);
    return true;
  }

  fill(value, marked) {
    this.count.textContent = summaryOf(value);
    for (const [key, node] of this.nodes) {
      if (Object.hasOwn(value, key)) continue;
      node.element.remove();
      this.nodes.delete(key);
      if (marked) flash(this.fold.firstChild);
    }
    for (const key of Object.keys(value)) this.fillOne(key, value[key], marked);
  }

  fillOne(key, value, marked) {
    const known = this.nodes.get(key);
    if (known?.show(value)) return;
    const node = nodeOf(key, value);
    this.nodes.set(key, node);
    if (known) known.element.replaceWith(node.element);
    else this.list.append(node.element);
    if (marked) flash(node.element);
  }
}

const keyOf = (key) => key !== undefined && [h('span', { class: 'key' }, key), ': '];

const nodeOf = (key, value) => (isBranch(value) ? new Branch(key, value) : new Leaf(key, value));

/** {element, show(value)}; what differs from before is marked for a moment. */
export function tree(value, label) {
  const root = new Branch(undefined, value);
  return {
    element: h('ul', { class: 'tree', 'aria-label': label }, root.element),
    show: (next) => root.show(next),
  };
}
