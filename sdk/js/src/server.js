// tutti-sync/server: access tokens, for back ends in Node. Nothing of it belongs into a page: who has
// the key's secret can be anybody.

import { createHmac } from 'node:crypto';
import { ValidationError } from './errors.js';
import { checkOptions } from './names.js';

const NEEDED = ['accountSid', 'keySid', 'keySecret', 'identity'];
const OPTIONS = [...NEEDED, 'service', 'ttl'];
const TTL_MAX_S = 86_400;

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * An access token, by which a client is `identity` for `ttl` seconds (3600; 86400 at most).
 * `accountSid` is the account, `keySid` and `keySecret` an API key of it, `service` the name or SID of
 * the service ("default").
 */
export function accessToken(options) {
  checkOptions('accessToken()', options, OPTIONS);
  for (const name of NEEDED)
    if (typeof options?.[name] !== 'string' || !options[name])
      throw new ValidationError(`accessToken() needs ${name}, a text that is not empty`, 400);
  const { accountSid, keySid, keySecret, identity, service = 'default', ttl = 3600 } = options;
  if (!(Number.isInteger(ttl) && ttl > 0 && ttl <= TTL_MAX_S))
    throw new ValidationError(`ttl must be a whole number of seconds, 1 to ${TTL_MAX_S}`, 400);
  const now = Math.floor(Date.now() / 1000);
  const header = { typ: 'JWT', alg: 'HS256', cty: 'twilio-fpa;v=1' };
  const claims = {
    jti: `${keySid}-${now}`,
    iss: keySid,
    sub: accountSid,
    iat: now,
    exp: now + ttl,
    grants: { identity, data_sync: { service_sid: service } },
  };
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', keySecret).update(signed).digest('base64url')}`;
}
