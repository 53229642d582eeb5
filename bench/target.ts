import { Pool, type Dispatcher } from 'undici';

/** The graph under load: a connection pool that costs the sender little. */
export class Target {
  private readonly pool: Pool;

  /** `connections`: requests in flight at once; more wait. */
  constructor(url: string, connections = 64) {
    this.pool = new Pool(url, { connections, pipelining: 1 });
  }

  /** Sends an operation and gives the size of the answer in bytes. Rejects if it has GraphQL errors or user errors. */
  async send(query: string, variables: Record<string, unknown>, token?: string): Promise<number> {
    return (await this.text(query, variables, token)).length;
  }

  /** The same, with the answer's data. */
  async data<Data>(query: string, variables: Record<string, unknown>, token?: string): Promise<Data> {
    return (JSON.parse(await this.text(query, variables, token)) as { data: Data }).data;
  }

  /** The answer's data whatever user errors it has; null when there is none, because of an outage for example. */
  async answer<Data>(query: string, variables: Record<string, unknown>, token?: string): Promise<Data | null> {
    const sent = await this.post(query, variables, token);
    return (JSON.parse(await sent.body.text()) as { data?: Data | null }).data ?? null;
  }

  private async text(query: string, variables: Record<string, unknown>, token?: string): Promise<string> {
    const { body, statusCode } = await this.post(query, variables, token);
    const text = await body.text();
    if (statusCode !== 200 || text.includes('"errors":[') || /"userErrors":\[\{/.test(text))
      throw new Error(text.slice(0, 300));
    return text;
  }

  private post(query: string, variables: Record<string, unknown>, token?: string): Promise<Dispatcher.ResponseData> {
    return this.pool.request({
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query, variables }),
    });
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}

/** The value below which `at` percent of the values lie (nearest rank). */
export function percentile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((at / 100) * sorted.length) - 1)] ?? 0;
}
