// Who may do what with an object.

import { get, inService, neighbour, post, remove, segment, withQuery } from '../api.js';
import { ask, confirm } from '../dialogs.js';
import { h } from '../dom.js';
import { KINDS, load, nameOf, objectHead } from '../objects.js';
import { button, empty, field, input, pager, row, sentence, table, toast } from '../parts.js';
import { canEdit } from '../session.js';

const RIGHTS = ['read', 'write', 'manage'];
const COLUMNS = ['Identity', 'Read', 'Write', 'Manage'];

const formOf = (values) => ({
  Read: String(values.read),
  Write: String(values.write),
  Manage: String(values.manage),
});

// One of the three boxes of an identity; it takes effect at once.
function box(permission, right, save) {
  const element = h('input', {
    type: 'checkbox',
    checked: permission[right],
    disabled: !canEdit(),
    'aria-label': `${permission.identity} may ${right}`,
  });
  element.addEventListener('change', async () => {
    try {
      await save({ ...permission, [right]: element.checked });
      permission[right] = element.checked;
      toast(`${permission.identity}: saved`);
    } catch (error) {
      element.checked = permission[right];
      toast(sentence(error), 'bad');
    }
  });
  return element;
}

function add(here, done) {
  const right = (name) => field(name, h('input', { type: 'checkbox', name }));
  return ask('New permission', {
    fields: [
      field('Identity', input('identity', { required: true, maxlength: 256 })),
      ...RIGHTS.map(right),
    ],
    submit: 'Add permission',
    run: async ({ identity, ...boxes }) => {
      const values = Object.fromEntries(RIGHTS.map((name) => [name, boxes[name] === 'on']));
      await post(`${here}/${segment(identity)}`, formOf(values));
      await done();
    },
  });
}

function permissionRow(permission, here, show) {
  const at = `${here}/${segment(permission.identity)}`;
  const save = (values) => post(at, formOf(values));
  const take = () =>
    confirm('Remove this permission?', `What ${permission.identity} may do.`, {
      run: async () => {
        await remove(at);
        await show();
      },
    });
  const cells = [permission.identity, ...RIGHTS.map((right) => box(permission, right, save))];
  const label = { 'aria-label': `Remove ${permission.identity}` };
  return canEdit()
    ? row([...COLUMNS, ''], [...cells, button('Remove', take, label)])
    : row(COLUMNS, cells);
}

export async function permissionsPage({ params, signal }) {
  const { kind } = params;
  const { service, object } = await load(params, signal);
  const here = inService(service.sid, KINDS[kind].path, object.sid, 'Permissions');
  const place = h('div');
  const columns = canEdit() ? [...COLUMNS, ''] : COLUMNS;

  async function show(target = withQuery(here, { PageSize: 50 })) {
    const page = await get(target, { signal });
    const rows = page.permissions.map((permission) => permissionRow(permission, here, show));
    place.replaceChildren(
      rows.length ? table('Permissions', columns, rows) : empty('Nobody has a permission here.'),
      pager(
        neighbour(here, page.meta.previous_page_url),
        neighbour(here, page.meta.next_page_url),
        show,
      ),
    );
  }

  await show();
  const actions = [button('Add permission', () => add(here, show), { kind: 'primary' })];
  const note = service.acl_enabled
    ? 'Clients may do only what is said here. REST may do everything.'
    : 'The service’s permissions are off: whoever has a token may do everything. What is said here counts once they are on.';
  return {
    title: `Permissions of ${nameOf(object)}`,
    content: [
      objectHead({ service, kind, object, actions, current: 'Permissions', changed: show }),
      h('p', { class: 'hint' }, note),
      place,
    ],
  };
}
