/** Sending what is due. */
import { setTimeout as pause } from 'node:timers/promises';
import { Counter } from 'prom-client';
import type { OrdersServices } from '../services';
import { finishAttempt, ownersOfDue, takeDue, type Attempt } from './delivery-store';
import { makeDeliveries } from './make-deliveries';
import { messageBody, messageId } from './message';
import { post } from './post';
import { signedHeaders } from './signature';

/** Attempts of a process at once. */
const SLOTS = 20;
/** How long one run goes on while there is more to do, in milliseconds; the next one follows. */
const RUN_MS = 1_000;
/** Looks for more at the latest after so long while receivers are slow, in milliseconds. */
const LOOK_MS = 250;

const deliveries = new Counter({
  name: 'souk_webhook_deliveries_total',
  help: "Attempts to deliver webhooks to partners: delivered, retried (later), failed (given up), lost (somebody else's now).",
  labelNames: ['result'],
});

/** Attempts under way, by the services they use. They outlive a run: one slow receiver must not keep the others waiting. */
const underWay = new WeakMap<OrdersServices, Set<Promise<void>>>();

/** A job; several processes share the work. An attempt whose process dies is made again when its lease is over. */
export async function sendWebhooks(services: OrdersServices): Promise<void> {
  const busy = underWay.get(services) ?? new Set();
  underWay.set(services, busy);
  const until = performance.now() + RUN_MS;
  do {
    const more = await makeDeliveries(services);
    const due = busy.size < SLOTS ? await take(services, SLOTS - busy.size) : [];
    for (const attempt of due) {
      const work = make(services, attempt).finally(() => busy.delete(work));
      busy.add(work);
    }
    if (busy.size === 0 && !more) return;
    await Promise.race([...busy, pause(more ? 0 : LOOK_MS)]);
  } while (performance.now() < until);
}

/** What waits for owners who are partners no more stays as it is: they may be again. */
async function take({ db, partners, clock }: OrdersServices, limit: number): Promise<Attempt[]> {
  const owners = await partners.among(await ownersOfDue(db));
  return owners.length > 0 ? takeDue(db, owners, limit, clock.now()) : [];
}

async function make(services: OrdersServices, attempt: Attempt): Promise<void> {
  const { db, sealer, clock, config, log } = services;
  try {
    const at = clock.now();
    const { previousSecret: previous, previousSecretUntil: until } = attempt;
    const sealed = previous && until && until > at ? [attempt.secret, previous] : [attempt.secret];
    const body = messageBody(attempt);
    const secrets = sealed.map((secret) => sealer.open(secret));
    const headers = signedHeaders({ id: messageId(attempt.position), at, body, secrets });
    const outcome = await post({ url: sealer.open(attempt.url), production: config.production }, headers, body);
    deliveries.inc({ result: await finishAttempt(db, attempt, outcome, clock.now()) });
  } catch (error) {
    log.warn({ err: error, deliveryId: attempt.id }, 'a webhook is tried again when its lease is over');
  }
}
