import { z } from 'zod';
import type { CommandMeta } from '../../platform/commands/command';
import { addressInput, validateInput, type AddressValue } from '../../platform/graph/validate';
import type { Services } from '../../platform/subgraph';
import { cartReference } from './cart-reference';
import type { CartState } from './cart-state';
import { changeCart } from './change-cart';
import { isShippingMethod, SHIPPING_METHODS } from './pricing/shipping-table';
import { taxRegion } from './pricing/tax-table';

const shippingMethodText = z.string().refine(isShippingMethod, {
  message: `Must be one of ${SHIPPING_METHODS.join(', ')}.`,
  params: { allowed: SHIPPING_METHODS },
});

const setCartDeliveryInput = z.object({
  ...cartReference,
  address: addressInput.nullish(),
  shippingMethod: shippingMethodText.nullish(),
});

/**
 * Says where to and how a cart is to be shipped; what is absent stays as it is. From then on its cost is what will be charged. Throws
 * UserFault VALIDATION_ERROR, NOT_FOUND, CONFLICT.
 */
export async function setCartDelivery(services: Services, meta: CommandMeta, input: unknown): Promise<CartState> {
  const { address, shippingMethod, ...reference } = validateInput(setCartDeliveryInput, input);
  return changeCart(
    services,
    { principal: meta.principal, reference, make: true, otherwise: ['cartId'], amountField: ['address'] },
    ({ cart }) => {
      if (address) Object.assign(cart, deliveryColumns(address, services.sealer.sealJson(address)));
      if (shippingMethod != null) cart.shippingMethod = shippingMethod;
    },
  );
}

/** An address as a cart stores it: sealed, and what its totals depend on in clear. */
export function deliveryColumns(
  address: AddressValue,
  sealedAddress: string,
): { sealedAddress: string; countryCode: string; taxRegion: string | null } {
  return { sealedAddress, countryCode: address.countryCode, taxRegion: taxRegion(address.countryCode, address.region) };
}
