/** Why a database could not be reached, in words for whoever starts the program. */
import { StartProblem } from '../start-problem';

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** PostgreSQL: wrong password, unknown user, user not let in. */
const REFUSED = new Set(['28P01', '28000']);
/** PostgreSQL: starting up or ending, or out of connections. */
const BUSY = new Set(['57P03', '57P01', '53300']);

/** Runs `connect`; a failure that an operator can mend becomes a {@link StartProblem} naming the server, never the password. */
export async function explainConnecting<T>(url: string, connect: () => Promise<T>): Promise<T> {
  try {
    return await connect();
  } catch (error) {
    throw connectProblem(url, error) ?? error;
  }
}

function connectProblem(url: string, error: unknown): StartProblem | undefined {
  const { host, pathname } = new URL(url);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const timedOut = error instanceof Error && /timeout/i.test(error.message);
  if (UNREACHABLE.has(code) || timedOut) {
    return new StartProblem(`PostgreSQL at ${host} cannot be reached (${code || 'timeout'}): look at DATABASE_URL.`);
  }
  if (REFUSED.has(code)) return new StartProblem(`PostgreSQL at ${host} refuses the user or password of DATABASE_URL.`);
  if (BUSY.has(code)) return new StartProblem(`PostgreSQL at ${host} takes no connections at present (${code}).`);
  if (code !== '3D000') return undefined;
  return new StartProblem(`There is no database ${pathname.slice(1)} at ${host}: run "npm run migrate" first.`);
}
