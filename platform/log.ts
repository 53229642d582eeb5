/** Structured JSON logs. Every line of a request carries its id; secrets and personal data are never logged. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { pino, type Logger } from 'pino';

/** What a line of log is tied to. */
export interface LogScope {
  requestId?: string;
  userId?: string;
}

const scope = new AsyncLocalStorage<LogScope>();

/** Runs `work` so that every line it logs carries `fields`. */
export function withLogScope<T>(fields: LogScope, work: () => T): T {
  return scope.run(fields, work);
}

/** What the present work is tied to; empty outside {@link withLogScope}. */
export function currentLogScope(): LogScope {
  return scope.getStore() ?? {};
}

/** The logger type used everywhere. */
export type Log = Logger;

/**
 * Makes the process's logger. `level` is pino's ("info", "silent", …); `name` is the process's role. Errors are logged
 * by name, code and the place they came from: messages of drivers can repeat input values.
 */
export function createLog(options: { level: string; name: string }): Log {
  return pino(
    {
      name: options.name,
      level: options.level,
      timestamp: pino.stdTimeFunctions.isoTime,
      base: { name: options.name },
      // A copy: pino writes the line's own fields into it.
      mixin: () => ({ ...currentLogScope() }),
      serializers: { err: describeError },
      redact: {
        paths: ['password', '*.password', 'token', '*.token', 'authorization', '*.authorization'],
        remove: true,
      },
    },
    pino.destination({ fd: 2, sync: false }),
  );
}

function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  return {
    type: error.name,
    code: 'code' in error ? error.code : undefined,
    // Frames only: the first lines of a stack repeat the message.
    stack: error.stack
      ?.split('\n')
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 12)
      .join('\n'),
    cause: error.cause === undefined ? undefined : describeError(error.cause),
  };
}
