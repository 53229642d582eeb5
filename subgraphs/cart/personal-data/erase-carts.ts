/** Takes what is personal out of carts. */
/** Sets of an UPDATE of carts: the address goes, and with it what was computed from it. */
export const FORGET_ADDRESS = `sealed_address = NULL, country_code = NULL, tax_region = NULL, shipping = NULL, tax = NULL,
  total = subtotal - discount`;
