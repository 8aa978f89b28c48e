// tutti-sync/server: for back ends in Node.

export interface AccessTokenOptions {
  /** The account: AC and 32 characters. */
  accountSid: string;
  /** An API key of it: SK and 32 hexadecimal digits. */
  keySid: string;
  keySecret: string;
  /** Who the client is: 1 to 256 characters. */
  identity: string;
  /** Name or SID of the service. Default 'default'. */
  service?: string;
  /** Seconds from now until it ends: 1 to 86400. Default 3600. */
  ttl?: number;
}

/** An access token. Throws a ValidationError when an option cannot be. */
export function accessToken(options: AccessTokenOptions): string;
