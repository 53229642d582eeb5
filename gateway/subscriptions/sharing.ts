/**
 * Equal subscriptions of one session (several tabs, several parts of a page) share one stream at the subgraph and one
 * execution for each event. Two are equal if they have the same operation, variables and principal; they may share when
 * both will be told the same from now on, which is certain in two cases only:
 * - one begins before the other has had its first event, so nothing has passed it by;
 * - both have come to the same cursor.
 * Until then each has its own, so that everybody gets the snapshot or the past that was asked for.
 */
import { print, type ExecutionResult } from 'graphql';
import { subscriptionEvents, subscriptionsActive } from '../metrics';
import type { SubscriptionEngine, SubscriptionRequest } from './engine';
import { cursorReader } from './resume';
import { streamOf } from './stream';

/** Answers one reader may be behind the fastest, at most; then all wait for it, until its door cuts it. */
const MOST_WAITING = 16;

type Answers = AsyncGenerator<ExecutionResult, undefined, undefined>;
type Step = IteratorResult<ExecutionResult, undefined>;
/** How a step came out. */
type Outcome = () => Step;

/** Those of one key. */
type Group = Set<Shared>;

/** One subscription of one client. */
interface Reader {
  source: Shared;
  waiting: Outcome[];
  wake?: (outcome: Outcome) => void;
}

/** Gives each client its own stream over as few of the engine's as possible. */
export class SharedSubscriptions {
  private readonly groups = new Map<string, Group>();

  constructor(private readonly engine: SubscriptionEngine) {}

  /** As {@link SubscriptionEngine.subscribe}. Nobody in particular shares with nobody. */
  subscribe(request: SubscriptionRequest): Answers {
    const { document, operationName, variables, principal } = request;
    const isUser = principal.kind !== 'anonymous';
    const key = isUser ? JSON.stringify([print(document), operationName, variables, principal]) : '';
    const group: Group = (isUser && this.groups.get(key)) || new Set();
    const source = [...group].find(({ begun }) => !begun) ?? new Shared(this.engine, request, group);
    if (isUser) this.groups.set(key, group);
    const reader: Reader = { source, waiting: [] };
    source.readers.add(reader);
    subscriptionsActive.inc();
    return streamOf(
      () => nextOf(reader),
      () => {
        subscriptionsActive.dec();
        reader.source.leave(reader);
        if (group.size === 0 && this.groups.get(key) === group) this.groups.delete(key);
      },
    );
  }
}

async function nextOf(reader: Reader): Promise<Step> {
  const known = reader.waiting.shift();
  const outcome = known ? Promise.resolve(known) : new Promise<Outcome>((resolve) => (reader.wake = resolve));
  // Either way somebody may have waited for this one.
  reader.source.pull();
  const step = (await outcome)();
  if (!step.done) subscriptionEvents.inc();
  return step;
}

/** One of the engine's streams, and who reads it. */
class Shared {
  readonly readers = new Set<Reader>();
  /** Whether an event has come: whoever comes later has missed it. */
  begun = false;
  private cursor: string | undefined;
  private pulling = false;
  private readonly answers: Answers;
  private readonly cursorOf: ReturnType<typeof cursorReader>;

  constructor(
    engine: SubscriptionEngine,
    request: SubscriptionRequest,
    private readonly group: Group,
  ) {
    this.answers = engine.subscribe({ ...request, onEvent: () => (this.begun = true) });
    this.cursorOf = cursorReader(engine.schema, request.document, request.operationName);
    group.add(this);
  }

  /** Asks for the next answer if somebody waits for it and nobody is too far behind. */
  pull(): void {
    const readers = [...this.readers];
    if (this.pulling || !readers.some(({ wake }) => wake)) return;
    if (readers.some(({ waiting }) => waiting.length >= MOST_WAITING)) return;
    this.pulling = true;
    this.answers.next().then(
      (step) => {
        if (step.done) this.group.delete(this);
        else this.cursor = this.cursorOf(step.value);
        this.hand(() => step);
      },
      (error: unknown) => {
        this.group.delete(this);
        this.hand(() => {
          throw error;
        });
      },
    );
  }

  leave(reader: Reader): void {
    this.readers.delete(reader);
    if (this.readers.size > 0) this.pull();
    else this.close();
  }

  private hand(outcome: Outcome): void {
    this.pulling = false;
    for (const reader of this.readers) {
      const { wake } = reader;
      reader.wake = undefined;
      if (wake) wake(outcome);
      else reader.waiting.push(outcome);
    }
    const equal = [...this.group].find((other) => other !== this && other.cursor === this.cursor);
    if (this.cursor !== undefined && equal && this.group.has(this)) this.moveTo(equal);
    else this.pull();
  }

  private moveTo(other: Shared): void {
    for (const reader of this.readers) {
      reader.source = other;
      other.readers.add(reader);
    }
    this.readers.clear();
    this.close();
    other.pull();
  }

  private close(): void {
    this.group.delete(this);
    void this.answers.return(undefined);
  }
}
