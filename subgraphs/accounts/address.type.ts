import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { Payload } from '../../platform/graph/user-errors';
import { AddressInput, PostalAddress } from '../../platform/graph/values';
import { toId } from '../../platform/ids';
import type { KeptAddress } from './address.rules';

/** An address somebody keeps. */
@ObjectType({
  description: 'An address you keep for later orders. An order has its own copy: changing this one changes no order.',
})
export class Address {
  @Field(() => ID, { description: 'Id of the address: `addr_…`.' })
  id!: string;

  @Field(() => PostalAddress, { description: 'The postal address.' })
  address!: PostalAddress;

  @Field(() => Boolean, { description: 'Whether to offer it first. At most one address is the default.' })
  isDefault!: boolean;

  /** From a row. */
  static of({ id, address, isDefault }: KeptAddress): Address {
    return { id: toId('addr', id), address, isDefault };
  }
}

/** Input of `createAddress`. */
@InputType({ description: 'An address to keep; at most 50.' })
export class CreateAddressInput {
  @Field(() => AddressInput, { description: 'The postal address.' })
  address!: AddressInput;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether it is the default from now on, in place of the one that is; false if left out.',
  })
  isDefault?: boolean | null;
}

/** Input of `updateAddress`. */
@InputType({ description: 'What to change of an address. Leave a field out to keep it.' })
export class UpdateAddressInput {
  @Field(() => ID, { description: 'Which of your addresses.' })
  addressId!: string;

  @Field(() => AddressInput, { nullable: true, description: 'The new postal address, whole.' })
  address?: AddressInput | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether it is the default, in place of the one that is.' })
  isDefault?: boolean | null;
}

/** Input of `deleteAddress`. */
@InputType({ description: 'An address to delete.' })
export class DeleteAddressInput {
  @Field(() => ID, { description: 'Which of your addresses.' })
  addressId!: string;
}

/** Answer of `createAddress`. */
@ObjectType({ description: 'The new address.' })
export class CreateAddressPayload extends Payload {
  @Field(() => Address, { nullable: true, description: 'The new address; null when it was not kept.' })
  address?: Address | null;
}

/** Answer of `updateAddress`. */
@ObjectType({ description: 'The address as it is now.' })
export class UpdateAddressPayload extends Payload {
  @Field(() => Address, { nullable: true, description: 'The changed address; null when nothing changed.' })
  address?: Address | null;
}

/** Answer of `deleteAddress`. */
@ObjectType({ description: 'The address that was deleted.' })
export class DeleteAddressPayload extends Payload {
  @Field(() => Address, { nullable: true, description: 'The address as it was; null when nothing was deleted.' })
  address?: Address | null;
}
