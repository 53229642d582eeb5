/** The demonstration accounts. */
import type { Role } from '../../platform/auth/principal';
import type { AddressValue } from '../../platform/graph/validate';
import type { Services } from '../../platform/subgraph';
import { Account } from './account.entity';
import { emailIndex } from './account.rules';
import { AddressRow } from './address.entity';
import { createPasswords } from './passwords';

/** Password of them all. */
const DEMO_PASSWORD = 'souk-demo-password';

interface DemoAccount {
  /** uuid; the same on every machine, so that other demonstration data can refer to it. */
  id: string;
  email: string;
  firstName: string;
  lastName: string;
  role: Role;
}

const ACCOUNTS: readonly DemoAccount[] = [
  { id: demoId('01'), email: 'ada@souk.example', firstName: 'Ada', lastName: 'Byron', role: 'CUSTOMER' },
  { id: demoId('02'), email: 'grace@souk.example', firstName: 'Grace', lastName: 'Murray', role: 'CUSTOMER' },
  { id: demoId('03'), email: 'support@souk.example', firstName: 'Samir', lastName: 'Haddad', role: 'SUPPORT' },
  { id: demoId('04'), email: 'partner@souk.example', firstName: 'Paula', lastName: 'Ferreira', role: 'PARTNER' },
  { id: demoId('05'), email: 'admin@souk.example', firstName: 'Anneke', lastName: 'de Vries', role: 'ADMIN' },
];

const ADAS_ADDRESS: AddressValue = {
  name: 'Ada Byron',
  line1: '12 Analytical Way',
  line2: null,
  city: 'Springfield',
  region: 'CA',
  postalCode: '90210',
  countryCode: 'US',
  phone: null,
};

/**
 * Makes the demonstration accounts that are missing; those that are there, and whatever has become of them, stay. Throws in
 * production: everybody knows their password.
 */
export async function seedAccounts(services: Services): Promise<void> {
  const { config, db, sealer } = services;
  if (config.production) throw new Error('Demonstration accounts are never made in production.');
  const known = await db.rows<{ id: string; emailIndex: string }>(
    'SELECT id, email_index AS "emailIndex" FROM account WHERE id = ANY($1) OR email_index = ANY($2)',
    [ACCOUNTS.map(({ id }) => id), ACCOUNTS.map(({ email }) => emailIndex(sealer, email))],
  );
  const taken = new Set(known.flatMap(({ id, emailIndex: index }) => [id, index]));
  const missing = ACCOUNTS.filter(({ id, email }) => !taken.has(id) && !taken.has(emailIndex(sealer, email)));
  const passwords = createPasswords();
  await Promise.all(
    missing.map(async (account) => makeAccount(services, account, await passwords.hash(DEMO_PASSWORD))),
  );
}

async function makeAccount(services: Services, account: DemoAccount, passwordHash: string): Promise<void> {
  const { db, sealer, clock } = services;
  await db.transaction(async (tx) => {
    const made = await tx
      .createQueryBuilder()
      .insert()
      .into(Account)
      .values({ ...account, emailIndex: emailIndex(sealer, account.email), passwordHash, createdAt: clock.now() })
      // Another process may be seeding the same shop.
      .orIgnore()
      .returning('id')
      .execute();
    if (!Array.isArray(made.raw) || made.raw.length === 0 || account.id !== demoId('01')) return;
    const address = JSON.stringify(ADAS_ADDRESS);
    await tx.insert(AddressRow, { id: demoId('a1'), accountId: account.id, address, isDefault: true });
  });
}

/** A uuid of version 7 with a time of 2024, so that it sorts before everything made later. */
function demoId(end: string): string {
  return `018d0000-0000-7000-8000-0000000000${end}`;
}
