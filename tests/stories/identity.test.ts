/** People prove who they are, get back in, are protected from those who guess, take their data with them and leave. */
import { randomUUID } from 'node:crypto';
import { fromId } from '../../platform/ids';
import type { StoredMail } from '../../platform/mail/mailbox';
import * as documents from '../generated/graphql';
import { eventually } from '../support/eventually';
import {
  codes,
  customer,
  demo,
  must,
  PASSWORD,
  productFor,
  shopRows,
  shopUrl,
  toGraphError,
  Visitor,
} from '../support/shop';

const NEW_PASSWORD = 'another long enough password';

/** The mail of that subject to somebody, once it is there. */
async function mailTo(address: string, subject: string): Promise<string> {
  let text: string | undefined;
  await eventually(async () => {
    const response = await fetch(`${shopUrl()}/dev/mailbox`, { headers: { accept: 'application/json' } });
    const { mails } = (await response.json()) as { mails: StoredMail[] };
    text = mails.find((mail) => mail.to === address && mail.subject === subject)?.text;
    expect(text).toBeDefined();
  });
  return must(text, undefined);
}
const tokenIn = (text: string): string => must(/\?token=([\w-]+)/.exec(text)?.[1], text);

test('a new customer confirms the address by the link in the mail', async () => {
  const ada = await customer();
  const token = tokenIn(await mailTo(ada.email, 'Confirm your e-mail address'));
  const verify = () => new Visitor().get(documents.VerifyEmailDocument, { input: { token } });
  expect((await verify()).verifyEmail).toMatchObject({ user: { emailVerified: null }, userErrors: [] });
  expect((await verify()).verifyEmail).toMatchObject({ user: null, userErrors: [{ code: 'NOT_FOUND' }] });
  expect((await ada.get(documents.MeDocument, {})).me).toMatchObject({ email: ada.email, emailVerified: true });
});

test('a forgotten password is reset by mail, and all sessions end', async () => {
  const ada = await customer();
  const nobody = `nobody-${randomUUID()}@example.com`;
  const ask = (email: string) => new Visitor().get(documents.RequestPasswordResetDocument, { input: { email } });
  const [known, unknown] = [await ask(ada.email), await ask(nobody)];
  expect(known).toEqual(unknown);
  expect(known.requestPasswordReset).toEqual({ requested: true, userErrors: [] });
  const token = tokenIn(await mailTo(ada.email, 'Choose a new password'));
  const input = { token, password: NEW_PASSWORD };
  const { resetPassword } = await new Visitor().get(documents.ResetPasswordDocument, { input });
  expect(resetPassword).toMatchObject({ userErrors: [] });
  const { refreshToken } = must(ada.session, undefined);
  const refreshed = await ada.ask(documents.RefreshSessionDocument, { input: { refreshToken } });
  expect(codes(refreshed)).toEqual(['UNAUTHENTICATED']);
  await expect(new Visitor().login(ada.email, PASSWORD)).rejects.toThrow('UNAUTHENTICATED');
  await new Visitor().login(ada.email, NEW_PASSWORD);
  await mailTo(ada.email, 'Your password was changed');
});

test('devices are listed and signed out one by one', async () => {
  const ada = await customer();
  const phone = await new Visitor().login(ada.email, PASSWORD);
  const sessionsOf = async (visitor: Visitor) =>
    must((await visitor.get(documents.MySessionsDocument, {})).me?.sessions, undefined);
  const lost = must(
    (await sessionsOf(ada)).find(({ current }) => !current),
    undefined,
  );
  const { revokeSession } = await ada.get(documents.RevokeSessionDocument, { input: { sessionId: lost.id } });
  expect(revokeSession).toEqual({ session: { id: lost.id }, userErrors: [] });
  expect((await sessionsOf(ada)).map(({ current }) => current)).toEqual([true]);
  const { refreshToken } = must(phone.session, undefined);
  expect(codes(await phone.ask(documents.RefreshSessionDocument, { input: { refreshToken } }))).toEqual([
    'UNAUTHENTICATED',
  ]);
});

test('whoever guesses is stopped after five, by whatever transport, and the right password too', async () => {
  const ada = await customer();
  const input = (password: string) => ({ input: { email: ada.email, password } });
  const overHttp = Array.from({ length: 50 }, (_, turn) =>
    new Visitor().ask(documents.LoginDocument, input(`wrong password ${turn}`)),
  );
  const socket = new Visitor().socket();
  const overSocket = Array.from(
    { length: 20 },
    (_, turn) =>
      new Promise<string>((resolve, reject) => {
        socket.subscribe<documents.LoginMutation>(
          { query: documents.LoginDocument.toString(), variables: input(`wrong again ${turn}`) },
          {
            next: ({ data, errors }) =>
              resolve(
                [
                  ...codes({ errors: errors?.map(toGraphError) }),
                  ...(data?.login?.userErrors ?? []).map(({ code }) => code),
                ].join(),
              ),
            error: reject,
            complete: () => undefined,
          },
        );
      }),
  );
  const answers = (await Promise.all(overHttp)).map(
    (answer) => codes(answer)[0] ?? answer.data?.login?.userErrors[0]?.code,
  );
  const all = [...answers, ...(await Promise.all(overSocket))];
  await socket.dispose();
  expect(all.filter((code) => code === 'UNAUTHENTICATED')).toHaveLength(5);
  expect(all.filter((code) => code === 'RATE_LIMIT_EXCEEDED')).toHaveLength(65);
  const late = await new Visitor().ask(documents.LoginDocument, input(PASSWORD));
  expect(codes(late)).toEqual(['RATE_LIMIT_EXCEEDED']);
  expect(must(late.errors?.[0], undefined).extensions.details).toEqual({ retryAfter: expect.any(Number) as number });
  expect((await ada.get(documents.MeDocument, {})).me).toMatchObject({ email: ada.email });
});

test('a customer takes everything along and leaves; the shop keeps the orders without the person', async () => {
  const { variantId, sku, product } = await productFor({});
  const productIds = [product.id];
  const ada = await customer();
  await ada.get(documents.SavePaymentMethodDocument, { input: { token: 'tok_visa' } });
  const order = await ada.buys(variantId, 1);
  const open = await ada.buys(variantId, 1);
  await ada.fill(variantId, 2);
  const owner = [fromId('user', must((await ada.get(documents.MeDocument, {})).me, 'who is signed in').id)];
  const purchases = () => shopRows('catalog', 'SELECT order_id FROM purchase WHERE user_id = $1', owner);
  await eventually(async () => expect(await purchases()).toHaveLength(2));

  const { requestDataExport } = await ada.get(documents.RequestDataExportDocument, {});
  expect(requestDataExport).toMatchObject({ dataExport: { status: 'PENDING', content: null }, userErrors: [] });
  let content: unknown;
  await eventually(async () => {
    const { me } = await ada.get(documents.MyDataExportsDocument, {});
    expect(me?.dataExports).toMatchObject([{ status: 'READY' }]);
    content = me?.dataExports?.[0]?.content;
  });
  expect(content).toMatchObject({
    accounts: { profile: { email: ada.email, firstName: 'Ada', lastName: 'Lovelace' } },
    catalog: {
      purchases: [
        { orderId: open.id, productIds },
        { orderId: order.id, productIds },
      ],
    },
    cart: { carts: [{ lines: [{ sku, quantity: 2 }] }] },
    orders: {
      orders: [
        { number: open.number },
        { number: order.number, shippingAddress: { line1: '12 Analytical Row' }, lines: [{ sku, quantity: 1 }] },
      ],
    },
    payments: { savedCards: [{ brand: 'visa' }], payments: [{}, { orderId: order.id }] },
  });

  const cancel = { orderId: order.id, idempotencyKey: randomUUID() };
  await ada.get(documents.CancelOrderDocument, { input: cancel });
  const { deleteAccount } = await ada.get(documents.DeleteAccountDocument, { input: { password: PASSWORD } });
  expect(deleteAccount).toMatchObject({ user: { id: expect.stringMatching(/^user_/) as string }, userErrors: [] });
  await mailTo(ada.email, 'Your account was deleted');
  await expect(new Visitor().login(ada.email, PASSWORD)).rejects.toThrow('UNAUTHENTICATED');
  const support = await demo('support');
  await eventually(async () => {
    const seen = must(await support.order(order.id), undefined);
    expect(seen).toMatchObject({ status: 'CANCELLED', email: null, shippingAddress: null, cost: order.cost });
  });
  // One that has to arrive keeps its address until then.
  expect(await support.order(open.id)).toMatchObject({
    status: 'CONFIRMED',
    shippingAddress: { name: 'Ada Lovelace' },
  });
  const { order: money } = await support.get(documents.OrderMoneyDocument, { id: order.id });
  expect(money?.customer).toMatchObject({ email: null });
  // Their token shows nothing any more, so what is left of them is looked for where it was.
  await eventually(async () => expect((await ada.ask(documents.CartDocument, {})).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])); // prettier-ignore
  await eventually(async () => {
    expect(
      await shopRows('payments', 'SELECT id FROM payment_method WHERE owner_id = $1 AND deleted_at IS NULL', owner),
    ).toEqual([]);
    expect(
      await shopRows('cart', `SELECT id FROM cart WHERE owner_id = $1 AND status = 'ACTIVE' AND item_count > 0`, owner),
    ).toEqual([]);
    expect(await purchases()).toEqual([]);
  });
  const admin = await demo('admin');
  await eventually(async () => {
    const { auditLog } = await admin.get(documents.AuditLogDocument, { action: 'deleteAccount' });
    expect(auditLog?.nodes.map(({ actorId }) => actorId)).toContain(deleteAccount?.user?.id);
  });
});
