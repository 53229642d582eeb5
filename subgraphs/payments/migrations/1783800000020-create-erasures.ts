import { ErasuresMigration } from '../../../platform/erasures';

/** Users and API clients whose cards and words are to be forgotten, once more later. */
export class CreateErasures1783800000020 extends ErasuresMigration {
  name = 'CreateErasures1783800000020';
}
