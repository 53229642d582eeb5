/** Cart, catalog and payments as orders meets them: small stand-ins with a memory, that can be down, slow or about to crash. */
import { randomUUID } from 'node:crypto';
import type { Principal, Role, UserPrincipal } from '../../platform/auth/principal';
import type { CommandMeta } from '../../platform/commands/command';
import { Fault, type PromoCodeReason } from '../../platform/errors';
import type { FakeCommands } from './subgraph';

/** A cart of one line: two units of the one article. */
interface FakeCart {
  id: string;
  ownerKind: 'user' | 'client' | 'guest';
  ownerId: string;
  claimedBy: string | null;
  spent: boolean;
}

type Money = 'authorized' | 'pending' | 'waiting' | 'declined' | 'captured' | 'reversed';

/** Units in every cart, and the price of one in minor units. */
export const QUANTITY = 2;
export const UNIT_PRICE = 1_000n;
/** With shipping (500) and tax (100). */
export const TOTAL = '26.00';

/** The others' state, and what a test may do to them. */
export class OrdersWorld {
  readonly carts = new Map<string, FakeCart>();
  readonly reservations = new Map<string, { state: 'reserved' | 'pinned' | 'released'; until: number }>();
  readonly money = new Map<string, Money>();
  /** What was given back for returns, in minor units, and the units that went back to the stock; by return. */
  readonly refunds = new Map<string, bigint>();
  readonly restocked = new Map<string, number>();
  /** Tokens behind saved payment methods, by uuid. */
  readonly methods = new Map<string, string>();
  /** Sessions as accounts knows them, by their id. */
  readonly sessions = new Map<string, { userId: string; role: Role; active: boolean }>();
  /** Users who are no partners, as accounts knows them, by their id; all others are. */
  readonly users = new Map<
    string,
    { role: Role; suspended: boolean; sealedFirstName?: string; sealedLastName?: string }
  >();
  /** Every command that was answered, in order, as `name orderId`. */
  readonly log: string[] = [];
  /** Services that do not answer. */
  readonly down = new Set<string>();
  stock = 1_000_000;
  address = true;
  /** A code that the cart shows and that no longer applies. */
  lostCode: { code: string; reason: PromoCodeReason } | null = null;
  /** Whether payments answers `pending` for tok_slow. */
  providerSlow = true;
  captureFails = false;
  /** What payments answers for a return, if not `refunded`. */
  refundAnswer: 'failed' | 'pending' | null = null;
  /** What the buyers of tok_3ds have done so far. */
  buyers: 'away' | 'approve' | 'decline' | 'too late' = 'away';
  /** Called around each command's effect; may throw. */
  before: (name: string, meta: CommandMeta & { deadlineMs?: number }) => void | Promise<void> = () => undefined;
  after: (name: string, meta: CommandMeta & { deadlineMs?: number }) => void | Promise<void> = () => undefined;

  /** As on the first day. */
  reset(): void {
    const { carts, reservations, money, refunds, restocked, methods, sessions, users, down } = this;
    for (const memory of [carts, reservations, money, refunds, restocked, methods, sessions, users, down])
      memory.clear();
    this.log.length = 0;
    this.stock = 1_000_000;
    this.address = true;
    this.lostCode = null;
    this.providerSlow = true;
    this.captureFails = false;
    this.refundAnswer = null;
    this.buyers = 'away';
    this.before = () => undefined;
    this.after = () => undefined;
  }

  /** A guest's cart; gives its token. */
  guestCart(): { token: string; id: string } {
    const id = randomUUID();
    const token = randomUUID();
    this.carts.set(token, { id, ownerKind: 'guest', ownerId: id, claimedBy: null, spent: false });
    return { token, id };
  }

  /** Tells accounts of a session with the role in its principal, or with another one. */
  signIn({ id: userId, sessionId, role }: UserPrincipal, now: { role?: Role; active?: boolean } = {}): void {
    this.sessions.set(sessionId, { userId, role, active: true, ...now });
  }

  /** Units that are neither free nor given back. */
  get taken(): number {
    return [...this.reservations.values()].filter(({ state }) => state !== 'released').length * QUANTITY;
  }

  /** Carts that an order has claimed and neither spent nor given back. */
  get claimed(): number {
    return [...this.carts.values()].filter(({ claimedBy, spent }) => claimedBy !== null && !spent).length;
  }

  /** Orders whose money is held or taken. */
  get charged(): string[] {
    return [...this.money].filter(([, state]) => state === 'authorized' || state === 'captured').map(([id]) => id);
  }

  /** Lets every reservation that is not pinned lapse. */
  lapse(): void {
    for (const reservation of this.reservations.values()) reservation.until = 0;
  }

  readonly commands: FakeCommands = {
    'accounts.readSessions.v1': ({ sessionIds }: { sessionIds: string[] }) => {
      if (this.down.has('accounts')) throw new Fault('SERVICE_UNAVAILABLE');
      const known = sessionIds.map((sessionId) => ({ sessionId, ...this.sessions.get(sessionId) }));
      return { sessions: known.filter(({ userId }) => userId !== undefined) };
    },
    'accounts.readUsers.v1': ({ userIds }: { userIds: string[] }) => {
      if (this.down.has('accounts')) throw new Fault('SERVICE_UNAVAILABLE');
      const partner = { role: 'PARTNER', suspended: false, sealedFirstName: null, sealedLastName: null };
      return { users: userIds.map((userId) => ({ userId, ...partner, ...this.users.get(userId) })) };
    },
    'cart.quoteCart.v1': this.command('quote', (input: { orderId: string; cartToken: string | null }, meta) =>
      this.quote(input, meta.principal),
    ),
    'cart.releaseCart.v1': this.command('releaseCart', ({ orderId }) => {
      for (const cart of this.carts.values()) if (cart.claimedBy === orderId) cart.claimedBy = null;
      return {};
    }),
    'cart.spendCart.v1': this.command('spend', ({ orderId }) => {
      for (const cart of this.carts.values()) if (cart.claimedBy === orderId) cart.spent = true;
      return {};
    }),
    'catalog.reserveStock.v1': this.command('reserve', ({ orderId }) => this.reserve(orderId)),
    'catalog.pinReservation.v1': this.command('pin', ({ orderId }) => {
      const reservation = this.reservations.get(orderId);
      if (reservation?.state === 'pinned') return { outcome: 'pinned' };
      if (reservation?.state !== 'reserved' || reservation.until < Date.now()) return { outcome: 'expired' };
      reservation.state = 'pinned';
      return { outcome: 'pinned' };
    }),
    'catalog.releaseReservation.v1': this.command('releaseStock', ({ orderId }) => {
      this.reservations.set(orderId, { state: 'released', until: 0 });
      return {};
    }),
    'payments.authorizePayment.v1': this.command(
      'authorize',
      ({ orderId, token, methodId }: { orderId: string; token: string | null; methodId: string | null }) =>
        this.authorize(orderId, methodId === null ? token : (this.methods.get(methodId) ?? null)),
    ),
    'payments.capturePayment.v1': this.command('capture', ({ orderId }) => {
      const state = this.money.get(orderId);
      if (state === 'captured') return { outcome: 'captured' };
      if (state !== 'authorized' || this.captureFails) return { outcome: 'failed', reason: 'capture_refused' };
      this.money.set(orderId, 'captured');
      return { outcome: 'captured' };
    }),
    'payments.reversePayment.v1': this.command('reverse', ({ orderId }) => {
      this.money.set(orderId, 'reversed');
      return { outcome: 'reversed' };
    }),
    'payments.refundReturn.v1': this.command(
      'refund',
      (input: { orderId: string; returnId: string; amount: string }) => {
        if (this.refundAnswer) return { outcome: this.refundAnswer };
        this.refunds.set(input.returnId, BigInt(input.amount));
        return { outcome: 'refunded' };
      },
    ),
    'catalog.restockReturn.v1': this.command(
      'restock',
      (input: { orderId: string; returnId: string; lines: { quantity: number }[] }) => {
        this.restocked.set(
          input.returnId,
          input.lines.reduce((sum, { quantity }) => sum + quantity, 0),
        );
        return { outcome: 'restocked' };
      },
    ),
  };

  private command<Input extends { orderId: string }>(
    name: string,
    effect: (input: Input, meta: CommandMeta) => unknown,
  ) {
    return async (input: never, meta: CommandMeta): Promise<unknown> => {
      await this.before(name, meta);
      const service = /^(quote|releaseCart|spend)$/.test(name)
        ? 'cart'
        : /^(reserve|pin|releaseStock|restock)$/.test(name)
          ? 'catalog'
          : 'payments';
      if (this.down.has(service)) throw new Fault('SERVICE_UNAVAILABLE');
      const answer = effect(input, meta);
      this.log.push(`${name} ${(input as Input).orderId}`);
      await this.after(name, meta);
      return answer;
    };
  }

  private quote({ orderId, cartToken }: { orderId: string; cartToken: string | null }, principal: Principal): unknown {
    const cart = cartToken !== null ? this.carts.get(cartToken) : this.cartOf(principal);
    if (!cart) return { outcome: 'notFound' };
    if (cart.spent || (cart.claimedBy !== null && cart.claimedBy !== orderId)) return { outcome: 'claimed' };
    if (!this.address) return { outcome: 'noAddress' };
    if (this.lostCode) return { outcome: 'promotionLost', codes: [this.lostCode] };
    cart.claimedBy = orderId;
    const subtotal = UNIT_PRICE * BigInt(QUANTITY);
    const line = {
      ...{
        lineId: randomUUID(),
        variantId: VARIANT,
        productId: VARIANT,
        sku: 'SKU-1',
        productName: 'Mug',
        variantName: 'Blue',
      },
      image: null,
      quantity: QUANTITY,
      ...{ unitPrice: UNIT_PRICE.toString(), discount: '0', total: subtotal.toString(), tax: '100' },
    };
    return {
      outcome: 'quoted',
      quote: {
        ...{ cartId: cart.id, ownerKind: cart.ownerKind, ownerId: cart.ownerId, currencyCode: 'USD', lines: [line] },
        ...{
          subtotal: subtotal.toString(),
          discount: '0',
          shipping: '500',
          tax: '100',
          total: '2600',
          taxIncluded: false,
        },
        shippingMethod: 'STANDARD',
        sealedAddress: this.sealedAddress,
        ...{ promoCodes: [], version: '1', expiresAt: new Date(Date.now() + 900_000).toISOString() },
      },
    };
  }

  /** Sealed by the test, which has the sealer. */
  sealedAddress = '';

  private cartOf(principal: Principal): FakeCart | undefined {
    if (principal.kind !== 'user' && principal.kind !== 'client') return undefined;
    const key = `${principal.kind} ${principal.id}`;
    const known = this.carts.get(key);
    if (known && !known.spent) return known;
    const cart: FakeCart = {
      id: randomUUID(),
      ownerKind: principal.kind,
      ownerId: principal.id,
      claimedBy: null,
      spent: false,
    };
    this.carts.set(key, cart);
    return cart;
  }

  private reserve(orderId: string): unknown {
    const known = this.reservations.get(orderId);
    if (known?.state === 'released') throw new Error('reserved again after it was released');
    if (known?.state === 'pinned') return { outcome: 'reserved', expiresAt: null };
    const until = known && known.until > Date.now() ? known.until : Date.now() + 900_000;
    if (!known || known.until <= Date.now()) {
      const free = this.stock - this.taken + (known ? QUANTITY : 0);
      if (free < QUANTITY) return { outcome: 'short', lines: [{ variantId: VARIANT, sku: 'SKU-1', available: free }] };
    }
    this.reservations.set(orderId, { state: 'reserved', until });
    return { outcome: 'reserved', expiresAt: new Date(until).toISOString() };
  }

  private authorize(orderId: string, token: string | null): unknown {
    const known = this.money.get(orderId);
    if (known === 'reversed') return { outcome: 'declined', reason: 'cancelled' };
    if (known === 'authorized') return { outcome: 'authorized' };
    if (token === 'tok_declined') return { outcome: 'declined', reason: 'card_declined' };
    if (token === 'tok_slow' && this.providerSlow) {
      this.money.set(orderId, 'pending');
      return { outcome: 'pending' };
    }
    if (token === 'tok_late_decline') {
      this.money.set(orderId, known === undefined ? 'pending' : 'declined');
      return known === undefined ? { outcome: 'pending' } : { outcome: 'declined', reason: 'card_declined' };
    }
    if (token === 'tok_3ds') return this.askBuyer(orderId);
    if (token !== 'tok_visa' && token !== 'tok_slow') return { outcome: 'unknownToken' };
    this.money.set(orderId, 'authorized');
    return { outcome: 'authorized' };
  }

  private askBuyer(orderId: string): unknown {
    if (this.buyers === 'away') {
      this.money.set(orderId, 'waiting');
      return { outcome: 'requiresAction', url: APPROVAL_URL, expiresAt: APPROVE_UNTIL };
    }
    const approved = this.buyers === 'approve';
    this.money.set(orderId, approved ? 'authorized' : 'declined');
    if (approved) return { outcome: 'authorized' };
    const reason = this.buyers === 'decline' ? 'authentication_failed' : 'action_expired';
    return { outcome: 'declined', reason };
  }
}

/** Where tok_3ds sends its buyers, and until when they may come. */
export const APPROVAL_URL = 'https://bank.example/approve/1';
export const APPROVE_UNTIL = '2099-01-01T00:00:00.000Z';
const VARIANT = randomUUID();
