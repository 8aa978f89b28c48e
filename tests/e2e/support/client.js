'use strict';
// The official helper package, unmodified, pointed at a server under test.

const twilio = require('twilio');

// `username` is the account or an API key's SID; then `account` names the account. Options are
// the package's own.
function clientOf(server, username, password, account = username, options = {}) {
  const client = twilio(username, password, { accountSid: account, ...options });
  client.sync.baseUrl = server.base;
  client.api.baseUrl = server.base;
  return client;
}

module.exports = { clientOf };
