/** The page on which a buyer approves or declines a payment: what a bank shows for 3-D Secure, as plain as can be. */
import { formatMinor } from '../../../platform/money';
import type { Charge } from './ledger';

/** What the page may do: be shown, and send its own form. */
export const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";

/** The page of a charge, or what became of it; undefined: there is none. */
export function approvalPage(charge: Charge | undefined, now: Date): string {
  if (!charge) return page('There is no such payment.');
  const total = `${formatMinor(BigInt(charge.amount), charge.currencyCode)} ${charge.currencyCode}`;
  const { state, action } = charge;
  if (state === 'REQUIRES_ACTION') {
    if (action === null || new Date(action.expiresAt) <= now) return page('It is too late to approve this payment.');
    return page(
      `A shop wants to hold ${total} on your card.`,
      `<form method="post">
      <button name="approve" value="true">Approve</button> <button name="approve" value="false">Decline</button>
    </form>
    <p>This is a sandbox: no money moves.</p>`,
    );
  }
  if (state === 'DECLINED') return page(`You have declined ${total}. You can close this page.`);
  if (state === 'VOIDED') return page('The shop does not ask for this payment any more.');
  return page(`You have approved ${total}. You can close this page; the shop goes on with your order.`);
}

/** Nothing in it comes from outside: amounts and states are the sandbox's own. */
function page(text: string, more = ''): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Approve a payment</title>
    <style>body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 4rem auto; padding: 0 1rem }</style>
  </head>
  <body>
    <p>${text}</p>
    ${more}
  </body>
</html>
`;
}
