/** Waits until `check` passes (does not throw), looking every 10 ms; after `withinMs` throws what it threw last. */
export async function eventually(check: () => void | Promise<void>, withinMs = 20_000): Promise<void> {
  const until = performance.now() + withinMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
