/** Driving a checkout: the next step that is due, until nothing is, time is over, or somebody else has taken over. */
import { authorizePayment, reversePayment, settlePayment } from './authorize-payment';
import type { CheckoutRun } from './checkout-run';
import { LeaseLost, putOff } from './checkout-store';
import { nextStep, type Step } from './checkout.rules';
import { quoteCart, releaseCart, spendCart } from './quote-cart';
import { pinStock, releaseStock, reserveStock } from './reserve-stock';

/** What each step of the table does. */
const DO: Record<Step, (run: CheckoutRun) => Promise<void>> = {
  quote: quoteCart,
  'release cart': releaseCart,
  reserve: reserveStock,
  'release stock': releaseStock,
  authorize: authorizePayment,
  'reverse payment': reversePayment,
  settle: settlePayment,
  pin: pinStock,
  spend: spendCart,
};

/** Goes on as far as it can. What is left is put off for the sweeper. */
export async function runCheckout(run: CheckoutRun): Promise<void> {
  try {
    for (;;) {
      const step = nextStep(run.checkout, run.services.clock.now(), run.blocked);
      if (step === null || Date.now() >= run.until) break;
      await DO[step](run);
    }
  } catch (error) {
    if (error instanceof LeaseLost) return;
    throw error;
  }
}

/** Lets go of what is not done, so that the sweeper finds it soon. */
export async function letGo({ services, checkout }: CheckoutRun): Promise<void> {
  if (checkout.doneAt === null) await putOff(services.db, checkout);
}
