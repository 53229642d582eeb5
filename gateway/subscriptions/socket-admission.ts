/** Who may have a socket, how many, and how a client goes on with a new token. */
import { CloseCode, MessageType, stringifyMessage } from 'graphql-ws';
import { codeOf } from '../../platform/errors';
import type { Authenticator, Identity } from '../authenticator';
import type { SessionWatch } from '../session-watch';
import type { SocketClient } from './socket-client';
import { callerOf, type OpenConnections } from './tally';

/** What clients send with `connection_init` and pings. */
export type Params = Record<string, unknown> | undefined;

/** Decides about sockets. */
export class SocketAdmission {
  constructor(
    private readonly options: { authenticator: Authenticator; sessions: SessionWatch; connections: OpenConnections },
  ) {}

  /** At `connection_init`. No token: nobody in particular, and each operation decides. False: a token that is no good. */
  async admit(client: SocketClient, params: Params): Promise<boolean> {
    const who = await this.identify(params);
    if (!who || client.over) return false;
    if (!this.options.connections.takeCaller(who.principal, client)) {
      client.end(CloseCode.TooManyInitialisationRequests, 'Too many sockets', 'too_many');
      return false;
    }
    client.speakFor(who, this.options.sessions);
    return true;
  }

  /** Answers a ping. One with `authorization` renews the token: it must be good, and of the same user or API client. */
  async pong(client: SocketClient, payload: Params): Promise<void> {
    if (authorizationIn(payload) == null) return client.send(stringifyMessage({ type: MessageType.Pong, payload }));
    const who = await this.identify(payload);
    if (client.over) return;
    const caller = who && callerOf(who.principal);
    if (!who || caller === undefined || caller !== callerOf(client.principal)) {
      client.end(CloseCode.Forbidden, 'Forbidden', 'refused');
      return;
    }
    client.speakFor(who, this.options.sessions);
    // Not the payload that came, as for other pings: that is the token.
    const accepted = { authorization: 'accepted', expiresAt: who.expiresAt?.toISOString() };
    return client.send(stringifyMessage({ type: MessageType.Pong, payload: accepted }));
  }

  private async identify(params: Params): Promise<Identity | undefined> {
    const authorization = authorizationIn(params) ?? undefined;
    if (authorization !== undefined && typeof authorization !== 'string') return undefined;
    try {
      return await this.options.authenticator.authenticateSession(authorization);
    } catch (error) {
      if (codeOf(error) === 'UNAUTHENTICATED') return undefined;
      throw error;
    }
  }
}

function authorizationIn(params: Params): unknown {
  return params?.['authorization'] ?? params?.['Authorization'];
}
