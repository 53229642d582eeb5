import type { Config } from '../platform/config';

/** What a newcomer reads when the shop is up: addresses, demonstration accounts, a request to paste. */
export function banner(config: Config): string {
  const base = `http://${config.host}:${config.port}`;
  const demo = `
  Accounts (password souk-demo-password):
    ada@souk.example, grace@souk.example   customers
    support@souk.example, partner@souk.example, admin@souk.example
`;
  return `
  Souk is open.

  Graph      ${base}/graphql   (GraphiQL in a browser; WebSocket at the same address)
  Mailbox    ${base}/dev/mailbox
  Health     ${base}/health/ready    Metrics  ${base}/metrics
${config.demo ? demo : ''}
  Try it:
    curl -s ${base}/graphql -H 'content-type: application/json' \\
      -d '{"query":"{ products(first: 3, sort: NEWEST) { nodes { name priceRange { min { amount currencyCode } } } } }"}'

`;
}
