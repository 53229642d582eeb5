import { EventSubscriber, type EntitySubscriberInterface } from 'typeorm';
import type { AfterQueryEvent } from 'typeorm/subscriber/event/QueryEvent.js';

/** Tells of every statement's time in seconds; transaction control is not a statement of ours. */
@EventSubscriber()
export class CountStatements implements EntitySubscriberInterface {
  constructor(private readonly tell: (seconds: number) => void) {}

  afterQuery(event: AfterQueryEvent): void {
    if (/^(START TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)/i.test(event.query)) return;
    this.tell((event.executionTime ?? 0) / 1000);
  }
}
