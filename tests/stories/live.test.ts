/** Buyers and staff watch many orders at once. */
import * as documents from '../generated/graphql';
import { customer, demo, must, PASSWORD, productFor, type Visitor } from '../support/shop';

const clients: ReturnType<Visitor['socket']>[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose();
});

/** Results of a subscription, one after the other. */
const follow = <Result, Variables extends Record<string, unknown>>(
  visitor: Visitor,
  document: documents.TypedDocumentString<Result, Variables>,
  variables: Variables,
) => {
  const client = visitor.socket();
  clients.push(client);
  return client.iterate<Result>({ query: document.toString(), variables });
};

/** The next result; fails the story if there is none. */
const next = async <Result>(results: AsyncIterableIterator<Result>): Promise<Result> => {
  const step: IteratorResult<Result, unknown> = await results.next();
  if (step.done) throw new Error('the subscription is over');
  return step.value;
};

test('the buyer of an order and whoever is staff see it move; who is staff no longer sees nothing more', async () => {
  const { variantId } = await productFor({});
  const [ada, colleague, admin] = [await customer(), await customer(), await demo('admin')];
  const { me } = await colleague.get(documents.MeDocument, {});
  const userId = must(me, undefined).id;
  const become = async (role: documents.Role): Promise<void> => {
    const { updateUserRole } = await admin.get(documents.UpdateUserRoleDocument, { input: { userId, role } });
    expect(updateUserRole?.userErrors).toEqual([]);
  };
  await become('SUPPORT');
  await colleague.login(colleague.email, PASSWORD);

  const order = await ada.buys(variantId);
  const timeline = (await ada.get(documents.TimelineDocument, { id: order.id })).order?.timeline;
  const { cursor: after } = must(timeline?.at(-1), undefined);
  const mine = follow(ada, documents.WatchMyOrdersDocument, { after });
  const all = follow(colleague, documents.WatchOrdersDocument, { after, filter: { status: ['PROCESSING'] } });
  await admin.get(documents.StartProcessingDocument, { input: { orderId: order.id } });
  expect(await next(mine)).toMatchObject({
    data: {
      myOrdersUpdated: {
        kind: 'EVENT',
        order: { id: order.id, status: 'PROCESSING', payments: [{ status: 'AUTHORIZED' }] },
      },
    },
  });
  // Other stories' orders move as well.
  let seen = await next(all);
  while (seen.data?.ordersUpdated.order.id !== order.id) seen = await next(all);
  expect(seen.data.ordersUpdated.order).toEqual({ id: order.id, status: 'PROCESSING', customer: { email: ada.email } });

  await become('CUSTOMER');
  let last = await next(all);
  while (!last.errors) last = await next(all);
  expect(last.errors).toMatchObject([{ path: ['ordersUpdated'], extensions: { code: 'FORBIDDEN' } }]);
  expect(await all.next()).toEqual({ done: true, value: undefined });
});
