/** A term and how often it occurs, or what it weighs. */
export type Term = [term: string, amount: number];

/** A neighbour of a document: its name, the cosine of the two, and the terms that draw them together. */
export type Near = { name: string; score: number; shared: string[] };

const ignored = new Set(
  (
    "about after all also and any are because been before being between both but can could does doing each for " +
    "from had has have having her his how into its just like more most not now only other our out over own " +
    "same see she should some such than that the their them then there these they this those through too under " +
    "until use used using very was were what when where which while who will with would you your http https www"
  ).split(" "),
);

/** Tags and addresses of a Markdown text: no prose. */
const markup = /<[^>]*>|https?:[^\s)>"']*|\]\([^)]*\)/g;

/** The words of a Markdown text in their order: lower case, plurals cut, without the commonest. */
export function tokenise(text: string): string[] {
  const words =
    text
      .replace(markup, " ")
      .toLowerCase()
      .match(/[a-z][a-z0-9]{2,23}/g) ?? [];
  return words.map(singular).filter((word) => !ignored.has(word));
}

function singular(word: string): string {
  return word.length > 4 && /[^sui]s$/.test(word) ? word.slice(0, -1) : word;
}

/** Commonest first; of equals, by the alphabet. */
export function count(tokens: readonly string[]): Term[] {
  const counts = new Map<string, number>();
  for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  return [...counts].sort(byAmount);
}

/** In how many documents each term occurs. */
export function documentFrequencies(documents: readonly Term[][]): Map<string, number> {
  return new Map(count(documents.flatMap((terms) => terms.map(([term]) => term))));
}

/**
 * The terms that tell a document from the rest (tf-idf, Spärck Jones 1972), as a vector of length 1.
 *
 * @param total how many documents there are
 * @param keep how many terms stay
 */
export function weigh(
  counts: readonly Term[],
  frequencies: ReadonlyMap<string, number>,
  total: number,
  keep: number,
): Term[] {
  const weights = counts
    .map(([term, n]): Term => [term, (1 + Math.log(n)) * Math.log(total / (frequencies.get(term) ?? total))])
    .sort(byAmount)
    .slice(0, keep);
  const length = Math.hypot(...weights.map(([, weight]) => weight)) || 1;
  return weights.map(([term, weight]) => [term, round(weight / length)]);
}

/** How alike two vectors of length 1 are, and the terms that make them so, the strongest first. */
export function compare(a: readonly Term[], b: readonly Term[]): { score: number; shared: string[] } {
  const other = new Map(b);
  const products = a
    .filter(([term]) => other.has(term))
    .map(([term, weight]): Term => [term, weight * other.get(term)!])
    .sort(byAmount);
  const score = round(products.reduce((sum, [, product]) => sum + product, 0));
  return { score, shared: products.slice(0, 5).map(([term]) => term) };
}

/** Descending amounts; equal ones by code unit, which is the same in every locale. */
export function byAmount([a, x]: Term, [b, y]: Term): number {
  return y - x || (a < b ? -1 : 1);
}

/** Four decimals: what is written is what is read. */
export function round(number: number): number {
  return Math.round(number * 10_000) / 10_000;
}
