/** Asks everything, as everybody, and compares with the table. */
import { CALLERS, isClient, isPerson, logIn, NEW_PASSWORD, PASSWORD, type Caller, type CallerName } from './callers';
import type { DoorAnswer, Doors } from './doors';
import { fingerprint, quietFingerprint } from './fingerprint';
import { allProbes, type Probe } from './probes';
import { LooksLikeNothing } from './nothing';
import { isDenial, outcomesOf, rootOutcome, type Outcome } from './selection';
import type { Table } from './table';
import { marksIn } from './marks';
import { mutate, type World } from './things';

/** Requests at a time. */
const PARALLEL = 8;
/**
 * What changes the caller or spends objects is asked last, in this order. A line that is saved while its variant is put into the
 * cart would be joined with the new one, and be gone, when it is moved back.
 */
const LAST = [
  'saveForLater', 'moveToCart', 'removePromoCode', 'removeCartLine', 'deleteAddress', 'deletePaymentMethod', 'deleteWebhookEndpoint', 'mergeCart',
  'placeOrder', 'placeOrder by saved card', 'archiveProduct', 'revokeSession', 'changeEmail', 'changePassword', 'logout', 'logoutEverywhere',
  'revokeApiClient', 'updateUserRole', 'suspendUser', 'deleteAccount',
]; // prettier-ignore
/** From here on sessions end, so each is asked for in a new one. */
const FIRST_TO_END_SESSIONS = LAST.indexOf('changeEmail');

/** What a run has found. */
export interface Findings {
  /** Outcomes that were compared. */
  probes: number;
  /** Outcomes by row and caller, as the gateway or, where it has none, a subgraph gave them. */
  table: Table;
  /** What is not as it should be, one sentence each. */
  problems: string[];
}

/** What of it is asked. */
export interface Extent {
  rows: RegExp;
  /** Without mutations that are allowed: the world is as before, as long as nobody is let through. */
  refusals?: boolean;
}

/** Runs it. */
export async function runMatrix(
  doors: Doors,
  world: World,
  expected: Table,
  { rows, refusals = false }: Extent,
): Promise<Findings> {
  const findings: Findings = { probes: 0, table: new Map(), problems: [] };
  const asked = allProbes(world).filter((probe) => rows.test(rowOf(probe)));
  const jobs = asked.flatMap((probe) =>
    CALLERS.filter((name) => isAsked(probe, name)).map((name) => ({
      probe,
      caller: world.callers[name],
      expected: expected.get(rowOf(probe))?.[name],
    })),
  );
  type Job = (typeof jobs)[number];
  const isMutation = ({ probe }: Job): boolean => probe.kind === 'Mutation';
  const mayDo = ({ probe, expected: cell }: Job): boolean =>
    probe.late === true || cell === undefined || !isDenial(cell);
  const nothing = new LooksLikeNothing(world);
  const ask = async ({ probe, caller }: Job): Promise<void> => {
    const answer = await doors.ask(probe.door, caller, probe.query, probe.variables({ world, caller }));
    judge(findings, expected, world, probe, caller, answer);
    findings.problems.push(...nothing.judge(probe, caller, answer));
  };

  const reads = jobs.filter((job) => !isMutation(job) && worthAsking(job));
  // Those about nothing first: the others are compared with them.
  await inParallel(
    reads.filter(({ probe }) => probe.target === 'unknown'),
    ask,
  );
  await inParallel(
    reads.filter(({ probe }) => probe.target !== 'unknown'),
    ask,
  );

  const denied = jobs.filter((job) => isMutation(job) && !mayDo(job));
  const before = await quietFingerprint(doors.shop);
  await inParallel(
    denied.filter(({ probe }) => probe.target === 'unknown'),
    ask,
  );
  await inParallel(
    denied.filter(({ probe }) => probe.target !== 'unknown'),
    ask,
  );
  const after = await fingerprint(doors.shop);
  for (const [table, hash] of after)
    if (before.get(table) !== hash) findings.problems.push(`Denied mutations have changed ${table}.`);

  // Once is enough for what may be done, and what it spends is not there a second time.
  const allowed = jobs.filter(
    (job) => isMutation(job) && mayDo(job) && job.probe.door !== 'socket' && once(job) && (!refusals || job.probe.late),
  );
  const place = ({ probe }: Job): number => LAST.indexOf(probe.row.replace('Mutation.', ''));
  for (const turn of [-1, ...LAST.keys()]) {
    const due = allowed.filter((job) => place(job) === turn);
    if (LAST[turn] === 'deleteAccount' && due.length > 0) await letIn(doors, due.map(({ caller }) => caller)); // prettier-ignore
    const password = turn <= LAST.indexOf('changePassword') ? PASSWORD : NEW_PASSWORD;
    await inParallel(due, async (job) => {
      const { caller } = job;
      const ends = turn >= FIRST_TO_END_SESSIONS && isPerson(caller);
      await ask(ends ? { ...job, caller: await logIn(doors, caller.name, caller.email, password) } : job);
    });
  }
  return findings;

  function once({ probe, caller }: Job): boolean {
    return (probe.door === 'gateway') !== isClient(caller.name);
  }
}

/** Lifts suspensions, for who is suspended cannot come to delete an account. */
async function letIn(doors: Doors, callers: readonly Caller[]): Promise<void> {
  const root = await logIn(doors, 'admin', 'admin@souk.example', 'souk-demo-password');
  for (const caller of callers.filter(isPerson))
    await mutate(doors, root, 'suspendUser', { userId: caller.userId, suspended: false }, 'user { id }');
}

/** API clients are asked about at the subgraphs. One that may write does all that the other one does, and would spend its objects. */
function isAsked({ kind, door, only }: Probe, name: CallerName): boolean {
  if (only && !only.includes(name)) return false;
  if (name === 'writer' && kind === 'Mutation') return false;
  return !isClient(name) || !['gateway', 'socket'].includes(door);
}

/** A subscription that may be opened stays silent on a socket unless it starts with a snapshot. */
const worthAsking = ({ probe, expected }: { probe: Probe; expected?: Outcome }): boolean =>
  probe.door !== 'socket' ||
  probe.kind !== 'Subscription' ||
  probe.row.endsWith('.orderUpdated') ||
  (expected !== undefined && isDenial(expected));

const rowOf = ({ row, target }: Probe): string => `${row} ${target}`;

function judge(
  findings: Findings,
  expected: Table,
  world: World,
  probe: Probe,
  caller: Caller,
  answer: DoorAnswer,
): void {
  const values = answer.data?.['result'];
  const note = (row: string, outcome: Outcome): void => {
    findings.probes += 1;
    const cells = findings.table.get(row) ?? {};
    if (!(caller.name in cells) || probe.door === 'gateway') cells[caller.name] = outcome;
    findings.table.set(row, cells);
    const wanted = expected.get(row)?.[caller.name];
    if (wanted === undefined) findings.problems.push(`${row}: no cell for ${caller.name}, who got ${outcome}.`);
    else if (wanted !== outcome)
      findings.problems.push(`${row}: ${caller.name} got ${outcome} through ${probe.door}, not ${wanted}.`);
  };
  if (probe.target === 'unknown' && probe.kind !== 'Mutation' && probe.kind !== 'Subscription') {
    findings.probes += 1;
    return;
  }
  if (probe.kind !== 'Entity') note(rowOf(probe), rootOutcome(answer, probe.kind === 'Mutation') + marksIn(world, probe, values)); // prettier-ignore
  for (const [field, outcome] of outcomesOf(probe.selected, values, answer.errors ?? []))
    note(`${probe.row} ${probe.target} ${field}`, outcome);
}

async function inParallel<Job>(jobs: readonly Job[], run: (job: Job) => Promise<void>): Promise<void> {
  const left = jobs[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const job of left) await run(job);
    }),
  );
}
