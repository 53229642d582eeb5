import type { RegistryServices } from './registry';

/** One operation of an application, as operators see it. */
export interface ListedOperation {
  client: string;
  safelist: boolean;
  /** Whether the application is linked to an API client. */
  linked: boolean;
  id: string;
  hash: string;
  body: string;
  name: string;
  type: string;
  cost: number;
  budgetPerMinute: number | null;
  killed: boolean;
  /** Of the text, by whatever application. */
  uses: number;
  lastUsedAt: Date | null;
}

/** What is published now, by application and name; of one application if it is given. Bounded as the registry is. */
export async function listOperations({ db }: RegistryServices, client?: string): Promise<ListedOperation[]> {
  return db.rows<ListedOperation>(
    `SELECT c.name AS client, c.safelist, c.api_client_id IS NOT NULL AS linked, p.id, o.hash, o.body, o.name, o.type, o.cost,
            o.budget_per_minute AS "budgetPerMinute", o.killed_at IS NOT NULL AS killed,
            o.uses::float8 AS uses, o.last_used_at AS "lastUsedAt"
     FROM published_operation p JOIN operation o ON o.hash = p.hash JOIN operation_client c ON c.name = p.client
     WHERE p.retired_at IS NULL AND ($1::text IS NULL OR p.client = $1)
     ORDER BY c.name, o.name, p.id`,
    [client ?? null],
  );
}
