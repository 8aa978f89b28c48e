import { action, button, field, h, notify, table } from '../dom.js';
import { api, get, mayWrite, segment } from '../session.js';
import { KINDS, crumbs } from './objects.js';

const RIGHTS = ['read', 'write', 'manage'];

export async function permissions({ again }, service, kind, sid) {
  const path = `/v1/Services/${segment(service)}/${KINDS[kind]}/${sid}`;
  const [{ acl_enabled: checked }, { permissions: all }] = await Promise.all([
    get(`/v1/Services/${segment(service)}`), get(`${path}/Permissions?PageSize=100`),
  ]);
  const put = (identity, rights) =>
    api('POST', `${path}/Permissions/${segment(identity)}`, Object.fromEntries(RIGHTS.map((right) => [right[0].toUpperCase() + right.slice(1), rights[right]])));
  const box = (permission, right) => h('input', {
    type: 'checkbox', checked: permission[right], disabled: !mayWrite(), 'aria-label': `${permission.identity} may ${right}`,
    onchange: action(async ({ target }) => {
      permission[right] = target.checked;
      await put(permission.identity, permission);
      notify('Saved.');
    }),
  });
  const identity = field('Identity', { name: 'identity', required: true, maxLength: 256 });
  const add = action(async () => {
    await put(identity.input.value, { read: true, write: false, manage: false });
    again();
  });
  return [
    crumbs(service, kind, h('a', { href: `#/services/${service}/${kind}/${sid}` }, sid)),
    h('h1', null, 'Permissions'),
    !checked && h('p', { class: 'quiet' }, 'The service does not check permissions (acl_enabled is off): all may do everything.'),
    table('Permissions', ['Identity', 'Read', 'Write', 'Manage', 'Change'], all.map((permission) => [
      permission.identity, ...RIGHTS.map((right) => box(permission, right)),
      mayWrite() ? button('Remove', async () => {
        await api('DELETE', `${path}/Permissions/${segment(permission.identity)}`);
        again();
      }, { 'aria-label': `Remove ${permission.identity}` }) : '',
    ])),
    mayWrite() && h('form', { class: 'row', onsubmit: add }, identity.element, h('button', { class: 'main' }, 'Let read')),
  ].filter(Boolean);
}
