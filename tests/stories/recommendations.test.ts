/** What customers also bought, and what is for you. */
import { randomUUID } from 'node:crypto';
import * as documents from '../generated/graphql';
import { eventually } from '../support/eventually';
import { customer, demo, must, productFor, Visitor } from '../support/shop';

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

test('a customer is shown what goes with what they bought, and nobody else is', async () => {
  const [pot, lid, plant] = [await productFor({}), await productFor({}), await productFor({})];
  const [ada, grace] = [await customer(), await customer()];
  const forYou = async (who: Visitor, first = 20): Promise<string[]> => {
    const { me } = await who.get(documents.RecommendedProductsDocument, { first });
    return must(me?.recommendedProducts, 'who is signed in').map((product) => product.id);
  };
  const bestSelling = async (): Promise<string[]> => {
    const { products } = await ada.get(documents.ProductsDocument, { first: 20, sort: 'BEST_SELLING' });
    return must(products, 'there is a shop').nodes.map((product) => product.id);
  };
  await eventually(async () => expect(await forYou(ada)).toEqual(await bestSelling()));

  for (const { variantId } of [pot, lid]) await grace.fill(variantId);
  await grace.buys(plant.variantId);
  await grace.fill(lid.variantId);
  await grace.buys(pot.variantId);
  const order = await ada.buys(pot.variantId);
  await eventually(async () => expect((await forYou(ada)).slice(0, 2)).toEqual([lid.product.id, plant.product.id]));
  expect(await forYou(ada, 1)).toEqual([lid.product.id]);
  await eventually(async () => {
    const hers = await forYou(grace);
    expect([pot, lid, plant].filter(({ product }) => hers.includes(product.id))).toEqual([]);
  });
  // Staff may see the customer, but not this.
  const { id } = must((await ada.get(documents.MeDocument, {})).me, 'who is signed in');
  const support = await demo('support');
  expect(await support.get(documents.RecommendedToDocument, { id })).toEqual({
    user: { id, recommendedProducts: null },
  });
  expect(await new Visitor().get(documents.RecommendedProductsDocument, {})).toEqual({ me: null });

  const input = { orderId: order.id, idempotencyKey: randomUUID() };
  expect((await ada.get(documents.CancelOrderDocument, { input })).cancelOrder?.userErrors).toEqual([]);
  await eventually(async () => expect(await forYou(ada)).toEqual(await bestSelling()));
});
