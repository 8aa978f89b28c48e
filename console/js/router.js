// Addresses of pages: what follows the #.

/** The address of a page: `to('services', sid)` is `#/services/IS...`. */
export function to(...names) {
  return `#/${names.map(encodeURIComponent).join('/')}`;
}

export function go(...names) {
  location.hash = to(...names);
}

function matches(pattern, names) {
  const parts = pattern.split('/');
  if (parts.length !== names.length) return undefined;
  const params = {};
  for (const [i, part] of parts.entries()) {
    if (part.startsWith(':')) params[part.slice(1)] = names[i];
    else if (part !== names[i]) return undefined;
  }
  return params;
}

function decode(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** The first of [[pattern, page]...] that fits the address: {page, params}, or undefined. */
export function find(routes, hash) {
  const names = hash
    .replace(/^#?\/?/, '')
    .split('/')
    .filter(Boolean)
    .map(decode);
  for (const [pattern, page] of routes) {
    const params = matches(pattern, names.length ? names : ['services']);
    if (params) return { page, params };
  }
  return undefined;
}
