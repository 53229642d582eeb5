/** Reading a request for a token (RFC 6749, 4.4.2), with both ways for a client to say who it is (2.3.1). */

/** Codes of RFC 6749, 5.2, and one for too many failures. */
export type OAuthErrorCode =
  'invalid_request' | 'invalid_client' | 'invalid_scope' | 'unsupported_grant_type' | 'temporarily_unavailable';

/** Why there is no token. The message is for whoever writes the client. */
export class OAuthError extends Error {
  constructor(
    readonly status: number,
    readonly code: OAuthErrorCode,
    message: string,
    readonly retrySeconds?: number,
  ) {
    super(message);
  }
}

/** What is asked for: an empty list of scopes stands for all that the client has. */
export interface TokenRequest {
  clientId: string;
  key: string;
  scopes: string[];
}

/** The client did not show who it is, or not rightly. */
export function invalidClient(): OAuthError {
  return new OAuthError(401, 'invalid_client', 'The client is not known, its key is wrong, or it was revoked.');
}

/** From the body, which is a form, and the `authorization` header. Throws OAuthError. */
export function readTokenRequest(body: string, authorization: string | undefined): TokenRequest {
  const form = new URLSearchParams(body);
  const grantType = single(form, 'grant_type');
  const scope = single(form, 'scope');
  const fromBody = credentials(single(form, 'client_id'), single(form, 'client_secret'));
  if (grantType === undefined) throw new OAuthError(400, 'invalid_request', 'grant_type is missing.');
  if (grantType !== 'client_credentials')
    throw new OAuthError(400, 'unsupported_grant_type', 'grant_type must be client_credentials.');
  if (authorization !== undefined && form.has('client_secret'))
    throw new OAuthError(400, 'invalid_request', 'Send the key in the header or in the body, not in both.');
  const shown = authorization === undefined ? fromBody : fromHeader(authorization);
  if (!shown) throw invalidClient();
  return { ...shown, scopes: (scope ?? '').split(' ').filter((one) => one !== '') };
}

/** Parameters without a value count as left out; repeated ones are refused (3.2). */
function single(form: URLSearchParams, name: string): string | undefined {
  const values = form.getAll(name);
  if (values.length > 1) throw new OAuthError(400, 'invalid_request', `${name} is there more than once.`);
  return values[0] || undefined;
}

/** Both are form-encoded before they are put into the header. */
function fromHeader(authorization: string): ReturnType<typeof credentials> {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1];
  const [, id, key] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? [];
  return credentials(decoded(id), decoded(key));
}

function decoded(text: string | undefined): string | undefined {
  return text === undefined ? undefined : (new URLSearchParams(`value=${text}`).get('value') ?? undefined);
}

function credentials(clientId?: string, key?: string): { clientId: string; key: string } | undefined {
  return clientId !== undefined && key !== undefined ? { clientId, key } : undefined;
}
