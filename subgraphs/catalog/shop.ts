/** What of the configuration shows in the catalog's answers. */
import { Image } from '../../platform/graph/values';
import type { StoredImage } from './product.entity';

/** Currency of all prices and base of all links; a Config is one. */
export interface Shop {
  currency: string;
  /** Without a trailing slash. */
  publicUrl: string;
}

/** The absolute URL of a stored picture. */
export function imageUrl(path: string, shop: Shop): string {
  return shop.publicUrl + path;
}

/** A stored picture as clients see it. */
export function imageOf(stored: StoredImage, shop: Shop): Image {
  const { altText, width, height } = stored;
  return Object.assign(new Image(), { url: imageUrl(stored.path, shop), altText, width, height });
}
