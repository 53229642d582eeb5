/** On whose behalf statements run: what is counted by, and when nobody waits for them any more. */
import { AsyncLocalStorage } from 'node:async_hooks';

/** Whose statements are counted: requests, or work nobody waits for. */
export type StatementSource = 'request' | 'background';

interface Scope {
  source: StatementSource;
  /** Aborts when nobody waits for the answer any more. */
  abandoned?: AbortSignal;
}

const scopes = new AsyncLocalStorage<Scope>();

/** Whose the statements are that are sent now. */
export function statementSource(): StatementSource {
  return scopes.getStore()?.source ?? 'background';
}

/** Aborts when nobody waits for the statements that are sent now; undefined: they run to their end. */
export function statementsAbandoned(): AbortSignal | undefined {
  return scopes.getStore()?.abandoned;
}

/**
 * Counts the statements of `work` as a request's; everything else counts as background. When `abandoned` aborts, the statement
 * that runs is cancelled, and later ones fail with the signal's reason: for reads only.
 */
export function asRequest<T>(work: () => T, abandoned?: AbortSignal): T {
  return scopes.run({ source: 'request', abandoned }, work);
}

/** Counts the statements of `work` as background again, for what a request only sets off. They run to their end. */
export function asBackground<T>(work: () => T): T {
  return scopes.run({ source: 'background' }, work);
}

/** Runs `work` to its end whoever leaves: for what a request begins and others wait for too. */
export function forAll<T>(work: () => T): T {
  return scopes.run({ source: statementSource() }, work);
}
