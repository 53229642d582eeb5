import { ErasuresMigration } from '../../../platform/erasures';

/** Users and API clients whose orders are to lose what is personal as soon as they need it no more. */
export class CreateErasures1783650000010 extends ErasuresMigration {
  name = 'CreateErasures1783650000010';
}
