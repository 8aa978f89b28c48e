'use strict';
// The official helper package, unmodified, pointed at a server under test.

const twilio = require('twilio');

// `username` is the account or an API key's SID; then `account` names the account.
function clientOf(server, username, password, account = username) {
  const client = twilio(username, password, { accountSid: account });
  client.sync.baseUrl = server.base;
  client.api.baseUrl = server.base;
  return client;
}

module.exports = { clientOf };
