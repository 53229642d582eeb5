/** The load of a run: buyers that order as fast as they get answers, and staff that takes the orders on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { buy, type PlacedOrder } from './buyer';
import { Chance } from './chance';
import type { Graph } from './graph';
import { promote, register, staff, stock, type Person } from './people';
import type { Asker } from './persist';
import { attend, keepShelves, type StaffTools } from './staff';

/** How much is bought, by how many at once. */
export interface LoadOptions extends Asker {
  seed: number;
  checkouts: number;
  buyers: number;
  graph: Graph;
  /** Called before each checkout, with the number of those begun so far. */
  onCheckout: (begun: number) => void;
  /** Called when everything is set up, before the first checkout. */
  onReady: () => Promise<void>;
}

/** Every so many buyers one is a guest. */
const GUEST_EVERY = 3;
const CLERKS = 2;
/** Checkouts between two turns at the shelves. */
const SHELVES_EVERY = 15;
/** Checkouts between two new customers. */
const NEWCOMER_EVERY = 15;
const IDLE_MS = 20;

/** Runs it to its end. */
export async function runLoad(options: LoadOptions): Promise<void> {
  const { seed, checkouts, graph, history, patienceMs } = options;
  const admin = staff(graph, 'admin');
  const chance = new Chance(seed, 0);
  const articles = await stock(admin, chance, checkouts);
  const people = await customers(graph, options.buyers);
  await promote(admin, checkouts);
  await options.onReady();

  const orders: PlacedOrder[] = [];
  let begun = 0;
  let buying = options.buyers;
  const buyer = async (person: Person | null, number: number): Promise<void> => {
    const name = person?.name ?? `guest ${number}`;
    const tools = { name, graph, history, patienceMs, articles, person, chance: new Chance(seed, number + 1) };
    while (begun < checkouts) {
      const turn = (begun += 1);
      options.onCheckout(turn);
      if (turn % NEWCOMER_EVERY === 0) await register(graph, `newcomer ${turn}`).catch(() => undefined);
      const order = await buy(tools, `order-${seed}-${turn}`);
      if (order) orders.push(order);
    }
    buying -= 1;
  };
  const clerk = async (number: number): Promise<void> => {
    const tools: StaffTools = {
      support: staff(graph, 'support', number),
      ...{ admin, history, patienceMs, articles },
      chance: new Chance(seed, 1_000 + number),
    };
    for (let shelves = 1; buying > 0 || orders.length > 0;) {
      if (number === 1 && begun >= shelves * SHELVES_EVERY) await keepShelves(tools, shelves++);
      const order = orders.shift();
      if (order) await attend(tools, order);
      else await sleep(IDLE_MS);
    }
  };
  await Promise.all([...people.map(buyer), ...Array.from({ length: CLERKS }, (_, index) => clerk(index + 1))]);
}

async function customers(graph: Graph, count: number): Promise<(Person | null)[]> {
  const people: (Person | null)[] = [];
  for (let index = 0; index < count; index += 1) {
    people.push(index % GUEST_EVERY === 0 ? null : await register(graph, `customer ${index}`));
  }
  return people;
}
