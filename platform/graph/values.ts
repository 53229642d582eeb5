/** Value types shared by several subgraphs: one definition, `@shareable`, equal everywhere. */
import { Directive, Field, InputType, Int, ObjectType } from 'type-graphql';
import { formatMinor } from '../money';
import { CountryCode, CurrencyCode, Decimal, UrlScalar } from './scalars';

/** An amount of money as clients see it. */
@Directive('@shareable')
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'An amount of money.' })
export class Money {
  @Field(() => Decimal, { description: 'In major units with the digits of the currency: `"29.99"`.' })
  amount!: string;

  @Field(() => CurrencyCode, { description: 'Currency of the amount, ISO 4217.' })
  currencyCode!: string;

  /** From minor units. */
  static of(minor: bigint, currencyCode: string): Money {
    return Object.assign(new Money(), { amount: formatMinor(minor, currencyCode), currencyCode });
  }
}

/** An amount of money from a client; see validate.ts for its check. */
@InputType({ description: 'An amount of money.' })
export class MoneyInput {
  @Field(() => Decimal, {
    description: 'In major units, at most as many digits as the currency has, no sign, no exponent.',
  })
  amount!: string;

  @Field(() => CurrencyCode, { description: "The shop's currency, ISO 4217." })
  currencyCode!: string;
}

/** A picture. */
@Directive('@shareable')
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'A picture. Its URL can be cached for good: other content gets another name.' })
export class Image {
  @Field(() => UrlScalar, { description: 'Where the picture is.' })
  url!: string;

  @Field(() => String, { nullable: true, description: 'What the picture shows, for those who cannot see it.' })
  altText?: string | null;

  @Field(() => Int, { nullable: true, description: 'Width in pixels.' })
  width?: number | null;

  @Field(() => Int, { nullable: true, description: 'Height in pixels.' })
  height?: number | null;
}

/** An address as clients see it. */
@Directive('@shareable')
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'A postal address.' })
export class PostalAddress {
  @Field(() => String, { description: 'Who receives the parcel.' })
  name!: string;

  @Field(() => String, { description: 'Street and house number.' })
  line1!: string;

  @Field(() => String, { nullable: true, description: 'Flat, floor, company.' })
  line2?: string | null;

  @Field(() => String, { description: 'City or town.' })
  city!: string;

  @Field(() => String, {
    nullable: true,
    description: 'State, province or region, e.g. `CA`; decides tax in some countries.',
  })
  region?: string | null;

  @Field(() => String, { description: 'Postal or ZIP code.' })
  postalCode!: string;

  @Field(() => CountryCode, { description: 'Country, ISO 3166-1 alpha-2.' })
  countryCode!: string;

  @Field(() => String, { nullable: true, description: 'Telephone number for the carrier.' })
  phone?: string | null;
}

/** An address from a client; see validate.ts for its check. */
@InputType({ description: 'A postal address.' })
export class AddressInput {
  @Field(() => String, { description: 'Who receives the parcel; at most 200 characters.' })
  name!: string;

  @Field(() => String, { description: 'Street and house number; at most 200 characters.' })
  line1!: string;

  @Field(() => String, { nullable: true, description: 'Flat, floor, company; at most 200 characters.' })
  line2?: string | null;

  @Field(() => String, { description: 'City or town; at most 200 characters.' })
  city!: string;

  @Field(() => String, { nullable: true, description: 'State, province or region; at most 200 characters.' })
  region?: string | null;

  @Field(() => String, { description: 'Postal or ZIP code; at most 20 characters.' })
  postalCode!: string;

  @Field(() => CountryCode, { description: 'Country, ISO 3166-1 alpha-2.' })
  countryCode!: string;

  @Field(() => String, { nullable: true, description: 'Telephone number for the carrier; at most 40 characters.' })
  phone?: string | null;
}
