/** Commands: what one service asks of another. Typed by the callee's messages.ts, carried in this process or over signed HTTP. */
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import type { Principal } from '../auth/principal';

/** A command's contract. Input and output are zod schemas that can be encoded (codecs, no one-way transforms). */
export interface Command<Input extends z.ZodType, Output extends z.ZodType> {
  /** `<callee>.<command>`, e.g. `catalog.reserveStock`. */
  name: string;
  version: number;
  input: Input;
  output: Output;
}

/** Declares a command; stands in the callee's messages.ts. */
export function defineCommand<Input extends z.ZodType, Output extends z.ZodType>(
  command: Command<Input, Output>,
): Command<Input, Output> {
  return command;
}

/** A bigint on the wire as a decimal string: minor units of money. */
export const bigintText = z.codec(z.string().regex(/^-?\d{1,30}$/), z.bigint(), {
  decode: (text) => BigInt(text),
  encode: (value) => value.toString(),
});

/** A Date on the wire as ISO 8601. */
export const dateText = z.codec(z.iso.datetime(), z.date(), {
  decode: (text) => new Date(text),
  encode: (value) => value.toISOString(),
});

/** Who sends a command and why. */
export interface CommandMeta {
  /** On whose behalf; checked by the callee where the object has an owner. */
  principal: Principal;
  requestId: string;
  /** Idempotency key of a command handled once, e.g. `<order id>:reserve`. */
  key?: string;
}

/** Sends commands. */
export interface CommandClient {
  /**
   * Sends and waits for the outcome, `deadlineMs` at most (default 3,000). Rejects with Fault SERVICE_UNAVAILABLE when the
   * callee cannot be reached or does not answer in time: the outcome is then unknown, and the same command with the same key
   * may be sent again. Expected refusals are part of the output, not errors.
   */
  send<Input extends z.ZodType, Output extends z.ZodType>(
    command: Command<Input, Output>,
    input: z.output<Input>,
    meta: CommandMeta & { deadlineMs?: number },
  ): Promise<z.output<Output>>;
}

/** A handler as its process knows it: JSON in, JSON out. Bound to its subgraph's services. */
export interface CommandHandler<Services> {
  name: string;
  handle(services: Services, input: unknown, meta: CommandMeta): Promise<unknown>;
}

/** What handleOnce needs of a subgraph's services. */
interface HasDatabase {
  db: { transaction<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> };
}

/** Full name on the wire: `catalog.reserveStock.v1`. */
export function wireName(command: { name: string; version: number }): string {
  return `${command.name}.v${command.version}`;
}

/** A handler that reads, or is idempotent by itself (conditional updates, unique rows). */
export function handle<Services, Input extends z.ZodType, Output extends z.ZodType>(
  command: Command<Input, Output>,
  work: (services: Services, input: z.output<Input>, meta: CommandMeta) => Promise<z.output<Output>>,
): CommandHandler<Services> {
  return {
    name: wireName(command),
    handle: async (services, input, meta) =>
      z.encode(command.output, await work(services, z.parse(command.input, input), meta)),
  };
}

/**
 * A handler whose effect happens once for each `meta.key`: effect and output are written in one transaction, and the same
 * key again gives the stored output. A concurrent duplicate waits for the first.
 */
export function handleOnce<Services extends HasDatabase, Input extends z.ZodType, Output extends z.ZodType>(
  command: Command<Input, Output>,
  work: (tx: EntityManager, services: Services, input: z.output<Input>, meta: CommandMeta) => Promise<z.output<Output>>,
): CommandHandler<Services> {
  const name = wireName(command);
  return {
    name,
    handle: (services, input, meta) => {
      if (meta.key === undefined) throw new Error(`${name} needs a key`);
      const decoded = z.parse(command.input, input);
      return services.db.transaction(async (tx) => {
        // Inserted first: a concurrent duplicate waits here until the first commits, then finds its output.
        const fresh: unknown[] = await tx.query(
          `INSERT INTO command_result (name, key, output) VALUES ($1, $2, 'null') ON CONFLICT DO NOTHING RETURNING 1 AS one`,
          [name, meta.key],
        );
        if (fresh.length === 0) {
          const [stored]: { output: unknown }[] = await tx.query(
            'SELECT output FROM command_result WHERE name = $1 AND key = $2',
            [name, meta.key],
          );
          return stored?.output;
        }
        const output: unknown = z.encode(command.output, await work(tx, services, decoded, meta));
        await tx.query('UPDATE command_result SET output = $3 WHERE name = $1 AND key = $2', [
          name,
          meta.key,
          JSON.stringify(output),
        ]);
        return output;
      });
    },
  };
}
