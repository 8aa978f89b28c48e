import { action, field, h, notify, table, time } from '../dom.js';
import { api, get, mayWrite } from '../session.js';

export async function services({ again }) {
  const { services: all } = await get('/v1/Services?PageSize=100');
  const name = field('Friendly name', { name: 'friendly', maxLength: 255, required: true });
  const acl = field('Clients are subject to permissions', { type: 'checkbox' });
  acl.element.className = 'inline';
  const create = action(async () => {
    await api('POST', '/v1/Services', { FriendlyName: name.input.value, AclEnabled: acl.input.checked });
    notify('The service is there.');
    again();
  });
  return [
    h('h1', null, 'Services'),
    table('Services', ['Name', 'SID', 'Permissions', 'Created'], all.map((service) => [
      h('a', { href: `#/services/${service.sid}` }, service.unique_name || service.friendly_name || service.sid),
      h('code', null, service.sid),
      service.acl_enabled ? 'checked' : 'all may',
      time(service.date_created),
    ])),
    mayWrite() && [
      h('h2', null, 'A new one'),
      h('form', { class: 'row', onsubmit: create }, name.element, acl.element, h('button', { class: 'main' }, 'Create')),
    ],
  ].flat().filter(Boolean);
}
