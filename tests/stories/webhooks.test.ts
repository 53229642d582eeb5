/** The payment provider's door: it is there beside the graph, and opens to nobody else. */
import { OrderMoneyDocument } from '../generated/graphql';
import { customer, productFor, shopUrl } from '../support/shop';

async function post(provider: string, body: string): Promise<{ status: number; code?: string }> {
  const response = await fetch(`${shopUrl()}/webhooks/payments/${provider}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'souk-signature': `t=${Math.floor(Date.now() / 1_000)},v1=00` },
    body,
  });
  const answer = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return { status: response.status, code: answer.errors?.[0]?.extensions.code };
}

test('a forged webhook is refused, and the order it speaks of stays as it is', async () => {
  const { variantId } = await productFor({});
  const ada = await customer();
  const { id } = await ada.buys(variantId, 1);
  const money = async () => (await ada.get(OrderMoneyDocument, { id })).order?.payments;
  const before = await money();
  expect(before).toMatchObject([{ status: 'AUTHORIZED' }]);
  const body = JSON.stringify({ id: 'evt_1', type: 'charge.voided', key: id, occurredAt: new Date().toISOString() });
  expect(await post('sandbox', body)).toEqual({ status: 400, code: 'INVALID_REQUEST' });
  expect(await post('nobody', body)).toEqual({ status: 404, code: 'NOT_FOUND' });
  expect(await money()).toEqual(before);
});
