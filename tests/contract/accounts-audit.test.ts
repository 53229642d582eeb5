/** Accounts alone: the chain of the audit log, and who reads it. */
import { createHash, randomUUID } from 'node:crypto';
import type { EventEnvelope } from '../../platform/bus/bus';
import { migrate } from '../../platform/db/prepare';
import { newUuid, toId } from '../../platform/ids';
import { accounts } from '../../subgraphs/accounts';
import { verifyAuditLog } from '../../subgraphs/accounts/audit/verify-audit-log';
import { nobody, startAccounts, type AccountsUnderTest, type Person } from '../support/accounts';

let shop: AccountsUnderTest;
beforeAll(async () => {
  shop = await startAccounts();
});
afterAll(() => shop.stop());

function entry(payload: Record<string, unknown>): EventEnvelope {
  const id = newUuid();
  const time = '2026-11-21T10:00:00.000Z';
  const common = {
    actorKind: 'user',
    actorId: randomUUID(),
    action: 'adjustStock',
    target: null,
    time,
    requestId: 'r1',
  };
  return {
    id,
    name: 'audit.recorded',
    version: 1,
    aggregateId: id,
    aggregateVersion: 0,
    time,
    cause: 'test',
    payload: { ...common, ...payload },
  };
}
/** Does it as the owner of the table could, with its guards off, and takes it back after `look`. */
async function tamper<T>(sql: string, look: () => Promise<T>): Promise<T> {
  const { db } = shop.services;
  await db.rows('CREATE TABLE untouched AS SELECT * FROM audit_log');
  await db.rows('ALTER TABLE audit_log DISABLE TRIGGER USER');
  try {
    for (const statement of sql.split(';')) await db.rows(statement);
    return await look();
  } finally {
    await db.rows('TRUNCATE audit_log');
    await db.rows('INSERT INTO audit_log SELECT * FROM untouched');
    await db.rows('ALTER TABLE audit_log ENABLE TRIGGER USER');
    await db.rows('DROP TABLE untouched');
  }
}

describe('the chain', () => {
  it('holds what many processes add at once, and each hash is that of the entry and the hash before', async () => {
    await Promise.all(Array.from({ length: 60 }, () => shop.deliver(entry({ target: 'var_ü"1' }))));
    const rows = await shop.services.db.rows<Record<string, string | Date | null>>(
      'SELECT * FROM audit_log ORDER BY position',
    );
    expect(rows.map(({ position }) => Number(position))).toEqual(rows.map((_, index) => index + 1));
    let previous = '';
    for (const row of rows) {
      const { position, id, actor_kind: kind, actor_id: actor, action, target, time, request_id: request } = row;
      const parts = [previous, Number(position), id, kind, actor, action, target, (time as Date).getTime(), request];
      const canonical = `[${parts.map((part) => JSON.stringify(part)).join(', ')}]`;
      previous = createHash('sha256').update(canonical).digest('hex');
      expect(row['hash']).toBe(previous);
    }
    expect(await verifyAuditLog(shop.services.db)).toEqual({ entries: rows.length, head: previous, brokenAt: null });
  });

  const REHASH = `UPDATE audit_log a SET hash = audit_hash((SELECT hash FROM audit_log WHERE position = 19), a) WHERE position = 20`;
  it.each([
    ['an entry was changed', `UPDATE audit_log SET action = 'harmless' WHERE position = 20`, 20],
    ['its hash too', `UPDATE audit_log SET action = 'harmless' WHERE position = 20; ${REHASH}`, 21],
    ['one was taken out', 'DELETE FROM audit_log WHERE position = 12', 13],
    [
      'the gap was closed',
      'DELETE FROM audit_log WHERE position = 12; UPDATE audit_log SET position = -position WHERE position > 12; UPDATE audit_log SET position = -position - 1 WHERE position < 0',
      12,
    ],
    ['the beginning was taken out', 'DELETE FROM audit_log WHERE position < 3', 3],
  ])('shows that %s', async (_, sql, brokenAt) => {
    expect(await tamper(sql, () => verifyAuditLog(shop.services.db))).toMatchObject({ brokenAt });
    expect(await verifyAuditLog(shop.services.db)).toMatchObject({ entries: 60, brokenAt: null });
  });

  it('shows by another end that the end was cut off', async () => {
    const { head } = await verifyAuditLog(shop.services.db);
    const cut = await tamper('DELETE FROM audit_log WHERE position > 58', () => verifyAuditLog(shop.services.db));
    expect(cut).toMatchObject({ entries: 58, brokenAt: null });
    expect(cut.head).not.toBe(head);
  });

  it('takes in what was there before it', async () => {
    const other = await startAccounts();
    try {
      await other.person();
      await other.person();
      await other.deliverOutbox();
      const column = `SELECT 1 AS one FROM information_schema.columns WHERE table_name = 'audit_log' AND column_name = 'hash'`;
      while ((await other.services.db.rows(column)).length > 0) await migrate(other.url, accounts.migrations, 'down');
      await migrate(other.url, accounts.migrations);
      expect(await verifyAuditLog(other.services.db)).toMatchObject({ entries: 2, brokenAt: null });
    } finally {
      await other.stop();
    }
  });
});

describe('auditLog', () => {
  const LOG = `query ($actorId: ID, $action: String, $from: DateTime, $to: DateTime, $first: Int, $after: String) {
    auditLog(actorId: $actorId, action: $action, from: $from, to: $to, first: $first, after: $after) {
      nodes { actorKind actorId actor { id } action target occurredAt requestId } pageInfo { hasNextPage endCursor } totalCount } }`;
  interface Log {
    nodes: Record<string, unknown>[];
    pageInfo: { hasNextPage: boolean; endCursor: string };
    totalCount: number;
  }
  let admin: Person;
  beforeAll(async () => {
    admin = await shop.person('ADMIN');
  });
  const read = async (variables: Record<string, unknown>): Promise<Log> => {
    const { data, errors } = await shop.run(LOG, variables, admin.principal);
    expect(errors).toBeUndefined();
    return (data as { auditLog: Log }).auditLog;
  };

  it('is read by admins, by actor, action and time', async () => {
    const actorId = randomUUID();
    const at = (minute: number) => `2027-01-01T00:0${minute}:00.000Z`;
    for (const minute of [1, 2, 3]) {
      await shop.deliver(
        entry({ actorId, action: minute === 2 ? 'login' : 'createRefund', target: 'ord_1', time: at(minute) }),
      );
    }
    const id = toId('user', actorId);
    const all = await read({ actorId: id });
    expect(all.nodes).toEqual(
      [3, 2, 1].map((minute) => ({
        actorKind: 'USER',
        actorId: id,
        actor: { id },
        action: minute === 2 ? 'login' : 'createRefund',
        target: 'ord_1',
        occurredAt: at(minute),
        requestId: 'r1',
      })),
    );
    expect(all.totalCount).toBe(3);
    expect((await read({ actorId: id, action: 'login' })).nodes).toEqual([all.nodes[1]]);
    expect((await read({ actorId: id, from: at(1), to: at(3) })).nodes).toEqual(all.nodes.slice(1));
    const first = await read({ actorId: id, first: 2 });
    expect(first.nodes).toEqual(all.nodes.slice(0, 2));
    expect((await read({ actorId: id, first: 2, after: first.pageInfo.endCursor })).nodes).toEqual([all.nodes[2]]);
    expect((await read({ actorId: 'ord_01h455vb4pex5vsknk084sn02q' })).nodes).toEqual([]);
    await shop.deliver(entry({ actorKind: 'service', actorId: 'payments', time: at(4) }));
    expect((await read({ actorId: 'payments' })).nodes).toMatchObject([{ actorKind: 'SERVICE', actor: null }]);
  });

  it('is for nobody else, and says what is wrong with its arguments', async () => {
    const codeOf = async (variables: Record<string, unknown>, by = admin.principal as Parameters<typeof shop.run>[2]) =>
      (await shop.run(LOG, variables, by)).errors?.map(({ extensions }) => extensions['code']);
    for (const role of ['CUSTOMER', 'SUPPORT', 'PARTNER'] as const) {
      expect(await codeOf({}, (await shop.person(role)).principal)).toEqual(['FORBIDDEN']);
    }
    expect(await codeOf({}, nobody)).toEqual(['UNAUTHENTICATED']);
    for (const wrong of [{ from: 'yesterday' }, { action: '' }, { first: 101 }, { after: 'x' }]) {
      expect(await codeOf(wrong)).toEqual(['VALIDATION_ERROR']);
    }
  });
});
