/** The mails about an account, in plain text. */
import type { Mail } from '../../../platform/mail/mail';
import type { AccountMailKind } from './queue-mail';

interface Wording {
  subject: string;
  before: string[];
  /** Page of the link, and what does the same in the graph; mails with a link only. */
  link?: { page: string; mutation: (token: string) => string };
  after: string[];
}

const IGNORE = 'If it was not you who asked for this, do nothing: nothing changes.';
const ALARM = 'If it was not you, reset your password at once, and tell us.';
const verify = (token: string): string =>
  `mutation { verifyEmail(input: { token: "${token}" }) { userErrors { message } } }`;

const WORDINGS: Record<AccountMailKind, Wording> = {
  'verify-email': {
    subject: 'Confirm your e-mail address',
    before: ['Confirm that this is your address, within 24 hours:'],
    link: { page: 'verify-email', mutation: verify },
    after: [IGNORE],
  },
  'change-email': {
    subject: 'Confirm your new e-mail address',
    before: ['Confirm that this is to be the address of your account, within 24 hours:'],
    link: { page: 'verify-email', mutation: verify },
    after: [IGNORE],
  },
  'reset-password': {
    subject: 'Choose a new password',
    before: ['Choose a new password, within an hour:'],
    link: {
      page: 'reset-password',
      mutation: (token) =>
        `mutation { resetPassword(input: { token: "${token}", password: "…" }) { userErrors { message } } }`,
    },
    after: [IGNORE],
  },
  'email-changing': {
    subject: 'Your account is about to get another e-mail address',
    before: ['Somebody who knows your password has asked for it. It changes when the new address is confirmed.'],
    after: [ALARM],
  },
  'password-changed': {
    subject: 'Your password was changed',
    before: ['Your password was changed. Other devices are signed out.'],
    after: [ALARM],
  },
  'account-deleted': {
    subject: 'Your account was deleted',
    before: ['Your account was deleted, as you asked. Orders are kept without your name, as the law wants it.'],
    after: [],
  },
};

/**
 * The mail of a kind; `token` for those with a link. Its Message-ID is made of `subjectId` (a uuid): a second sending is
 * recognised as the same.
 */
export function accountMail(options: {
  kind: AccountMailKind;
  subjectId: string;
  to: string;
  publicUrl: string;
  token: string;
}): Mail {
  const { kind, subjectId, to, publicUrl, token } = options;
  const { subject, before, link, after } = WORDINGS[kind];
  const how = link && [
    '',
    `  ${publicUrl}/${link.page}?token=${token}`,
    '',
    `or, at ${publicUrl}/graphql:`,
    '',
    `  ${link.mutation(token)}`,
    '',
  ];
  const text = [...before, ...(how ?? ['']), ...after, ''].join('\n');
  return { messageId: `<${kind}.${subjectId}@souk>`, to, subject, text };
}
