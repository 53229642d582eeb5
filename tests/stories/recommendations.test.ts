/** What customers also bought. */
import { randomUUID } from 'node:crypto';
import * as documents from '../generated/graphql';
import { eventually } from '../support/eventually';
import { customer, must, productFor, Visitor } from '../support/shop';

test('a product shows what was bought with it, until the order is cancelled', async () => {
  const [lamp, bulb] = [await productFor({}), await productFor({})];
  const visitor = new Visitor();
  const alsoBought = async (id: string, first?: number): Promise<string[]> => {
    const { product } = await visitor.get(documents.AlsoBoughtDocument, { id, first });
    return must(product?.alsoBought, 'there is such a product').map((other) => other.id);
  };
  expect(await alsoBought(lamp.product.id)).toEqual([]);

  const ada = await customer();
  await ada.fill(lamp.variantId);
  const order = await ada.buys(bulb.variantId);
  await eventually(async () => expect(await alsoBought(lamp.product.id)).toEqual([bulb.product.id]));
  expect(await alsoBought(bulb.product.id, 1)).toEqual([lamp.product.id]);
  expect((await visitor.ask(documents.AlsoBoughtDocument, { id: lamp.product.id, first: 21 })).errors).toMatchObject([
    { path: ['product', 'alsoBought'], extensions: { code: 'VALIDATION_ERROR', details: { field: ['first'] } } },
  ]);

  const input = { orderId: order.id, idempotencyKey: randomUUID() };
  expect((await ada.get(documents.CancelOrderDocument, { input })).cancelOrder?.userErrors).toEqual([]);
  await eventually(async () => expect(await alsoBought(lamp.product.id)).toEqual([]));
});
