/** `POST /oauth/token`: access tokens for API clients, by OAuth 2.0's client credentials grant (RFC 6749, 4.4). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Bucket, Limiter } from '../../platform/limiter/limiter';
import { withLogScope } from '../../platform/log';
import type { Sealer } from '../../platform/seal';
import { peerAddress } from '../peer-address';
import type { IssueClientToken } from './client-tokens';
import { invalidClient, OAuthError, readTokenRequest } from './token-request';

const PATH = '/oauth/token';
/** Largest body, in bytes. */
const LARGEST_BODY = 8_192;
/** Longest id, key and scope that accounts is asked about. */
const LONGEST = 255;
/** Tokens one key gives. Each is good for an hour and stands in the audit log for ever; a client of many processes has enough. */
const TOKENS_OF_KEY: Bucket = { burst: 100, perHour: 600 };

/** What the route works with. */
export interface TokenRouteOptions {
  issueClientToken: IssueClientToken;
  trustedProxies: number;
  /** Counts tokens; undefined: nobody is limited. */
  limiter?: Limiter;
  sealer: Sealer;
}

interface TokenAnswer {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
  scope: string;
}

/** Adds the route. */
export function addTokenRoute(fastify: FastifyInstance, options: TokenRouteOptions): void {
  // A scope of its own: the one place that takes a form, which does no harm without a key in it.
  void fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
      done(null, body),
    );
    scope.post(PATH, { bodyLimit: LARGEST_BODY }, (request, reply) =>
      withLogScope({ requestId: request.id }, async () => {
        void reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' });
        try {
          return await answer(request, options);
        } catch (error) {
          if (!(error instanceof OAuthError)) throw error;
          return refuse(request, reply, error);
        }
      }),
    );
    scope.route({
      method: ['GET', 'PUT', 'PATCH', 'DELETE'],
      url: PATH,
      // Before the body is read: it does not matter.
      onRequest: async () => {
        throw Object.assign(new Error(), { statusCode: 405 });
      },
      handler: () => undefined,
    });
  });
}

async function answer(
  request: FastifyRequest,
  { issueClientToken, trustedProxies, limiter, sealer }: TokenRouteOptions,
): Promise<TokenAnswer> {
  const body = typeof request.body === 'string' ? request.body : '';
  const asked = readTokenRequest(body, request.headers.authorization);
  const { clientId, key, scopes } = asked;
  const bounded = [clientId, key, scopes.join(' ')].every(({ length }) => length <= LONGEST);
  if (!bounded) throw invalidClient();
  // By the key, which strangers do not have: with the id alone they could use up what the client has.
  const bucket = `token:${sealer.blindIndex(JSON.stringify([clientId, key]))}`;
  const verdict = await limiter?.take(bucket, 1, TOKENS_OF_KEY);
  if (verdict && !verdict.allowed) {
    const message = 'This key was used for too many tokens. Keep a token: it is good for an hour.';
    throw new OAuthError(429, 'temporarily_unavailable', message, verdict.retrySeconds);
  }
  const clientAddress = peerAddress(request.raw, trustedProxies);
  const issued = await issueClientToken({ ...asked, clientAddress }, request.id);
  if (issued.outcome === 'unknown') throw invalidClient();
  if (issued.outcome === 'braked') {
    const message = 'Too many wrong keys or passwords came from this address. Try again later.';
    throw new OAuthError(429, 'temporarily_unavailable', message, issued.retrySeconds);
  }
  if (issued.outcome === 'badScope')
    throw new OAuthError(400, 'invalid_scope', 'The client does not have one of these scopes.');
  return {
    access_token: issued.accessToken,
    token_type: 'Bearer',
    expires_in: issued.expiresInSeconds,
    scope: issued.scopes.join(' '),
  };
}

function refuse(request: FastifyRequest, reply: FastifyReply, error: OAuthError): Record<string, string> {
  void reply.code(error.status);
  if (error.status === 401 && request.headers.authorization !== undefined)
    void reply.header('www-authenticate', 'Basic realm="souk", charset="UTF-8"');
  if (error.retrySeconds !== undefined) void reply.header('retry-after', String(error.retrySeconds));
  return { error: error.code, error_description: error.message };
}
