/** What accounts does about events. */
import { auditRecorded } from '../../platform/audit';
import { newUuid } from '../../platform/ids';
import { defineConsumer } from '../../platform/outbox';
import { orderConfirmed } from '../orders/messages';
import { userChanged } from './messages';
import { forgetProfile } from './profile.loaders';
import type { AccountsServices } from './services';

/** Collects the audit events of all subgraphs. */
export const collectAudit = defineConsumer({
  queue: 'accounts.audit',
  events: [auditRecorded],
  async apply(tx, { id, payload }) {
    const { actorKind, actorId, action, target, time, requestId } = payload;
    // The log outlives the inbox: an event delivered again after the inbox was pruned must not fail, nor stand there twice.
    await tx.query(
      `INSERT INTO audit_log (id, actor_kind, actor_id, action, target, time, request_id)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
      [id, actorKind, actorId, action, target, time, requestId],
    );
  },
});

/**
 * Notes that an order's confirmation is to be mailed; the job `accounts.send-mails` does it. Once for each order, but for those of
 * API clients: their buyers are the partner's, who writes to them.
 */
export const noteOrderConfirmation = defineConsumer({
  queue: 'accounts.order-confirmation',
  events: [orderConfirmed],
  async apply(tx, { payload }) {
    if (payload.ownerKind === 'client') return;
    await tx.query(
      `INSERT INTO mail (id, kind, subject_id) VALUES ($1, 'order-confirmation', $2)
       ON CONFLICT ON CONSTRAINT mail_once DO NOTHING`,
      [newUuid(), payload.orderId],
    );
  },
});

/** Forgets changed profiles once more: the process that changed one may have died before it could. */
export const forgetChangedProfiles = defineConsumer({
  queue: 'accounts.profile-cache',
  events: [userChanged],
  async apply(_tx, { payload }, services: AccountsServices) {
    await forgetProfile(services, payload.userId);
  },
});
