/** What Stripe keeps and how it changes, as far as Souk uses it (https://docs.stripe.com/api). No HTTP here. */
import { randomBytes } from 'node:crypto';

/** Parameters of a request, flat as they are sent: `metadata[souk_key]`. */
export type Params = Readonly<Record<string, string>>;

interface Card {
  brand: string;
  last4: string;
  /** What a charge does. */
  charge: 'succeed' | 'decline' | 'askBuyer';
  declineCode?: string;
}

/** Stripe's own test cards (https://docs.stripe.com/testing): each use makes a payment method of its own. */
const visa: Card = { brand: 'visa', last4: '4242', charge: 'succeed' };
const CARDS: Record<string, Card> = {
  pm_card_visa: visa,
  tok_visa: visa,
  pm_card_mastercard: { brand: 'mastercard', last4: '4444', charge: 'succeed' },
  pm_card_chargeCustomerFail: { ...visa, last4: '0341', charge: 'decline', declineCode: 'generic_decline' },
  tok_chargeCustomerFail: { ...visa, last4: '0341', charge: 'decline', declineCode: 'generic_decline' },
  pm_card_visa_chargeDeclinedInsufficientFunds: {
    ...{ brand: 'visa', last4: '9995', charge: 'decline', declineCode: 'insufficient_funds' },
  },
  pm_card_threeDSecure2Required: { ...visa, last4: '3220', charge: 'askBuyer' },
};

interface Method {
  id: string;
  card: Card;
  customer: string | null;
  /** Used up, or taken from its customer. */
  spent: boolean;
}

/** An intent, with the amounts in Stripe's units. */
export interface Intent {
  id: string;
  created: number;
  amount: number;
  currency: string;
  status: string;
  method: Method;
  customer: string | null;
  metadata: Record<string, string>;
  returnUrl: string | null;
  declineCode: string | null;
  charged: boolean;
  captured: number;
  refunded: number;
}

/** A refund. */
export interface Refund {
  id: string;
  intent: string;
  amount: number;
  status: string;
  metadata: Record<string, string>;
}

/** An error as Stripe answers it. */
export class StripeFault extends Error {
  constructor(
    readonly status: number,
    readonly body: Record<string, unknown>,
  ) {
    super(JSON.stringify(body));
  }
}

const invalid = (body: Record<string, unknown>, status = 400): StripeFault =>
  new StripeFault(status, { type: 'invalid_request_error', message: 'Invalid request.', ...body });
const missing = (what: string, param: string): StripeFault =>
  invalid({ code: 'resource_missing', param, message: `No such ${what}.` }, 404);
const newId = (prefix: string): string => `${prefix}_${randomBytes(9).toString('hex')}`;

/** Everything one account holds. */
export class StripeObjects {
  readonly intents: Intent[] = [];
  readonly refunds: Refund[] = [];
  readonly methods: Method[] = [];
  readonly customers: { id: string; metadata: Record<string, string> }[] = [];

  /** Where buyers are sent to. */
  constructor(readonly pages: () => string) {}

  createMethod(params: Params) {
    if (params['type'] !== 'card') throw invalid({ param: 'type' });
    const card = CARDS[params['card[token]'] ?? ''];
    if (!card || !params['card[token]']?.startsWith('tok_')) throw missing('token', 'card[token]');
    return showMethod(this.addMethod(card));
  }

  method(id: string, param = 'payment_method'): Method {
    const card = id.startsWith('pm_') ? CARDS[id] : undefined;
    const method = card ? this.addMethod(card) : this.methods.find((known) => known.id === id);
    if (!method) throw missing('PaymentMethod', param);
    return method;
  }

  detach(id: string) {
    const method = this.method(id);
    if (method.customer === null) throw invalid({ message: 'The payment method is not attached to a customer.' });
    Object.assign(method, { customer: null, spent: true });
    return showMethod(method);
  }

  createCustomer(params: Params) {
    const method = this.method(params['payment_method'] ?? '');
    if (method.spent || method.customer !== null) throw invalid({ message: 'It may not be used again.' });
    const customer = { id: newId('cus'), metadata: metadataOf(params) };
    method.customer = customer.id;
    this.customers.push(customer);
    return { object: 'customer', ...customer };
  }

  createIntent(params: Params) {
    const [amount, currency] = [Number(params['amount']), params['currency'] ?? ''];
    if (params['capture_method'] !== 'manual') throw invalid({ param: 'capture_method' });
    if (params['payment_method_types[0]'] !== 'card') throw invalid({ param: 'payment_method_types' });
    if (!/^[a-z]{3}$/.test(currency)) throw invalid({ param: 'currency' });
    if (!Number.isInteger(amount) || amount < 0) throw invalid({ code: 'parameter_invalid_integer', param: 'amount' });
    if (amount < 50) throw invalid({ code: 'amount_too_small', param: 'amount' });
    if (/^(bhd|jod|kwd|omr|tnd)$/.test(currency) && amount % 10 !== 0) throw invalid({ param: 'amount' });
    if (/^(isk|ugx)$/.test(currency) && amount % 100 !== 0) {
      throw invalid({ code: 'invalid_charge_amount_no_decimal_compatible', param: 'amount' });
    }
    const customer = params['customer'] ?? null;
    const method = this.method(params['payment_method'] ?? '');
    if (customer !== null && !this.customers.some(({ id }) => id === customer)) throw missing('customer', 'customer');
    if (method.spent || method.customer !== customer) {
      throw invalid({ param: 'payment_method', message: 'It may not be used, or not without its customer.' });
    }
    const intent: Intent = {
      ...{ id: newId('pi'), created: Math.floor(Date.now() / 1_000), amount, currency, method, customer },
      ...{ status: 'requires_confirmation', metadata: metadataOf(params), returnUrl: null, declineCode: null },
      ...{ charged: false, captured: 0, refunded: 0 },
    };
    this.intents.unshift(intent);
    return intent;
  }

  intent(id: string): Intent {
    const intent = this.intents.find((known) => known.id === id);
    if (!intent) throw missing('payment_intent', 'intent');
    return intent;
  }

  confirm(id: string, params: Params) {
    const intent = this.inStatus(id, ['requires_confirmation']);
    const { card } = intent.method;
    if (intent.customer === null) intent.method.spent = true;
    intent.returnUrl = params['return_url'] ?? null;
    if (card.charge === 'decline') throw this.decline(intent, card.declineCode ?? 'generic_decline');
    intent.status = card.charge === 'askBuyer' ? 'requires_action' : 'requires_capture';
    intent.charged = card.charge === 'succeed';
    return intent;
  }

  capture(id: string) {
    const intent = this.inStatus(id, ['requires_capture']);
    return Object.assign(intent, { status: 'succeeded', captured: intent.amount });
  }

  cancel(id: string) {
    const open = ['requires_payment_method', 'requires_confirmation', 'requires_action', 'requires_capture'];
    return Object.assign(this.inStatus(id, open), { status: 'canceled' });
  }

  /** What the buyer did on the bank's page. */
  answerBuyer(id: string, approves: boolean): void {
    const intent = this.inStatus(id, ['requires_action']);
    if (approves) Object.assign(intent, { status: 'requires_capture', charged: true });
    else this.decline(intent, null);
  }

  refund(params: Params): Refund {
    const intent = this.intent(params['payment_intent'] ?? '');
    if (intent.status !== 'succeeded') throw invalid({ message: 'It does not have a successful charge to refund.' });
    const left = intent.captured - intent.refunded;
    if (left === 0) throw invalid({ code: 'charge_already_refunded' });
    const amount = Number(params['amount']);
    if (!Number.isInteger(amount) || amount < 1 || amount > left) throw invalid({ param: 'amount' });
    intent.refunded += amount;
    const refund = { id: newId('re'), intent: intent.id, amount, status: 'succeeded', metadata: metadataOf(params) };
    this.refunds.unshift(refund);
    return refund;
  }

  /** As Stripe shows it. */
  show(intent: Intent, expanded: readonly string[]): Record<string, unknown> {
    const failure = intent.status === 'requires_payment_method';
    const method = failure ? null : intent.method;
    const charge = { id: `ch_${intent.id}`, object: 'charge', amount_refunded: intent.refunded };
    return {
      ...{ id: intent.id, object: 'payment_intent', created: intent.created, status: intent.status },
      ...{ amount: intent.amount, currency: intent.currency, amount_received: intent.captured },
      ...{ customer: intent.customer, metadata: intent.metadata, capture_method: 'manual' },
      payment_method: method && (expanded.includes('payment_method') ? showMethod(method) : method.id),
      latest_charge: intent.charged ? (expanded.includes('latest_charge') ? charge : charge.id) : null,
      last_payment_error: failure ? failureOf(intent) : null,
      next_action:
        intent.status === 'requires_action' && intent.returnUrl !== null
          ? {
              type: 'redirect_to_url',
              redirect_to_url: { url: `${this.pages()}/3ds/${intent.id}`, return_url: intent.returnUrl },
            }
          : null,
    };
  }

  private addMethod(card: Card): Method {
    const method = { id: newId('pm'), card, customer: null, spent: false };
    this.methods.push(method);
    return method;
  }

  private inStatus(id: string, statuses: string[]): Intent {
    const intent = this.intent(id);
    if (statuses.includes(intent.status)) return intent;
    throw invalid({ code: 'payment_intent_unexpected_state', payment_intent: this.show(intent, []) });
  }

  /** Declined by the bank, with its code; or by the buyer. */
  private decline(intent: Intent, declineCode: string | null): StripeFault {
    Object.assign(intent, { status: 'requires_payment_method', declineCode });
    return new StripeFault(402, { ...failureOf(intent), payment_intent: this.show(intent, []) });
  }
}

function failureOf({ declineCode }: Intent): Record<string, unknown> {
  if (declineCode === null) return { type: 'invalid_request_error', code: 'payment_intent_authentication_failure' };
  return { type: 'card_error', code: 'card_declined', decline_code: declineCode, message: 'Your card was declined.' };
}

/** A payment method as Stripe shows it. */
export function showMethod({ id, card: { brand, last4 }, customer }: Method): Record<string, unknown> {
  const card = { brand, last4, exp_month: 8, exp_year: 2099 };
  return { id, object: 'payment_method', type: 'card', card, customer, metadata: {} };
}

function metadataOf(params: Params): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(params)) {
    const key = /^metadata\[(\w+)\]$/.exec(name)?.[1];
    if (key !== undefined) metadata[key] = value;
  }
  return metadata;
}
