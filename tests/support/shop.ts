/** The shop as its people see it: a client for each, in the shop's language, over HTTP and WebSocket. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { GraphQLFormattedError } from 'graphql';
import { createClient, type Client } from 'graphql-ws';
import { Client as Database } from 'pg';
import { WebSocket } from 'ws';
import type { SubgraphName } from '../../platform/config';
import { databaseUrl } from '../../platform/db/prepare';
import * as documents from '../generated/graphql';
import type {
  CartPartsFragment,
  OrderPartsFragment,
  SessionPartsFragment,
  TypedDocumentString,
} from '../generated/graphql';
import { shopFile } from './shop-file';

/** Jest's project: which of the shops the stories run against. */
declare const SOUK_TEST_PROJECT: string;

/** One GraphQL error as the gateway answers it. */
export interface GraphError {
  message: string;
  path?: (string | number)[];
  extensions: { code: string; requestId: string; timestamp: string; details?: Record<string, unknown> };
}

/** An error as graphql-ws types it, with what every error of Souk has. */
export function toGraphError({ message, path, extensions }: GraphQLFormattedError): GraphError {
  const of = (key: string): string => String(extensions?.[key]);
  const known = { code: of('code'), requestId: of('requestId'), timestamp: of('timestamp') };
  return { message, path: path && [...path], extensions: known };
}

/** An answer of the graph. */
export interface Answer<Data> {
  data: Data | null;
  errors?: GraphError[];
}

/** An address in a state with sales tax. */
export const ADDRESS = {
  name: 'Ada Lovelace',
  line1: '12 Analytical Row',
  city: 'San Francisco',
  region: 'CA',
  postalCode: '94103',
  countryCode: 'US',
};
/** Password of everybody in the stories. */
export const PASSWORD = 'a long enough password';
const DEMO_PASSWORD = 'souk-demo-password';

/** The shop that this project's set-up started. */
function startedShop(): { url: string; databases: { server: string; namespace: string } } {
  return JSON.parse(readFileSync(shopFile(SOUK_TEST_PROJECT).path, 'utf8')) as ReturnType<typeof startedShop>;
}

/** Its address. */
export function shopUrl(): string {
  return startedShop().url;
}

/** Its databases' server, and what their names begin with; for operators' commands. */
export function shopDatabases(): { server: string; namespace: string } {
  return startedShop().databases;
}

/** Rows of one statement in a part's database, for what nobody can see through the graph. */
export async function shopRows(part: SubgraphName, sql: string, parameters: unknown[] = []): Promise<unknown[]> {
  const { server, namespace } = shopDatabases();
  const client = new Database({ connectionString: databaseUrl(server, namespace, part) });
  await client.connect();
  try {
    return (await client.query<object>(sql, parameters)).rows;
  } finally {
    await client.end();
  }
}

/** Somebody in front of the shop. Without a session: nobody in particular. */
export class Visitor {
  session?: SessionPartsFragment;

  constructor(
    readonly url: string = shopUrl(),
    readonly email = '',
  ) {}

  /** Sends an operation; GraphQL errors are part of the answer. */
  async ask<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
    headers: Record<string, string> = {},
  ): Promise<Answer<Data>> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(this.session && { authorization: `Bearer ${this.session.accessToken}` }),
        ...headers,
      },
      body: JSON.stringify({ query: document.toString(), variables }),
    });
    return (await response.json()) as Answer<Data>;
  }

  /** Sends an operation that must not fail; a GraphQL error fails the test. */
  async get<Data, Variables>(document: TypedDocumentString<Data, Variables>, variables: Variables): Promise<Data> {
    const { data, errors } = await this.ask(document, variables);
    if (errors || data === null) throw new Error(`unexpected errors: ${JSON.stringify(errors)}`);
    return data;
  }

  /** Signs in with e-mail and password. */
  async login(email: string, password: string, cartToken?: string): Promise<this> {
    // A token that is no good is refused, whatever is asked with it.
    this.session = undefined;
    const { login } = await this.get(documents.LoginDocument, { input: { email, password, cartToken } });
    if (!login?.session) throw new Error(`login failed: ${JSON.stringify(login?.userErrors)}`);
    this.session = login.session;
    return this;
  }

  /** Puts units of a variant into the caller's cart, or the guest cart of the token. */
  async fill(variantId: string, quantity = 1, token?: string): Promise<CartPartsFragment> {
    const { addToCart } = await this.get(documents.AddToCartDocument, { input: { variantId, quantity, token } });
    return must(addToCart?.cart, addToCart?.userErrors);
  }

  /** Places an order for the caller's cart; the payload as it is. */
  async checkout(input: Partial<documents.PlaceOrderInput> = {}) {
    const { placeOrder } = await this.get(documents.PlaceOrderDocument, {
      input: {
        shippingAddress: ADDRESS,
        payment: { token: 'tok_visa' },
        idempotencyKey: randomUUID(),
        ...input,
      },
    });
    return must(placeOrder, undefined);
  }

  /** Buys one variant and gives the order. */
  async buys(
    variantId: string,
    quantity = 1,
    input: Partial<documents.PlaceOrderInput> = {},
  ): Promise<OrderPartsFragment> {
    await this.fill(variantId, quantity);
    const { order, userErrors } = await this.checkout(input);
    return must(order, userErrors);
  }

  /** The order as this visitor sees it; null if not at all. */
  async order(id: string, token?: string): Promise<OrderPartsFragment | null> {
    return (await this.get(documents.OrderDocument, { id, token })).order;
  }

  /** A socket as this visitor; close it with `dispose`. */
  socket(): Client {
    return createClient({
      url: `${this.url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: this.session && { authorization: `Bearer ${this.session.accessToken}` },
    });
  }

  /** Watches an order: what arrived so far, and a wait for more. */
  watch(variables: documents.WatchOrderSubscriptionVariables): Watch {
    return new Watch(this.socket(), variables);
  }
}

/** A running subscription to one order. */
export class Watch {
  readonly updates: NonNullable<documents.WatchOrderSubscription['orderUpdated']>[] = [];
  readonly errors: GraphError[] = [];
  /** Code with which the gateway closed the socket. */
  closedWith?: number;
  ended = false;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly client: Client,
    variables: documents.WatchOrderSubscriptionVariables,
  ) {
    client.subscribe<documents.WatchOrderSubscription>(
      { query: documents.WatchOrderDocument.toString(), variables: { ...variables } },
      {
        next: ({ data, errors }) => {
          if (data?.orderUpdated) this.updates.push(data.orderUpdated);
          if (errors) this.errors.push(...errors.map(toGraphError));
          this.wake();
        },
        error: (error) => {
          if (Array.isArray(error)) this.errors.push(...(error as GraphQLFormattedError[]).map(toGraphError));
          else this.closedWith = closeCode(error);
          this.finish();
        },
        complete: () => this.finish(),
      },
    );
  }

  /** Waits until the condition holds; a story that hangs ends by Jest's time limit. */
  async until(condition: (watch: this) => boolean): Promise<this> {
    while (!condition(this)) {
      if (this.ended) throw new Error(`the subscription ended: ${JSON.stringify(this.errors)}`);
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
    return this;
  }

  /** Waits until the subscription has ended by itself. */
  async untilEnded(): Promise<this> {
    while (!this.ended) await new Promise<void>((resolve) => this.waiting.add(resolve));
    return this;
  }

  close(): void {
    void this.client.dispose();
  }

  private finish(): void {
    this.ended = true;
    this.wake();
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

/** The code of a close event. */
function closeCode(event: unknown): number | undefined {
  return typeof event === 'object' && event !== null && 'code' in event ? Number(event.code) : undefined;
}

/** Somebody with an account of their own, made for this story. */
export async function customer(url?: string): Promise<Visitor> {
  const email = `customer-${randomUUID()}@example.com`;
  const visitor = new Visitor(url ?? shopUrl(), email);
  const { register } = await visitor.get(documents.RegisterDocument, {
    input: { email, password: PASSWORD, firstName: 'Ada', lastName: 'Lovelace' },
  });
  visitor.session = must(register?.session, register?.userErrors);
  return visitor;
}

/** One of the demonstration accounts, signed in. */
export function demo(name: 'ada' | 'grace' | 'support' | 'partner' | 'admin', url?: string): Promise<Visitor> {
  const email = `${name}@souk.example`;
  return new Visitor(url ?? shopUrl(), email).login(email, DEMO_PASSWORD);
}

/** A new product with one variant, made by the admin for this story. */
export async function productFor(story: { price?: string; onHand?: number }, url?: string) {
  const admin = await demo('admin', url);
  const sku = `STORY-${randomUUID()}`;
  const { createProduct } = await admin.get(documents.CreateProductDocument, {
    input: {
      name: `Story lamp ${sku.slice(-6)}`,
      variants: [
        {
          sku,
          name: 'Brass',
          price: { amount: story.price ?? '20.00', currencyCode: 'USD' },
          onHand: story.onHand ?? 100,
        },
      ],
    },
  });
  const product = must(createProduct?.product, createProduct?.userErrors);
  const variant = must(product.variants[0], undefined);
  const available = async (): Promise<number> => {
    const { productVariant } = await admin.get(documents.ProductVariantDocument, { id: variant.id });
    return must(productVariant?.stock, undefined).available;
  };
  return { product, variant, variantId: variant.id, sku, available };
}

/** The value, or a failure that tells the user errors. */
export function must<Value>(value: Value | null | undefined, userErrors: unknown): Value {
  if (value === null || value === undefined) throw new Error(`nothing came back: ${JSON.stringify(userErrors)}`);
  return value;
}

/** The codes of an answer's errors. */
export const codes = (answer: { errors?: GraphError[] }): string[] =>
  (answer.errors ?? []).map(({ extensions }) => extensions.code);
