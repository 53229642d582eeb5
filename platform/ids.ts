/**
 * Ids. Stored as `uuid` (version 7, sortable by time); shown as TypeID, which tells its type
 * (https://github.com/jetify-com/typeid, spec v0.3.0: lower-case Crockford base32 of the 128 bits).
 */
import { TypeID } from 'typeid-js';
import { v7 } from 'uuid';

/** Prefixes of public ids, by the kind of object. */
export const ID_PREFIXES = [
  'user', 'addr', 'sess', 'api', 'prod', 'var', 'cat', 'img', 'rev', 'cart', 'line', 'promo', 'ord', 'item', 'shp',
  'ret', 'pay', 'pm', 'rfnd', 'hook', 'dlv', 'exp',
] as const; // prettier-ignore
/** One of {@link ID_PREFIXES}. */
export type IdPrefix = (typeof ID_PREFIXES)[number];

/** A new uuid (version 7) for a row. */
export function newUuid(): string {
  return v7();
}

/** The public id of a row: `toId('ord', uuid)` gives `ord_01h…`. */
export function toId(prefix: IdPrefix, uuid: string): string {
  return TypeID.fromUUID(prefix, uuid).toString();
}

/** The uuid behind a public id, or null if it is malformed or of another type. Never throws. */
export function fromId(prefix: IdPrefix, id: unknown): string | null {
  if (typeof id !== 'string' || id.length !== prefix.length + 27 || !id.startsWith(`${prefix}_`)) return null;
  // The spec: 26 characters of Crockford's alphabet, the first at most 7, or the value would overflow 128 bits.
  if (!/^[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(id.slice(prefix.length + 1))) return null;
  // By the bytes: toUUID() throws on bits that are no uuid of RFC 9562, which anybody can write down as a TypeID.
  const hex = Buffer.from(TypeID.fromString(id, prefix).toUUIDBytes()).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
