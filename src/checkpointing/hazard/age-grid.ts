/** Cells per doubling of the age: 4.4 % wide, fine enough for failures that come on the quarter of an hour. */
export const CELLS_PER_OCTAVE = 16;
/** The youngest age told apart (s); the oldest is 2^44 times as old, some 70 years. */
export const YOUNGEST_SECONDS = 2 ** -13;
const OCTAVES = 44;
/** How many cells the logarithmic grid of ages has; cell g spans `knots[g]` to `knots[g + 1]`. */
export const CELLS = OCTAVES * CELLS_PER_OCTAVE;

/** Ages (s) at the borders of the cells, `CELLS + 1` of them. */
export const knots: Float64Array = Float64Array.from(
  { length: CELLS + 1 },
  (_, g) => YOUNGEST_SECONDS * 2 ** (g / CELLS_PER_OCTAVE),
);

/** The cell an age (s) falls in; ages off the grid fall in its first or last cell. */
export function cellOf(seconds: number): number {
  if (!(seconds > YOUNGEST_SECONDS)) return 0;
  const cell = Math.floor(Math.log2(seconds / YOUNGEST_SECONDS) * CELLS_PER_OCTAVE);
  return cell < CELLS ? cell : CELLS - 1;
}

/** As `cellOf` for an age that is not younger than `cell`: a few steps along the grid cost less than a logarithm. */
export function cellFrom(cell: number, seconds: number): number {
  let g = cell;
  while (g < CELLS - 1 && knots[g + 1]! <= seconds) g++;
  return g;
}
