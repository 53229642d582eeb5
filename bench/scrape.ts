/** SQL statements of requests so far, over all subgraphs, and resident memory in bytes, from the shop's own metrics. */
export async function scrape(url: string): Promise<{ statements: number; memory: number }> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sum = (pattern: RegExp): number =>
    [...text.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
  return {
    statements: sum(/^souk_db_statements_total\{[^}]*source="request"[^}]*\} (\S+)$/gm),
    memory: sum(/^process_resident_memory_bytes (\S+)$/gm),
  };
}
