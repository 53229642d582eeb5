/** Sending mail. Adapters: SMTP, and a mailbox folder in DATA_DIR that /dev/mailbox shows. */

/** One message. */
export interface Mail {
  /** Stable for the same message, so that a second sending after a crash can be recognised (RFC 5322, 3.6.4). */
  messageId: string;
  to: string;
  subject: string;
  text: string;
}

/** Sends a message; rejects when it may not have been taken. */
export interface Mailer {
  send(mail: Mail): Promise<void>;
}
