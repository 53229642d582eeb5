import { EventSubscriber, type EntitySubscriberInterface } from 'typeorm';
import type { AfterQueryEvent } from 'typeorm/subscriber/event/QueryEvent.js';

/** Whether the statement begins or ends a transaction, which is not a statement of ours. */
export function isTransactionControl(statement: string): boolean {
  return /^(START TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)/i.test(statement);
}

/** Tells of every statement's time in seconds; transaction control is not a statement of ours. */
@EventSubscriber()
export class CountStatements implements EntitySubscriberInterface {
  constructor(private readonly tell: (seconds: number) => void) {}

  afterQuery(event: AfterQueryEvent): void {
    if (!isTransactionControl(event.query)) this.tell((event.executionTime ?? 0) / 1000);
  }
}
