// All services.

import { get, neighbour, post, withQuery } from '../api.js';
import { ask } from '../dialogs.js';
import { h } from '../dom.js';
import { serviceName } from '../objects.js';
import { badge, button, empty, field, heading, input, pager, toast } from '../parts.js';
import { to } from '../router.js';
import { canEdit } from '../session.js';
import { when } from '../time.js';

const HERE = '/v1/Services';

const aclField = (checked) =>
  field(
    'Permissions bind clients',
    h('input', { type: 'checkbox', name: 'acl', checked }),
    'Otherwise whoever has a token may do everything.',
  );

/** The fields of a service, and what they say. */
export const serviceFields = (service) => [
  field('Name', input('name', { maxlength: 255, value: service?.friendly_name ?? '' })),
  aclField(service?.acl_enabled ?? false),
];

export const serviceForm = ({ name, acl }) => ({
  FriendlyName: name || undefined,
  AclEnabled: String(acl === 'on'),
});

function create() {
  return ask('New service', {
    fields: serviceFields(),
    submit: 'Create service',
    run: async (values) => {
      const service = await post(HERE, serviceForm(values));
      toast('Service created');
      return service;
    },
  });
}

function card(service) {
  return h(
    'li',
    null,
    h(
      'a',
      { class: 'card service', href: to('services', service.sid, 'documents') },
      h('strong', null, serviceName(service)),
      h('code', null, service.sid),
      h(
        'span',
        { class: 'row' },
        service.unique_name && badge(service.unique_name),
        badge(service.acl_enabled ? 'permissions on' : 'open', service.acl_enabled ? 'good' : ''),
        h('small', null, 'created ', when(service.date_created)),
      ),
    ),
  );
}

export async function servicesPage({ signal, reload }) {
  const place = h('div');
  async function show(target) {
    const page = await get(target, { signal });
    const list = h('ul', { class: 'cards' }, page.services.map(card));
    place.replaceChildren(
      page.services.length ? list : empty('There are no services.'),
      pager(
        neighbour(HERE, page.meta.previous_page_url),
        neighbour(HERE, page.meta.next_page_url),
        show,
      ),
    );
  }
  await show(withQuery(HERE, { PageSize: 30 }));
  const actions =
    canEdit() &&
    button('New service', async () => (await create()) && reload(), { kind: 'primary' });
  return { title: 'Services', content: [heading('Services', { actions: actions || null }), place] };
}
