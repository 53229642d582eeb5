/** The test cards: what each token does. */

/** A test card. */
export interface TestCard {
  brand: string;
  last4: string;
  does: 'succeed' | 'decline' | 'answerLate' | 'failOnce' | 'failCapture' | 'askBuyer';
  /** Why it is declined. */
  reason?: string;
}

const TEST_CARDS: ReadonlyMap<string, TestCard> = new Map<string, TestCard>([
  ['tok_visa', { brand: 'visa', last4: '4242', does: 'succeed' }],
  ['tok_mastercard', { brand: 'mastercard', last4: '4444', does: 'succeed' }],
  ['tok_declined', { brand: 'visa', last4: '0002', does: 'decline', reason: 'card_declined' }],
  ['tok_insufficient_funds', { brand: 'visa', last4: '9995', does: 'decline', reason: 'insufficient_funds' }],
  ['tok_timeout', { brand: 'visa', last4: '0044', does: 'answerLate' }],
  ['tok_error_once', { brand: 'visa', last4: '0051', does: 'failOnce' }],
  ['tok_capture_fails', { brand: 'visa', last4: '0069', does: 'failCapture' }],
  ['tok_3ds', { brand: 'visa', last4: '3155', does: 'askBuyer' }],
]);

/** The card behind a token; undefined: there is none. */
export function testCard(token: string): TestCard | undefined {
  return TEST_CARDS.get(token);
}

/** The last month in which any of them is good. */
export const EXPIRY = { expiryMonth: 12, expiryYear: 2034 };
