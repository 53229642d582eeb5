/** Those who buy in the benchmark: each with an account, a cart, and variants that are there in plenty. */
import { randomUUID } from 'node:crypto';
import type { Target } from './target';

/** One buyer. */
export interface Buyer {
  token: string;
  /** Variants with enough stock for the whole run. */
  variantIds: string[];
  /** Products to look at: slugs, and words of their names. */
  slugs: string[];
  words: string[];
}

const PRODUCTS = `query ($after: String) { products(first: 100, after: $after) {
  nodes { slug name } pageInfo { hasNextPage endCursor } } }`;
interface Page {
  products: { nodes: { slug: string; name: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
}

const STOCKED = 20;
const STOCK = 100_000;

/** Makes accounts, reads what there is to look at, and stocks some articles. */
export async function prepare(target: Target, count: number): Promise<Buyer[]> {
  const admin = await login(target, 'admin@souk.example', 'souk-demo-password');
  const variantIds: string[] = [];
  for (let index = 0; index < STOCKED; index += 1) variantIds.push(await stocked(target, admin));

  const seen: { slug: string; name: string }[] = [];
  for (let after: string | undefined, more = true; more && seen.length < 1_000;) {
    const { products }: Page = await target.data<Page>(PRODUCTS, { after });
    seen.push(...products.nodes);
    more = products.pageInfo.hasNextPage;
    after = products.pageInfo.endCursor;
  }
  const slugs = seen.map(({ slug }) => slug);
  const words = [...new Set(seen.flatMap(({ name }) => name.split(' ')))].filter((word) => word.length > 3);

  const buyers: Buyer[] = [];
  for (let index = 0; index < count; index += 1) {
    const email = `bench-${randomUUID()}@example.com`;
    const { register } = await target.data<{ register: { session: { accessToken: string } } }>(
      'mutation ($input: RegisterInput!) { register(input: $input) { session { accessToken } userErrors { code } } }',
      { input: { email, password: 'a long enough password' } },
    );
    buyers.push({ token: register.session.accessToken, variantIds, slugs, words });
  }
  return buyers;
}

async function login(target: Target, email: string, password: string): Promise<string> {
  const answer = await target.data<{ login: { session: { accessToken: string } } }>(
    'mutation ($input: LoginInput!) { login(input: $input) { session { accessToken } userErrors { code } } }',
    { input: { email, password } },
  );
  return answer.login.session.accessToken;
}

async function stocked(target: Target, admin: string): Promise<string> {
  const sku = `BENCH-${randomUUID()}`;
  const variant = { sku, name: 'Plain', price: { amount: '12.50', currencyCode: 'USD' }, onHand: STOCK };
  const answer = await target.data<{ createProduct: { product: { variants: { id: string }[] } } }>(
    `mutation ($input: CreateProductInput!) { createProduct(input: $input) { product { variants { id } } userErrors { code } } }`,
    { input: { name: `Bench ${sku.slice(-6)}`, variants: [variant] } },
    admin,
  );
  const [made] = answer.createProduct.product.variants;
  if (!made) throw new Error('the product has no variant');
  return made.id;
}
