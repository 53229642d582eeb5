/** Confirmed sending: resolves when the broker has the message, rejects when it may not. Never hangs. */
import type { Connection, Envelope, Publisher } from 'rabbitmq-client';

/** Sends on one confirming channel, in order of the calls. */
export class RabbitSender {
  private readonly publisher: Publisher;
  private readonly returned = new Set<string>();
  private sent = 0;

  constructor(
    connection: Connection,
    private readonly patienceMs: number,
  ) {
    this.publisher = connection.createPublisher({ confirm: true });
    this.publisher.on('basic.return', ({ correlationId }) => {
      if (correlationId !== undefined) this.returned.add(correlationId);
    });
  }

  /** Sends one message. A mandatory one that reaches no queue rejects, although the broker confirms it. */
  async send(envelope: Envelope, body: unknown): Promise<void> {
    const correlationId = String((this.sent += 1));
    try {
      // The limit is also what frees us when the channel dies between writing and confirming: the client then forgets the confirm.
      await within(this.patienceMs, this.publisher.send({ ...envelope, correlationId }, body));
      // The broker sends the return before the confirm, but the client tells of it one turn later.
      await new Promise(setImmediate);
      if (this.returned.has(correlationId)) throw new Error('The broker has no queue for a message that needs one.');
    } finally {
      this.returned.delete(correlationId);
    }
  }

  /** Closes the channel. */
  async close(): Promise<void> {
    await this.publisher.close();
  }
}

/** Rejects after `ms` if `work` has not ended by then; its result is then ignored. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('The message broker did not answer in time.')), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
