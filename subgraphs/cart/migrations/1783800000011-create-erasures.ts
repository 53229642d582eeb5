import { ErasuresMigration } from '../../../platform/erasures';

/** Users and API clients whose carts are to be forgotten, once more later. */
export class CreateErasures1783800000011 extends ErasuresMigration {
  name = 'CreateErasures1783800000011';
}
