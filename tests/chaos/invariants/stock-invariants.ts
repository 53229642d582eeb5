/** Every unit is somewhere, and nowhere twice. */
import type { ShopLedger } from '../ledgers';
import { groupBy, LIVE, type Invariant, type Violation } from './invariant';

type Movement = ShopLedger['movements'][number];

/** What each kind of movement does to the units on hand, and to those reserved. */
const ON_HAND: Readonly<Record<string, number>> = { initial: 1, adjust: 1, restock: 1, sell: -1 };
const RESERVED: Readonly<Record<string, number>> = { reserve: 1, release: -1, expire: -1, sell: -1 };

const effect = (movements: readonly Movement[], on: Readonly<Record<string, number>>): number =>
  movements.reduce((sum, { kind, quantity }) => sum + quantity * (on[kind] ?? 0), 0);

/** The ledger of movements explains every level. */
export const stockAddsUp: Invariant = {
  name: 'stock adds up for every variant, and is never negative',
  violations({ shop }) {
    const movements = groupBy(shop.movements, ({ variantId }) => variantId);
    return shop.levels.flatMap(({ variantId, onHand, reserved }): Violation[] => {
      const moved = movements.get(variantId) ?? [];
      const level = { onHand: effect(moved, ON_HAND), reserved: effect(moved, RESERVED) };
      const right = level.onHand === onHand && level.reserved === reserved && reserved >= 0 && reserved <= onHand;
      if (right) return [];
      return [
        {
          detail: `${variantId}: ${onHand} on hand and ${reserved} reserved, moved ${level.onHand} and ${level.reserved}`,
        },
      ];
    });
  },
};

/** A live order has left the shelf, exactly once; a dead one holds nothing. */
export const ordersHaveTheirUnits: Invariant = {
  name: 'a live order has its units sold, a dead one holds none',
  violations({ shop }) {
    const status = new Map(shop.orders.map((order) => [order.id, order.status]));
    const lines = groupBy(shop.lines, ({ orderId }) => orderId);
    const movements = groupBy(
      shop.movements.filter(({ orderId }) => orderId !== null),
      ({ orderId }) => orderId ?? '',
    );
    const orderIds = new Set([...status.keys(), ...movements.keys()]);
    return [...orderIds].flatMap((orderId): Violation[] => {
      const state = status.get(orderId) ?? 'no order';
      // Waits for its buyer, with a reservation that stands or has lapsed.
      if (state === 'PENDING') return [];
      const moved = groupBy(movements.get(orderId) ?? [], ({ variantId }) => variantId);
      const wanted = LIVE.has(state) ? (lines.get(orderId) ?? []) : [];
      const variants = new Set([...moved.keys(), ...wanted.map(({ variantId }) => variantId)]);
      return [...variants].flatMap((variantId): Violation[] => {
        const mine = moved.get(variantId) ?? [];
        const units = wanted
          .filter((line) => line.variantId === variantId)
          .reduce((sum, line) => sum + line.quantity, 0);
        // RETURNED units may be back on the shelf.
        const left = state === 'RETURNED' ? units : -effect(mine, ON_HAND);
        const held = effect(mine, RESERVED);
        if (left === units && held === 0) return [];
        return [{ orderId, detail: `${state}: ${left} of ${units} units of ${variantId} sold, ${held} held` }];
      });
    });
  },
};

/** Nothing is kept from others longer than its time, but what is pinned. */
export const noOverdueReservation: Invariant = {
  name: 'no reservation is older than its time and 30 s, unless pinned',
  violations({ shop }) {
    return shop.reservations
      .filter(({ state, overdueSeconds }) => state === 'RESERVED' && (overdueSeconds ?? 0) > 30)
      .map(({ orderId, overdueSeconds }) => ({ orderId, detail: `${overdueSeconds} s past its time` }));
  },
};

/** A claim belongs to an order that lives; together they are within the limit. */
export const promotionsWithinLimit: Invariant = {
  name: 'uses of a promotion are at most its limit',
  violations({ shop }) {
    const status = new Map(shop.orders.map((order) => [order.id, order.status]));
    return shop.promotions.flatMap(({ id, used, limit, claims }): Violation[] => {
      const dead = claims.filter((orderId) => !LIVE.has(status.get(orderId) ?? '')).length;
      if (used === claims.length && dead === 0 && (limit === null || used <= limit)) return [];
      return [
        { detail: `promotion ${id}: ${used} used of ${limit}, ${claims.length} claimed, ${dead} by dead orders` },
      ];
    });
  },
};
