/** Cut into parts of at most `limit` together; one item that is larger is a part by itself. */
export function inParts<T>(items: readonly T[], weigh: (item: T) => number, limit: number): T[][] {
  const parts: T[][] = [];
  let left = 0;
  for (const item of items) {
    const more = weigh(item);
    if (parts.length === 0 || more > left) {
      parts.push([]);
      left = limit;
    }
    parts.at(-1)!.push(item);
    left -= more;
  }
  return parts;
}
