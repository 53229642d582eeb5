/** Carries commands: to a handler in this process if there is one, else over signed HTTP to the subgraph's own. */
import { Pool } from 'undici';
import { z } from 'zod';
import type { RequestSigner } from '../auth/signature';
import { SUBGRAPHS, type SubgraphName } from '../config';
import { ERROR_CODES, Fault } from '../errors';
import { wireName, type CommandClient, type CommandMeta } from './command';

const DEFAULT_DEADLINE_MS = 3_000;

/** Runs a command here; given by the composition root for the subgraphs of this process. */
export type LocalDispatch = (name: string, input: unknown, meta: CommandMeta) => Promise<unknown>;

const failure = z.object({ code: z.enum(ERROR_CODES), message: z.string() });

/** Path of the door a subgraph has for commands. */
export const commandPath = (name: string): string => `/commands/${name}`;

/** Makes the client. `local` holds the subgraphs of this process, `urls` where the others are. */
export function createCommandClient(options: {
  local: Partial<Record<SubgraphName, LocalDispatch>>;
  urls: Record<SubgraphName, string>;
  signer: RequestSigner;
}): CommandClient & { close(): Promise<void> } {
  const pools = new Map<SubgraphName, Pool>();
  const poolOf = (subgraph: SubgraphName): Pool => {
    const pool = pools.get(subgraph) ?? new Pool(options.urls[subgraph], { connections: 32, keepAliveTimeout: 10_000 });
    pools.set(subgraph, pool);
    return pool;
  };

  async function overHttp(subgraph: SubgraphName, name: string, input: unknown, meta: CommandMeta, ms: number) {
    const body = JSON.stringify({ input });
    const path = commandPath(name);
    const signed = options.signer.sign({
      to: subgraph,
      method: 'POST',
      path,
      body,
      principal: meta.principal,
      requestId: meta.requestId,
    });
    const answer = await poolOf(subgraph).request({
      method: 'POST',
      path,
      body,
      headers: { 'content-type': 'application/json', ...signed },
      signal: AbortSignal.timeout(ms),
    });
    const json: unknown = await answer.body.json();
    if (answer.statusCode === 200) return json;
    const failed = failure.safeParse(json);
    throw failed.success ? new Fault(failed.data.code, failed.data.message) : new Fault('SERVICE_UNAVAILABLE');
  }

  return {
    async send(command, input, meta) {
      const subgraph = SUBGRAPHS.find((name) => command.name.startsWith(`${name}.`));
      if (!subgraph) throw new Error(`no subgraph for command ${command.name}`);
      const name = wireName(command);
      const ms = meta.deadlineMs ?? DEFAULT_DEADLINE_MS;
      // Through JSON in both transports, so that one process behaves as six do.
      const encoded: unknown = z.encode(command.input, input);
      const local = options.local[subgraph];
      const answer = await (
        local
          ? withDeadline(local(name, JSON.parse(JSON.stringify(encoded)), meta), ms)
          : overHttp(subgraph, name, encoded, meta, ms)
      ).catch((error: unknown) => {
        if (error instanceof Fault) throw error;
        throw new Fault('SERVICE_UNAVAILABLE', undefined, undefined, { cause: error });
      });
      return z.parse(command.output, JSON.parse(JSON.stringify(answer)));
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}

async function withDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Fault('SERVICE_UNAVAILABLE')), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
