/** The program of embedded-shop.ts: prints the URL of the server it started, or why it did not; ends with its stdin. */
import { startEmbeddedPostgres } from '../../platform/db/embedded-postgres';
import { createLog } from '../../platform/log';

const log = createLog({ level: 'error', name: 'hold-embedded' });

startEmbeddedPostgres({ dataDir: process.argv[2] ?? '', log }).then(
  (server) => {
    console.log(server.url);
    process.stdin.resume().once('end', () => void server.stop().then(() => process.exit(0)));
  },
  (error: unknown) => console.log(error instanceof Error ? error.message : 'unknown'),
);
