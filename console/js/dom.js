// Elements, made and filled.

const SVG = 'http://www.w3.org/2000/svg';
const PROPERTIES = new Set(['value', 'checked', 'disabled', 'indeterminate']);

function isContent(child) {
  return child !== undefined && child !== null && child !== false;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (!isContent(value)) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter(isContent));
  return element;
}

/**
 * An HTML element: `h('a', { href: '#/', class: 'quiet' }, 'Services')`. Functions are listeners
 * (`onclick`), true is an attribute without a value; undefined, null and false are left out, among
 * the children too. Text is text, never markup.
 */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same in SVG. */
export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

let ids = 0;

/** An id that nothing else in the page has. */
export function newId(prefix = 'id') {
  ids += 1;
  return `${prefix}-${ids}`;
}

/** Mark an element as just changed; the style lets the mark fade. */
export function flash(element) {
  element.classList.remove('flash');
  void element.offsetWidth; // begins the animation anew
  element.classList.add('flash');
  clearTimeout(element.flashing);
  element.flashing = setTimeout(() => element.classList.remove('flash'), 1800);
}

/** Call `run` every `ms`, and now; not while one is under way, and no more once `signal` aborts. */
export function every(ms, run, signal) {
  let timer;
  const turn = async () => {
    try {
      await run();
    } finally {
      if (!signal.aborted) timer = setTimeout(turn, ms);
    }
  };
  signal.addEventListener('abort', () => clearTimeout(timer));
  turn();
}
