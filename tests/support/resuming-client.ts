/** A buyer's program as docs/live-orders.md advises: whatever ends its subscription, it subscribes again with its last cursor. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

/** An update as it is asked for. */
interface Update {
  kind: string;
  cursor: string;
  order: { id: string };
}

const QUERY = `subscription ($after: String) {
  myOrdersUpdated(after: $after, types: [STATUS_CHANGED, SHIPMENT_CHANGED, PAYMENT_CHANGED, RETURN_CHANGED]) {
    kind cursor order { id status payments { status } } } }`;
/** Pause before it comes back, in milliseconds. */
const PAUSE_MS = 50;

/** Follows all orders of one user. */
export class ResumingClient {
  readonly seen: Update[] = [];
  /** How its subscriptions have ended: close codes and codes of errors, each as often as it came. */
  readonly ends: string[] = [];
  /** How often the server has let it in. */
  connections = 0;
  private socket?: WebSocket;
  private over = false;
  private readonly running: Promise<void>;

  /** `url`: of the gateway to go to next; `token`: the user's access token; `after`: the cursor it begins behind. */
  constructor(
    private readonly url: () => string,
    private readonly token: string,
    private readonly after: string | undefined,
  ) {
    this.running = this.run();
  }

  /** Destroys its connection. */
  cut(): void {
    this.socket?.terminate();
  }

  async stop(): Promise<void> {
    this.over = true;
    this.cut();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.over) {
      const client = createClient({
        url: `${this.url().replace('http', 'ws')}/graphql`,
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        connectionParams: { authorization: `Bearer ${this.token}` },
        on: {
          connected: (socket) => {
            this.connections += 1;
            if (socket instanceof WebSocket) this.socket = socket;
          },
        },
      });
      try {
        const variables = { after: this.seen.at(-1)?.cursor ?? this.after };
        for await (const { data } of client.iterate<{ myOrdersUpdated?: Update }>({ query: QUERY, variables })) {
          if (data?.myOrdersUpdated) this.seen.push(data.myOrdersUpdated);
        }
      } catch (error) {
        this.ends.push(endOf(error));
      }
      void client.dispose();
      await sleep(PAUSE_MS);
    }
  }
}

/** The code of a close event, of the first of some GraphQL errors, or of a connection that was not made. */
function endOf(error: unknown): string {
  const [first] = Array.isArray(error) ? (error as { extensions?: { code?: string } }[]) : [];
  if (first) return first.extensions?.code ?? 'error';
  if (typeof error === 'object' && error !== null && 'code' in error) return String(error.code);
  return 'unreachable';
}
