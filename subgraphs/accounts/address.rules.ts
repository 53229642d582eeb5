/** What is true of the addresses somebody keeps. */
import { z } from 'zod';
import type { AddressValue } from '../../platform/graph/validate';

/** Addresses somebody can keep. */
export const MAX_ADDRESSES = 50;

/** Decoder of a stored address: looser than the input's, whose limits may change while stored ones stay. */
export const storedAddress: z.ZodType<AddressValue> = z.object({
  name: z.string(),
  line1: z.string(),
  line2: z.string().nullable(),
  city: z.string(),
  region: z.string().nullable(),
  postalCode: z.string(),
  countryCode: z.string(),
  phone: z.string().nullable(),
});

/** An address with its place among its owner's. */
export interface KeptAddress {
  /** uuid */
  id: string;
  address: AddressValue;
  isDefault: boolean;
}
