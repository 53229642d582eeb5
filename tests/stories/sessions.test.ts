/** Sessions end, and with them what is open: by log-out and by suspension, and nobody else's. */
import * as documents from '../generated/graphql';
import { eventually } from '../support/eventually';
import { customer, demo, must, PASSWORD, productFor, Visitor, type Watch } from '../support/shop';

const watches: Watch[] = [];
afterEach(() => {
  for (const watch of watches.splice(0)) watch.close();
});

/** Somebody's order, watched, with its snapshot there. */
async function watching(visitor: Visitor, orderId: string, token?: string): Promise<Watch> {
  const watch = visitor.watch({ orderId, token });
  watches.push(watch);
  return watch.until(({ updates }) => updates.length === 1);
}

/** Closed with 4403, and nothing came after the snapshot. */
const closed = (...those: Watch[]): Promise<void> =>
  eventually(() => {
    for (const watch of those) expect([watch.closedWith, watch.updates.length, watch.errors]).toEqual([4403, 1, []]);
  });

test('a user who logs out everywhere, and one who is suspended, watch no more; others do', async () => {
  const { variantId } = await productFor({});
  const [ada, grace, admin, support] = [await customer(), await customer(), await demo('admin'), await demo('support')];
  const [order, hers] = [await ada.buys(variantId), await grace.buys(variantId)];
  const laptop = await new Visitor().login(ada.email, PASSWORD);
  const mine = [await watching(ada, order.id), await watching(laptop, order.id)];
  const [graces, supports] = [await watching(grace, hers.id), await watching(support, order.id)];

  await laptop.get(documents.LogoutEverywhereDocument, {});
  await closed(...mine);
  const process = async (orderId: string): Promise<void> => {
    const { startProcessing } = await support.get(documents.StartProcessingDocument, { input: { orderId } });
    expect(startProcessing).toMatchObject({ order: { status: 'PROCESSING' }, userErrors: [] });
  };
  await process(order.id);
  await supports.until(({ updates }) => updates.length === 2);
  expect(mine.map(({ updates }) => updates.length)).toEqual([1, 1]);
  expect(graces.closedWith).toBeUndefined();

  // The token is good for an hour more, but the session it is of is over.
  const late = ada.watch({ orderId: order.id });
  watches.push(late);
  await late.untilEnded();
  expect([late.closedWith, late.updates]).toEqual([4403, []]);

  const { me } = await grace.get(documents.MeDocument, {});
  const userId = must(me, undefined).id;
  const suspend = async (suspended: boolean) =>
    (await admin.get(documents.SuspendUserDocument, { input: { userId, suspended, reason: 'A story' } })).suspendUser;
  expect(await suspend(true)).toMatchObject({ user: { id: userId, status: 'SUSPENDED' }, userErrors: [] });
  await closed(graces);
  await eventually(async () => expect((await grace.ask(documents.MeDocument, {})).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])); // prettier-ignore
  await process(hers.id);
  await expect(new Visitor().login(grace.email, PASSWORD)).rejects.toThrow('This account is suspended.');
  const refused = await support.ask(documents.SuspendUserDocument, { input: { userId, suspended: false } });
  expect([refused.data, refused.errors?.[0]?.extensions.code]).toEqual([{ suspendUser: null }, 'FORBIDDEN']);
  expect(await suspend(false)).toMatchObject({ user: { status: 'ACTIVE', suspensionReason: null }, userErrors: [] });

  const back = await watching(await new Visitor().login(grace.email, PASSWORD), hers.id);
  expect(back.updates[0]).toMatchObject({ kind: 'SNAPSHOT', order: { status: 'PROCESSING' } });
  expect([graces.updates.length, supports.closedWith]).toEqual([1, undefined]);
});

test("a guest's socket has no session that could end", async () => {
  const { variantId } = await productFor({});
  const guest = new Visitor();
  const cart = await guest.fill(variantId);
  const { order } = await guest.checkout({ cartToken: cart.token, email: 'guest@example.com' });
  const { id, token } = must(order, undefined);
  const watch = await watching(guest, id, must(token, undefined));
  const support = await demo('support');
  await support.get(documents.StartProcessingDocument, { input: { orderId: id } });
  await watch.until(({ updates }) => updates.length === 2);
  expect(watch.closedWith).toBeUndefined();
});
