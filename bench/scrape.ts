/** SQL statements of requests and sockets of slow readers that were cut, so far; resident memory in bytes, and what of it is in use, from the shop's own metrics. */
export async function scrape(url: string): Promise<{ statements: number; memory: number; inUse: number; cut: number }> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sum = (pattern: RegExp): number =>
    [...text.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
  return {
    statements: sum(/^souk_db_statements_total\{[^}]*source="request"[^}]*\} (\S+)$/gm),
    memory: sum(/^process_resident_memory_bytes (\S+)$/gm),
    inUse: sum(/^nodejs_(?:heap_size_used|external_memory)_bytes (\S+)$/gm),
    cut: sum(/^souk_sockets_cut_total\{reason="(?:slow|missed_ping)"\} (\S+)$/gm),
  };
}
