/** Accounts and articles of a run. */
import { z } from 'zod';
import { formatMinor } from '../../platform/money';
import type { Chance } from './chance';
import { NoAnswer, type Graph } from './graph';

/** Somebody who signs in; the token is renewed before it ends. */
export class Person {
  private token?: string;
  private since = 0;

  constructor(
    readonly graph: Graph,
    readonly name: string,
    private readonly email: string,
    private readonly password: string,
  ) {}

  /** An access token that is good for a while. */
  async session(): Promise<string> {
    if (this.token && Date.now() - this.since < RENEW_MS) return this.token;
    const query =
      'mutation ($input: LoginInput!) { login(input: $input) { session { accessToken } userErrors { code } } }';
    const { object } = await this.graph.mutate('login', 'session', query, {
      email: this.email,
      password: this.password,
    });
    this.since = Date.now();
    this.token = z.object({ accessToken: z.string() }).parse(object).accessToken;
    return this.token;
  }
}

/** Access tokens last an hour. */
const RENEW_MS = 40 * 60_000;
const PASSWORD = 'a long enough password';
const DEMO_PASSWORD = 'souk-demo-password';

/** Somebody of the shop's staff. */
export function staff(graph: Graph, role: 'support' | 'admin', number = 1): Person {
  return new Person(graph, `${role} ${number}`, `${role}@souk.example`, DEMO_PASSWORD);
}

/** Makes an account. */
export async function register(graph: Graph, name: string): Promise<Person> {
  const email = `${name.replaceAll(' ', '-')}@example.com`;
  const query = 'mutation ($input: RegisterInput!) { register(input: $input) { user { id } userErrors { code } } }';
  const { object, refusals } = await graph.mutate('register', 'user', query, { email, password: PASSWORD });
  // Refused because the answer to an earlier attempt was lost: the account is there.
  if (!object && refusals.length === 0) throw new NoAnswer('EMPTY');
  return new Person(graph, name, email, PASSWORD);
}

/** An article. */
export interface Article {
  /** `var_…` */
  id: string;
  scarce: boolean;
}

const PLENTY = 12;
const SCARCE = 4;
const PLENTY_UNITS = 1_000_000;

/** Puts articles on the shelf: most in plenty, a few that will run out. Their prices make totals of every kind. */
export async function stock(admin: Person, chance: Chance, checkouts: number): Promise<Article[]> {
  const scarceUnits = Math.max(2, Math.ceil(checkouts / 60));
  const wanted = [...Array.from({ length: PLENTY }, () => false), ...Array.from({ length: SCARCE }, () => true)];
  const variants = wanted.map((scarce, index) => ({
    sku: `CHAOS-${index}`,
    name: `Article ${index}`,
    price: price(chance),
    onHand: scarce ? scarceUnits : PLENTY_UNITS,
  }));
  const query = `mutation ($input: CreateProductInput!) { createProduct(input: $input) {
    product { variants { id sku } } userErrors { code } } }`;
  const { object } = await admin.graph.mutate(
    'createProduct',
    'product',
    query,
    { name: 'Things in demand', variants },
    { token: await admin.session() },
  );
  const made = z.object({ variants: z.array(z.object({ id: z.string(), sku: z.string() })) }).parse(object);
  return made.variants.map(({ id, sku }) => ({ id, scarce: Number(sku.slice('CHAOS-'.length)) >= PLENTY }));
}

/** Codes of the promotions: one for a few orders, one for one order of each customer. */
export const PROMO_CODES = ['CHAOS-FEW', 'CHAOS-ONCE'] as const;

/** Makes the promotions. */
export async function promote(admin: Person, checkouts: number): Promise<void> {
  const query = `mutation ($input: CreatePromotionInput!) { createPromotion(input: $input) {
    promotion { id } userErrors { code } } }`;
  const [few, once] = PROMO_CODES;
  for (const input of [
    { code: few, name: few, kind: 'PERCENTAGE', percentage: 15, totalLimit: Math.max(2, Math.floor(checkouts / 25)) },
    { code: once, name: once, kind: 'FREE_SHIPPING', perUserLimit: 1 },
  ]) {
    const token = await admin.session();
    const { object } = await admin.graph.mutate('createPromotion', 'promotion', query, input, { token });
    if (!object) throw new Error(`the promotion ${input.code} was refused`);
  }
}

/** A price that is no round number. */
export function price(chance: Chance): { amount: string; currencyCode: string } {
  return { amount: formatMinor(BigInt(chance.between(101, 9_999)), 'USD'), currencyCode: 'USD' };
}
