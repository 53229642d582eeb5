/** What a run is asked to do. */
import { parseArgs } from 'node:util';
import { StartProblem } from '../../platform/start-problem';
import { POINTS } from './points';
import { MUTANTS } from './mutants';
import type { ProviderFaults } from './provider';

/** A run. */
export interface RunOptions {
  checkouts: number;
  kills: number;
  exact: number;
  points: string;
  storeKills: number;
  providerFaults: ProviderFaults | null;
  buyers: number;
  seed: number;
  /** Name of a mutant to run instead of the shop. */
  mutant: string | null;
  /** Where the report is written to. */
  report: string | null;
}

/** What the command line asks for. */
export type Command =
  | { do: 'run'; options: RunOptions }
  | { do: 'mutants'; seed: number }
  | { do: 'lastUnit'; rounds: number; buyers: number }
  | { do: 'sum'; files: string[]; report: string | null };

const USAGE = `Usage: npm run chaos -- --checkouts N --kills M --seed S
  --exact K         kills at exact points besides (default M / 2)
  --points TEXT     only at points with this in their names, for example "orders: after"
  --store-kills K   kill -9 and restart of PostgreSQL, RabbitMQ and Redis, K times each (default 0)
  --provider-faults "timeout=0.3,error=0.1,tooMany=0.05,duplicate=0.05,webhookTwice=0.2,webhookLost=0.2,webhookShuffled=1"
                    how often a call to the payment provider, or a webhook of it, goes wrong (default never)
  --buyers B        buyers at a time (default 12)
  --report FILE     writes the report as JSON
  --mutant NAME     runs a broken shop: ${Object.keys(MUTANTS).join(', ')}
  --mutants         runs them all; fails unless each is found out
  --last-unit R     instead: as many guests as --buyers says (default 500) order the one unit there is, R times
  --sum FILES…      adds reports up`;

const number = (text: string | undefined, fallback: number, most: number): number => {
  const value = text === undefined ? fallback : Number(text);
  if (!Number.isInteger(value) || value < 0 || value > most) throw new StartProblem(USAGE);
  return value;
};

/** Reads the command line; throws {@link StartProblem} with the usage. */
export function readCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.sum) return { do: 'sum', files: positionals, report: values.report ?? null };
  if (values['last-unit'] !== undefined) {
    return { do: 'lastUnit', rounds: number(values['last-unit'], 1, 1_000), buyers: number(values.buyers, 500, 1_000) };
  }
  if (values.mutants) return { do: 'mutants', seed: number(values.seed, 1, MOST_SEED) };
  return readRun(args);
}

/** Reads the options of a run. A mutant has faults of its own that bring it to light. */
export function readRun(args: readonly string[]): Extract<Command, { do: 'run' }> {
  const { values, positionals } = parse(args);
  const mutant = values.mutant ?? null;
  const defaults = mutant === null ? undefined : MUTANTS[mutant]?.faults;
  const kills = number(values.kills, defaults?.kills ?? 10, 10_000);
  const options = {
    checkouts: number(values.checkouts, defaults?.checkouts ?? 100, 1_000_000),
    kills,
    exact: number(values.exact, defaults?.exact ?? Math.floor(kills / 2), 10_000),
    points: values.points ?? defaults?.points ?? '',
    storeKills: number(values['store-kills'], 0, 100),
    providerFaults: values['provider-faults'] === undefined ? null : readFaults(values['provider-faults']),
    buyers: number(values.buyers, 12, 64),
    seed: number(values.seed, 1, MOST_SEED),
    ...{ mutant, report: values.report ?? null },
  };
  const reachable = options.exact === 0 || POINTS.some((point) => point.includes(options.points));
  const known = mutant === null || defaults !== undefined;
  if (positionals.length > 0 || options.checkouts === 0 || options.buyers === 0 || !reachable || !known) {
    throw new StartProblem(USAGE);
  }
  return { do: 'run', options };
}

const MOST_SEED = 1_000_000;

function readFaults(text: string): ProviderFaults {
  const faults = { ...NO_FAULTS };
  for (const part of text.split(',')) {
    const [name = '', share] = part.split('=');
    const value = Number(share);
    if (!isFault(name) || !(value >= 0 && value <= 1)) throw new StartProblem(USAGE);
    faults[name] = value;
  }
  return faults;
}

const NO_FAULTS: ProviderFaults = {
  ...{ timeout: 0, error: 0, tooMany: 0, duplicate: 0 },
  ...{ webhookTwice: 0, webhookLost: 0, webhookShuffled: 0 },
};

function isFault(name: string): name is keyof ProviderFaults {
  return Object.hasOwn(NO_FAULTS, name);
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...{ checkouts: text, kills: text, exact: text, points: text, 'store-kills': text, buyers: text, seed: text },
        ...{ 'provider-faults': text, report: text, mutant: text, mutants: flag, sum: flag },
        ...{ 'last-unit': text },
      },
    });
  } catch {
    throw new StartProblem(USAGE);
  }
}
