/** Texts that clients have sent once with their hash, so that the hash is enough later: automatic persisted queries. */
import type { Cache } from '../../platform/cache/cache';
import type { Sealer } from '../../platform/seal';

/** How long a text is remembered after it was sent, in seconds. */
const KEPT_SECONDS = 86_400;
/** Longest text that is remembered, in characters: anybody can send one, and the cache counts entries. */
const LONGEST_TEXT = 20_000;

/**
 * Remembered texts by their hash; shared by all gateways through the cache. Never rejects: one that is lost is sent again. Sealed,
 * for a client may write a password or an address into its text, and the cache may be a store of its own.
 */
export class AutomaticDocuments {
  constructor(
    private readonly cache: Cache,
    private readonly sealer: Sealer,
  ) {}

  /** The text, or undefined. */
  async find(hash: string): Promise<string | undefined> {
    const sealed = await this.cache.through<string | undefined>(keyOf(hash), KEPT_SECONDS, async () => undefined);
    try {
      return sealed === undefined ? undefined : this.sealer.open(sealed);
    } catch {
      // Sealed with a key that was taken away since: the client's text is to take its place.
      await this.cache.forget(keyOf(hash));
      return undefined;
    }
  }

  /** Remembers a text whose hash this is; one too long is not remembered. */
  async remember(hash: string, text: string): Promise<void> {
    if (text.length > LONGEST_TEXT) return;
    const sealed = this.sealer.seal(text);
    const store = (): Promise<string | undefined> => this.cache.through(keyOf(hash), KEPT_SECONDS, async () => sealed);
    // The first may have joined a search that was under way and found nothing.
    if ((await store()) === undefined) await store();
  }
}

function keyOf(hash: string): string {
  return `apq:${hash}`;
}
