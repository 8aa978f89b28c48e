// Editing data under a precondition: what is written replaces what was seen, or nothing. When
// somebody was faster, yours and theirs are shown beside each other.

import { ask, open } from './dialogs.js';
import { differences, merge, pathText } from './diff.js';
import { h } from './dom.js';
import { compact, pretty, readObject } from './json.js';
import { area, badge, field, input, row, table, toast } from './parts.js';

const WHO = { you: 'you', them: 'them', both: 'both' };
const COLUMNS = ['Path', 'Before', 'Yours', 'Theirs', 'Changed by'];

const ttlField = () =>
  field(
    'Time to live (seconds)',
    input('ttl', { inputmode: 'numeric', pattern: '[0-9]*' }),
    'Empty: leave it as it is. 0: for ever.',
  );

/** The fields of an editor of data; `text` is what stands in it at first. */
export function dataFields(text = '{}', { ttl = true } = {}) {
  const data = area('data', { rows: 12, value: text, required: true });
  return [field('Data', data, 'A JSON object.'), ttl && ttlField()];
}

/** The fields as the REST API wants them; throws when the data is no JSON object. */
export function formOf({ data, ttl }) {
  readObject(data);
  return { Data: data, Ttl: ttl || undefined };
}

const shown = (value) =>
  value === undefined ? h('em', null, 'nothing') : h('code', null, compact(value));

function differenceRow({ path, base, mine, theirs, by }) {
  const cells = [
    h('code', null, pathText(path)),
    shown(base),
    shown(mine),
    shown(theirs),
    badge(WHO[by], by === 'both' ? 'warn' : ''),
  ];
  return row(COLUMNS, cells, { class: `by-${by}` });
}

// 'theirs', 'overwrite', 'merge', or undefined.
function askWhose({ base, mine, theirs }) {
  const list = differences(base.data, mine, theirs.data);
  const both = list.filter(({ by }) => by === 'both').length;
  const told = both
    ? `You both changed the same place${both > 1 ? 's' : ''}: ${both} of ${list.length} below.`
    : 'You changed different places.';
  return open(
    'Somebody else was faster',
    (close) => {
      const choice = (label, value, kind) =>
        h('button', { type: 'button', class: kind, onclick: () => close(value) }, label);
      return [
        h(
          'p',
          { tabindex: -1, autofocus: true }, // else the focus goes below the fold
          `You began with revision ${base.revision}; now it is ${theirs.revision}. `,
          `Nothing of yours has been written. ${list.length ? told : 'Both are the same.'}`,
        ),
        list.length ? table('Differences', COLUMNS, list.map(differenceRow)) : null,
        h(
          'div',
          { class: 'sides' },
          h('section', null, h('h3', null, 'Yours'), h('pre', { tabindex: 0 }, pretty(mine))),
          h(
            'section',
            null,
            h('h3', null, 'Theirs'),
            h('pre', { tabindex: 0 }, pretty(theirs.data)),
          ),
        ),
        h(
          'div',
          { class: 'choices' },
          choice('Cancel', undefined, ''),
          choice('Take theirs', 'theirs', ''),
          choice('Overwrite with yours', 'overwrite', 'danger'),
          choice('Merge by hand', 'merge', 'primary'),
        ),
      ].filter(Boolean);
    },
    { wide: true },
  );
}

// Undefined when all is said and done, else {mine, ttl} that met another revision.
async function askForData(title, { base, text, write, note }) {
  let lost;
  await ask(title, {
    wide: true,
    submit: 'Save',
    fields: [
      h('p', { class: 'hint' }, note ?? `You change revision ${base.revision}.`),
      dataFields(text),
    ],
    run: async (values) => {
      const form = formOf(values);
      lost = await attempt(write, form, base.revision);
    },
  });
  return lost;
}

// {mine, form} when the revision was another.
async function attempt(write, form, revision) {
  try {
    await write(form, revision);
    toast('Saved');
    return undefined;
  } catch (error) {
    if (error.status !== 412) throw error;
    return { mine: readObject(form.Data), form };
  }
}

/**
 * Edit the data of a document or of an item.
 *
 * @param {object} of `read()` resolves with {data, revision}; `write(form, revision)` writes under
 *   the precondition, and rejects with status 412 when it does not hold
 */
export async function edit(title, { read, write }) {
  let base = await read();
  let lost = await askForData(title, { base, text: pretty(base.data), write });
  while (lost) {
    const theirs = await read();
    const choice = await askWhose({ base, mine: lost.mine, theirs });
    if (choice === 'overwrite') {
      lost = await attempt(write, lost.form, theirs.revision);
    } else if (choice === 'merge') {
      const text = pretty(merge(base.data, lost.mine, theirs.data));
      const note =
        `Both changes, made to revision ${theirs.revision}. ` +
        'Where you both changed the same place, it has yours.';
      lost = await askForData(`${title}: merge`, { base: theirs, text, write, note });
    } else {
      if (choice === 'theirs') toast('Left as they have it');
      return;
    }
    base = theirs;
  }
}
