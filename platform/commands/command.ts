/** Commands: what one service asks of another. Typed by the callee's messages.ts, carried in this process or over signed HTTP. */
import { z } from 'zod';
import type { Principal } from '../auth/principal';
import { Fault } from '../errors';

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
}

/** Sends commands. */
export interface CommandClient {
  /**
   * Sends and waits for the outcome, `deadlineMs` at most (default 3,000). Rejects with Fault SERVICE_UNAVAILABLE when the
   * callee cannot be reached or does not answer in time: the outcome is then unknown, and the same command may be sent
   * again: every command that changes something is idempotent by what it is about, an order's id as a rule. Expected refusals are part of the output, not errors.
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

/** The same for what services ask on nobody's behalf, and nobody else may be told: Fault FORBIDDEN for every other principal. */
export function handleForServices<Services, Input extends z.ZodType, Output extends z.ZodType>(
  command: Command<Input, Output>,
  work: (services: Services, input: z.output<Input>, meta: CommandMeta) => Promise<z.output<Output>>,
): CommandHandler<Services> {
  return handle<Services, Input, Output>(command, async (services, input, meta) => {
    if (meta.principal.kind !== 'service') throw new Fault('FORBIDDEN');
    return work(services, input, meta);
  });
}
