// Elements from functions: h('p', { class: 'quiet' }, 'text', child).

const SVG = 'http://www.w3.org/2000/svg';

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name in element && !name.includes('-') && name !== 'list' && element.namespaceURI !== SVG)
      element[name === 'class' ? 'className' : name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const h = (tag, properties, ...children) => fill(document.createElement(tag), properties, children);

export const s = (tag, properties, ...children) =>
  fill(document.createElementNS(SVG, tag), properties, children);

/** A table. `columns`: names; `rows`: arrays of what cells hold, or rows made by `h`. */
export function table(caption, columns, rows) {
  return h('div', { class: 'table', tabIndex: 0, role: 'region', 'aria-label': caption },
    h('table', null,
      h('thead', null, h('tr', null, columns.map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', null, rows.map((row) => row instanceof Node ? row : h('tr', null, row.map((cell) => h('td', null, cell)))))));
}

/** A field with its label. `properties` are the input's; `tag` may be 'textarea' or 'select'. */
export function field(label, properties, tag = 'input', ...children) {
  const input = h(tag, { autocomplete: 'off', spellcheck: false, ...properties }, ...children);
  return { element: h('label', null, label, input), input };
}

export const time = (date) => (date ? new Date(date).toLocaleString() : 'never');

export function notify(message, bad = false) {
  const notice = h('div', { class: bad ? 'notice bad' : 'notice' }, message);
  document.getElementById('notices').append(notice);
  setTimeout(() => notice.remove(), 6000);
}

/** Run what a button asks for; the button rests meanwhile, and failures are told. */
export function action(work) {
  return async (event) => {
    event.preventDefault();
    const button = event.submitter ?? event.currentTarget;
    button.disabled = true;
    try {
      await work(event);
    } catch (error) {
      notify(error.message, true);
    } finally {
      button.disabled = false;
    }
  };
}

export const button = (text, work, properties) => h('button', { type: 'button', onclick: action(work), ...properties }, text);
