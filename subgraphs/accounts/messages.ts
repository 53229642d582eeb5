/** What accounts tells others. */
import { z } from 'zod';
import { defineEvent } from '../../platform/bus/event';

/** Somebody has an account now. */
export const userRegistered = defineEvent({
  name: 'accounts.userRegistered',
  version: 1,
  payload: z.object({ userId: z.uuid() }),
});

/** Profile or role changed: what is cached of the user is out of date. */
export const userChanged = defineEvent({
  name: 'accounts.userChanged',
  version: 1,
  payload: z.object({ userId: z.uuid() }),
});
