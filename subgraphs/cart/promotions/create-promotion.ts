import { z } from 'zod';
import { recordAudit } from '../../../platform/audit';
import { requireAdmin } from '../../../platform/auth/guard';
import type { CommandMeta } from '../../../platform/commands/command';
import { isUniqueViolation } from '../../../platform/db/database';
import { UserFault } from '../../../platform/errors';
import { nameText, text, validateInput } from '../../../platform/graph/validate';
import { newUuid, toId } from '../../../platform/ids';
import type { Services } from '../../../platform/subgraph';
import { PROMOTION_KINDS, PromotionRow, type PromotionValues } from './promotion.entity';
import { refuseBadTerms, termsInput, withTerms } from './promotion-terms';

const codeText = text(40)
  .refine((code) => /^[A-Za-z0-9_-]*$/.test(code), 'Must be of letters A to Z, digits, "-" and "_".')
  .transform((code) => code.toUpperCase());

const createInput = (currency: string) =>
  termsInput(currency).extend({ code: codeText, name: nameText, kind: z.enum(PROMOTION_KINDS) });

/** Makes a promotion. Throws UserFault VALIDATION_ERROR, CONFLICT (the code is taken); Faults unless the caller is an admin. */
export async function createPromotion(services: Services, meta: CommandMeta, input: unknown): Promise<PromotionValues> {
  const actor = requireAdmin(meta.principal);
  const { currency } = services.config;
  const { code, name, kind, ...terms } = validateInput(createInput(currency), input);
  const bare: PromotionValues = {
    ...{ id: newUuid(), code, name, kind, percentage: null, amount: null, buyQuantity: null, getQuantity: null },
    ...{ currencyCode: currency, minimumSpend: null, productIds: [], variantIds: [], startsAt: null, endsAt: null },
    ...{ perUserLimit: null, totalLimit: null, priority: 0, exclusive: false, active: true, used: 0 },
    createdAt: services.clock.now(),
  };
  const row = withTerms(bare, terms);
  refuseBadTerms(row);
  try {
    await services.db.transaction(async (tx) => {
      await tx.insert(PromotionRow, row);
      const record = { actor, targetUuid: row.id, target: toId('promo', row.id), requestId: meta.requestId };
      await recordAudit(tx, services, { ...record, action: 'createPromotion' });
    });
  } catch (error) {
    if (!isUniqueViolation(error, 'promotion_code')) throw error;
    throw UserFault.of('CONFLICT', 'This code is taken.', ['code']);
  }
  return row;
}
