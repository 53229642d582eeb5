/** The mail that says an order stands. */
import { formatMinor } from '../../../platform/money';
import { toId } from '../../../platform/ids';
import type { Mail } from '../../../platform/mail/mail';

/** What the mail says. */
export interface OrderConfirmation {
  /** uuid */
  orderId: string;
  number: string;
  currencyCode: string;
  /** In minor units. */
  total: bigint;
  lines: readonly { productName: string; variantName: string; sku: string; quantity: number; total: bigint }[];
  /** A guest's order token, null for those who sign in. */
  token: string | null;
}

/** The mail, in plain text. Its Message-ID is the order's: a second sending is recognised as the same. */
export function orderConfirmationMail(order: OrderConfirmation, to: string, publicUrl: string): Mail {
  const id = toId('ord', order.orderId);
  const money = (minor: bigint): string => `${formatMinor(minor, order.currencyCode)} ${order.currencyCode}`;
  const lines = order.lines.map(({ productName, variantName, sku, quantity, total }) => {
    const article = variantName === productName ? productName : `${productName}, ${variantName}`;
    return `  ${quantity} x ${oneLine(article)} (${oneLine(sku)})   ${money(total)}`;
  });
  const token = order.token === null ? '' : `, token: "${order.token}"`;
  const access =
    order.token === null ? ['Sign in first.'] : [`Your order's secret token is ${order.token}; keep it to yourself.`];
  return {
    messageId: `<order-confirmation.${id}@souk>`,
    to,
    subject: `Your order ${order.number} is confirmed`,
    text: [
      'Thank you for your order.',
      '',
      `Order ${order.number}`,
      '',
      ...lines,
      '',
      `Total  ${money(order.total)}`,
      '',
      `See how it is getting on at ${publicUrl}/graphql`,
      ...access,
      '',
      `  query { order(number: "${order.number}"${token}) { status timeline { status occurredAt } } }`,
      '',
      'or watch it live:',
      '',
      `  subscription { orderUpdated(orderId: "${id}"${token}) { order { status } } }`,
      '',
    ].join('\n'),
  };
}

/** A name with a line break in it could add lines to the mail that the shop did not write. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
