/** Ends the shop of a project and removes its databases, queues and keys. */
import './global-setup';

/** Called by Jest once for each project. */
export default async function tearDown(_: unknown, project: { displayName?: { name: string } }): Promise<void> {
  const name = project.displayName?.name ?? 'stories';
  await globalThis.soukShops?.get(name)?.stop();
  globalThis.soukShops?.delete(name);
}
