/**
 * Tickets for a browser's EventSource, which can send no header: the access token, sealed, so that only the gateway can
 * open it, and only for reading an event stream. A ticket is as good as the token in it, and as long.
 */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { Fault } from '../../platform/errors';
import type { Sealer } from '../../platform/seal';
import type { Authenticator, Identity } from '../authenticator';

/** A ticket has about 700 characters. */
const LONGEST_TICKET = 8_192;
/** Tells a ticket from all else that is sealed with the same keys. */
const contents = z.object({ purpose: z.literal('event stream'), authorization: z.string() });

/** Makes and takes tickets. */
export class StreamTickets {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly sealer: Sealer,
  ) {}

  /** For the `authorization` of the one who asks. Rejects with Fault UNAUTHENTICATED for nobody. */
  async issue(authorization: string | undefined): Promise<{ ticket: string; expiresAt: string }> {
    const { expiresAt } = await this.authenticator.authenticateSession(authorization);
    if (authorization === undefined || !expiresAt) throw new Fault('UNAUTHENTICATED');
    const ticket = this.sealer.sealJson({ purpose: 'event stream', authorization });
    return { ticket, expiresAt: expiresAt.toISOString() };
  }

  /** Whose it is. Rejects with Fault UNAUTHENTICATED if it is not one of ours or its token has expired. */
  async sessionOf(ticket: unknown): Promise<Identity> {
    if (typeof ticket !== 'string' || ticket.length > LONGEST_TICKET) throw new Fault('UNAUTHENTICATED');
    let authorization: string;
    try {
      ({ authorization } = this.sealer.openJson(ticket, contents));
    } catch (error) {
      throw new Fault('UNAUTHENTICATED', undefined, undefined, { cause: error });
    }
    return this.authenticator.authenticateSession(authorization);
  }
}

/** Adds `POST /graphql/ticket`: no body, and the `authorization` header that the graph would get. */
export function addTicketRoute(fastify: FastifyInstance, tickets: StreamTickets): void {
  fastify.post('/graphql/ticket', async (request, reply) =>
    reply.header('cache-control', 'no-store').send(await tickets.issue(request.headers.authorization)),
  );
}
