/** New carts. */
import type { EntityManager } from 'typeorm';
import type { Owner } from '../../platform/auth/principal';
import { hashSecretToken, newSecretToken } from '../../platform/auth/secret-token';
import { Fault } from '../../platform/errors';
import { newUuid } from '../../platform/ids';
import type { Services } from '../../platform/subgraph';
import { CartRow } from './cart.entity';
import { findCart } from './cart.rows';

/** Prices of the shop are net. Kept with each cart, so that this can change without changing what is already in a cart. */
const TAX_INCLUDED = false;

/** A new guest cart with a token of its own; belongs to whoever holds the token. */
export async function makeGuestCart(tx: EntityManager, services: Services): Promise<CartRow> {
  const id = newUuid();
  const token = newSecretToken();
  const row = emptyCart(services, { ownerKind: 'guest', ownerId: id }, id);
  row.tokenHash = hashSecretToken(token);
  row.sealedToken = services.sealer.seal(token);
  await tx.insert(CartRow, row);
  return row;
}

/** The owner's live cart, locked; made if there is none. Two requests that make it at once get the same one. */
export async function lockOwnCart(tx: EntityManager, services: Services, owner: Owner): Promise<CartRow> {
  // An order may spend the one found by the insert before it is locked: then there is room for the next.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const existing = await findCart(tx, { by: 'owner', owner }, { lock: true });
    if (existing) return existing;
    // Waits for a concurrent insert of the same owner.
    await tx
      .createQueryBuilder()
      .insert()
      .into(CartRow)
      .values(emptyCart(services, owner, newUuid()))
      .orIgnore()
      .execute();
  }
  throw new Fault('SERVICE_UNAVAILABLE');
}

function emptyCart(services: Services, owner: Owner, id: string): CartRow {
  const now = services.clock.now();
  return {
    ...owner,
    id,
    status: 'ACTIVE',
    orderId: null,
    mergedInto: null,
    tokenHash: null,
    sealedToken: null,
    currencyCode: services.config.currency,
    taxIncluded: TAX_INCLUDED,
    lineCount: 0,
    itemCount: 0,
    subtotal: 0n,
    discount: 0n,
    shipping: null,
    tax: null,
    total: 0n,
    priceVersion: 0n,
    countryCode: null,
    taxRegion: null,
    sealedAddress: null,
    shippingMethod: null,
    promoCodes: [],
    createdAt: now,
    updatedAt: now,
  };
}
