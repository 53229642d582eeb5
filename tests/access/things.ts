/** Words of the matrix: whose the objects of a row are, and how they are made. */
import type { IdPrefix } from '../../platform/ids';
import type { Caller, CallerName } from './callers';
import type { Doors, Json } from './doors';

/** Whose the objects of a row are. */
export const TARGETS = ['customer', 'guest', 'partner', 'client', 'unknown'] as const;
/** One of {@link TARGETS}; `unknown`: ids of nothing. */
export type Target = (typeof TARGETS)[number];
/** Ids of somebody's objects by prefix; `token`, `cartToken`: a guest's; `number`, `cursor`: of the order. */
export type Things = Partial<Record<IdPrefix | 'token' | 'cartToken' | 'number' | 'cursor', string>>;

/** Everything a run needs. */
export interface World {
  callers: Record<CallerName, Caller>;
  things: Record<Target, Things>;
  /** What belongs to nobody: catalogue, promotion. */
  common: Things & { promoCode: string; other: string };
}

/** An address with a telephone. */
export const ADDRESS = {
  name: 'Ada Lovelace',
  line1: '12 Analytical Row',
  city: 'San Francisco',
  region: 'CA',
  postalCode: '94103',
  countryCode: 'US',
  phone: '+14155550100',
};

/** A mutation without arguments other than its input; gives its payload. */
export function mutate(doors: Doors, caller: Caller, field: string, input: Json, selection: string): Promise<Json> {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
  return doors.must(caller, `mutation ($input: ${type}!) { result: ${field}(input: $input) { ${selection} } }`, {
    input,
  });
}

/** Id of the object in a payload; throws when there is none. */
export const idIn = (payload: Json, field: string): string => {
  const found = payload[field] as { id: string } | null;
  if (!found) throw new Error(`no ${field}: ${JSON.stringify(payload)}`);
  return found.id;
};
