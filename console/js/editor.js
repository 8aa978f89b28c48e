// Change a JSON value if nobody else has in between; and when somebody has, choose.

import { action, button, field, h, notify, table } from './dom.js';
import { ApiError } from './session.js';
import { brief, differences } from './tree.js';

/**
 * `target`: `read()` gives {data, revision}; `write(data, revision)` fails with an ApiError of
 * status 412 when the revision is another; `done()`, to close.
 */
export function editor(target, { data, revision }) {
  const place = h('section', { class: 'panel', 'aria-label': 'Edit' });
  const text = field(`Data, as revision ${revision} had it`, { name: 'data' }, 'textarea');
  text.input.value = JSON.stringify(data, null, 2);
  const save = action(async () => {
    const mine = JSON.parse(text.input.value);
    try {
      await target.write(mine, revision);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 412) throw error;
      showConflict(place, target, { base: data, mine });
      return;
    }
    notify('Saved.');
    target.done();
  });
  place.append(h('form', { onsubmit: save }, text.element, h('div', { class: 'row' },
    h('button', { class: 'main' }, 'Save'), button('Cancel', () => target.done()))));
  return place;
}

async function showConflict(place, target, { base, mine }) {
  const theirs = await target.read();
  const side = (title, value) => h('div', null, h('h3', null, title), h('pre', { tabIndex: 0 }, JSON.stringify(value, null, 2)));
  const rows = differences(theirs.data, mine).map(({ path, before, after }) => {
    const old = differences(base, theirs.data).some((one) => one.path === path);
    return [h('code', null, path), brief(after), brief(before), old ? 'they changed it' : 'you changed it'];
  });
  place.replaceChildren(
    h('h2', null, 'Somebody else was faster'),
    h('p', null, `Revision ${theirs.revision} is there now. Nothing of yours was written.`),
    h('div', { class: 'split' }, side('Yours', mine), side('Theirs', theirs.data)),
    rows.length ? table('Differences', ['Where', 'Yours', 'Theirs', 'By whom'], rows) : h('p', null, 'Both are the same.'),
    h('div', { class: 'row' },
      button('Take theirs', () => target.done()),
      button('Write mine over theirs', async () => {
        await target.write(mine, theirs.revision);
        notify('Saved over theirs.');
        target.done();
      }),
      button('Merge by hand', () => {
        const next = editor(target, theirs);
        next.querySelector('textarea').value = JSON.stringify({ ...theirs.data, ...mine }, null, 2);
        place.replaceWith(next);
        next.querySelector('textarea').focus();
      }, { class: 'main' })));
}
