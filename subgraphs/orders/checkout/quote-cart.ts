/** Step: claim the cart and price it. */
import { UserFault, type UserErrorValue } from '../../../platform/errors';
import { quoteCart as command, releaseCart as undo, spendCart as spend } from '../../cart/messages';
import { conflict } from '../refusals';
import { ask } from './ask';
import { abandon, advance, refuse, type CartQuestion, type CheckoutRun } from './checkout-run';

type Answer = Exclude<Awaited<ReturnType<typeof ask<typeof command.input, typeof command.output>>>, undefined>;

/** do: the quote is what will be charged, if it is what the client expects. */
export async function quoteCart(run: CheckoutRun): Promise<void> {
  const { checkout, question } = run;
  if (!question) return void run.blocked.add('quote');
  const { principal, cartId, cartToken, sealedAddress, shippingMethod } = question;
  const input = { orderId: checkout.orderId, cartId, cartToken, sealedAddress, shippingMethod };
  const answer = await ask(run, command, input, { step: 'quote', principal });
  if (!answer) return void run.blocked.add('quote');
  if (answer.outcome === 'claimed') return abandon(run, cartInUse(), { cart: 'released' });
  if (answer.outcome !== 'quoted') {
    return refuse(
      run,
      { errors: explain(answer, question), reason: 'The cart can not be ordered.' },
      { cart: 'released' },
    );
  }
  const { quote } = answer;
  if (question.expectedTotal !== null && question.expectedTotal !== quote.total) {
    const currentTotal = { minor: quote.total, currencyCode: quote.currencyCode };
    const error: UserErrorValue = {
      code: 'PRICE_CHANGED',
      message: 'The total is not what you expected. Nothing was charged.',
      field: ['expectedTotal'],
      currentTotal,
    };
    return refuse(run, { errors: [error], reason: 'The price has changed.' }, { cart: 'claimed' });
  }
  return advance(run, { cart: 'claimed', quote, stock: 'asked' });
}

/** undo: the cart as it was. */
export async function releaseCart(run: CheckoutRun): Promise<void> {
  const answer = await ask(run, undo, { orderId: run.checkout.orderId }, { step: 'release cart' });
  if (!answer) return void run.blocked.add('release cart');
  return advance(run, { cart: 'released' });
}

/** do, when the order stands: its cart is used up. */
export async function spendCart(run: CheckoutRun): Promise<void> {
  const answer = await ask(run, spend, { orderId: run.checkout.orderId }, { step: 'spend' });
  if (!answer) return void run.blocked.add('spend');
  return advance(run, { cart: 'spent' });
}

/** Another checkout has the cart, or it was ordered; a moment later one can tell. */
function cartInUse(): UserFault {
  return conflict('This cart is being ordered, or has been.', ['cartId'], true);
}

function explain(answer: Exclude<Answer, { outcome: 'quoted' | 'claimed' }>, question: CartQuestion): UserErrorValue[] {
  const cartField = [question.cartId === null && question.cartToken !== null ? 'cartToken' : 'cartId'];
  switch (answer.outcome) {
    case 'notFound':
      return [{ code: 'NOT_FOUND', message: 'There is no such cart.', field: cartField }];
    case 'empty':
      return [{ code: 'VALIDATION_ERROR', message: 'The cart is empty.', field: cartField }];
    case 'noAddress':
      return [{ code: 'VALIDATION_ERROR', message: 'Say where to deliver.', field: ['shippingAddress'] }];
    case 'badShippingMethod':
      return [{ code: 'VALIDATION_ERROR', message: 'There is no such shipping method.', field: ['shippingMethod'] }];
    case 'unavailable':
      return answer.lines.map(({ sku }) => ({
        code: 'INSUFFICIENT_INVENTORY',
        message: 'This article can no longer be bought.',
        sku,
        available: 0,
      }));
    case 'promotionLost':
      return answer.codes.map(({ code, reason }) => ({
        code: 'VALIDATION_ERROR',
        message: 'A promotion code of the cart no longer applies. Look at the total again. Nothing was charged.',
        field: cartField,
        details: { promoCode: code },
        promoCodeReason: reason,
      }));
  }
}
