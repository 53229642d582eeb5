import { Directive, Field, Int, ObjectType } from 'type-graphql';

/** Units of a variant. */
@Directive('@tag(name: "staff")')
@ObjectType({ description: 'Units of a variant, for staff.' })
export class StockLevel {
  @Field(() => Int, { description: 'Units in the warehouse, those reserved for orders included.' })
  onHand!: number;

  @Field(() => Int, { description: 'Units reserved for orders that have not left the stock yet.' })
  reserved!: number;

  @Field(() => Int, { description: 'Units that can be ordered: onHand - reserved.' })
  available!: number;
}
