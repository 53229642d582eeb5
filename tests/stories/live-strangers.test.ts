/** Who may not follow an order is told so on every transport, and nothing of the order is delivered. */
import { randomUUID } from 'node:crypto';
import * as documents from '../generated/graphql';
import { eventually } from '../support/eventually';
import { eventsOf, openRaw, partsOf, type RawStream } from '../support/raw-stream';
import { closeSockets, RawSocket } from '../support/raw-socket';
import { customer, demo, must, productFor, shopUrl, Visitor } from '../support/shop';

/** Following as seen by the client. */
interface Following {
  /** Whatever was delivered, as text. */
  delivered: () => string;
  /** The code of the error or of the close that ended it; null as long as it goes on. */
  end: () => string | null;
}
type Variables = documents.WatchOrderSubscriptionVariables;
type Transport = (variables: Variables, accessToken: string | undefined) => Promise<Following>;

const query = documents.WatchOrderDocument.toString();
const streams: RawStream[] = [];
afterEach(() => {
  for (const stream of streams.splice(0)) stream.leave();
  closeSockets();
});

const errorIn = (text: string): string | null => /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? null;
const port = (): number => Number(new URL(shopUrl()).port);
const bearer = (token?: string) => ({ ...(token !== undefined && { authorization: `Bearer ${token}` }) });

const stream =
  (accept: string, read: (text: string) => unknown[]): Transport =>
  async (variables, token) => {
    const headers = { accept, ...bearer(token) };
    const opened = await openRaw(port(), { body: { query, variables }, headers });
    streams.push(opened);
    const answers = (): string => (opened.status === 200 ? JSON.stringify(read(opened.text())) : opened.text());
    return { delivered: answers, end: () => (opened.ended() === 'no' ? null : errorIn(answers())) };
  };

const TRANSPORTS: Record<string, Transport> = {
  'a socket': async (variables, token) => {
    const client = await new RawSocket({ port: port() }).open();
    client.send({ type: 'connection_init', payload: bearer(token) });
    const closed: string[] = [];
    void client.closed.then(({ code }) => closed.push(String(code)));
    await eventually(() => expect(client.received.length + closed.length).toBeGreaterThan(0));
    if (closed.length === 0) client.subscribe(query, variables);
    const answers = (): string => JSON.stringify(client.received.filter(({ id }) => id === 'a'));
    return { delivered: answers, end: () => closed[0] ?? errorIn(answers()) };
  },
  'an event stream': stream('text/event-stream', eventsOf),
  multipart: stream('multipart/mixed;subscriptionSpec=1.0, application/json', partsOf),
};

/** A guest's order with its token, moved on by staff when asked. */
async function guestOrder(variantId: string): Promise<{ id: string; token: string }> {
  const guest = new Visitor();
  const { token: cartToken } = await guest.fill(variantId);
  const { order, userErrors } = await guest.checkout({ cartToken, email: `guest-${randomUUID()}@example.com` });
  const { id, token } = must(order, userErrors);
  return { id, token: must(token, undefined) };
}
const tokenOf = ({ session }: Visitor): string => must(session, undefined).accessToken;

describe.each(Object.entries(TRANSPORTS))('over %s', (_name, follow) => {
  test("someone else's order, an unknown id, a wrong guest token, a bad token, a session that is over: refused", async () => {
    const { variantId } = await productFor({});
    const [ada, grace, gone] = [await customer(), await customer(), await customer()];
    const { id: orderId } = await ada.buys(variantId);
    const guest = await guestOrder(variantId);
    const goneOrder = await gone.buys(variantId);
    await gone.get(documents.LogoutDocument, {});
    const unknown = `ord_${'0'.repeat(25)}1`;

    const cases: [Variables, string | undefined, string[]][] = [
      [{ orderId }, tokenOf(grace), ['NOT_FOUND']],
      [{ orderId }, undefined, ['NOT_FOUND']],
      [{ orderId: unknown }, tokenOf(ada), ['NOT_FOUND']],
      [{ orderId: guest.id, token: 'wrong' }, undefined, ['NOT_FOUND']],
      [{ orderId: guest.id, token: guest.token.slice(0, -1) }, tokenOf(ada), ['NOT_FOUND']],
      [{ orderId: guest.id }, tokenOf(ada), ['NOT_FOUND']],
      [{ orderId }, 'nonsense', ['UNAUTHENTICATED', '4403']],
      [{ orderId: goneOrder.id }, tokenOf(gone), ['UNAUTHENTICATED', '4403']],
    ];
    const followed = await Promise.all(cases.map(([variables, token]) => follow(variables, token)));
    const right = await follow({ orderId }, tokenOf(ada));
    await eventually(() => expect(right.delivered()).toContain('SNAPSHOT'));
    for (const [index, [, , ends]] of cases.entries()) {
      await eventually(() => expect(ends).toContain(followed[index]?.end()));
    }
    // What happens next is for those who may see it, and for nobody else.
    const support = await demo('support');
    for (const id of [orderId, guest.id, goneOrder.id]) {
      await support.get(documents.StartProcessingDocument, { input: { orderId: id } });
    }
    await eventually(() => expect(right.delivered()).toContain('PROCESSING'));
    for (const { delivered } of followed) expect(delivered()).not.toMatch(/orderUpdated":\{|CONFIRMED|PROCESSING/);
  }, 60_000);

  test('a session that ends cuts it, and what happens after that is not delivered', async () => {
    const { variantId } = await productFor({});
    const [ada, support] = [await customer(), await demo('support')];
    const { id: orderId } = await ada.buys(variantId);
    const accessToken = tokenOf(ada);
    const following = await follow({ orderId }, accessToken);
    await eventually(() => expect(following.delivered()).toContain('SNAPSHOT'));
    await ada.get(documents.LogoutDocument, {});
    await eventually(() => expect(['UNAUTHENTICATED', '4403']).toContain(following.end()));
    await support.get(documents.StartProcessingDocument, { input: { orderId } });
    await ada.login(ada.email, 'a long enough password');
    const again = await follow({ orderId }, tokenOf(ada));
    await eventually(() => expect(again.delivered()).toContain('PROCESSING'));
    expect(following.delivered()).not.toContain('PROCESSING');
  }, 60_000);
});
