/**
 * A place where two lists differ, between items that stay: `changed` items of `a` from `from` become as many of
 * `b` from `at`, and behind these `removed` items of `a` go, or `added` ones of `b` come.
 */
export interface Edit {
  from: number;
  at: number;
  changed: number;
  removed: number;
  added: number;
}

/**
 * The edits of an alignment, front to back.
 *
 * @param partner as `align` makes it, of the lists' parts from `start` on
 * @param aEnd where the part of `a` ends
 */
export function editsOf(partner: Int32Array, start: number, aEnd: number): Edit[] {
  const edits: Edit[] = [];
  let [from, at] = [0, 0];
  for (let place = 0; place <= partner.length; place++) {
    const match = place < partner.length ? partner[place]! : aEnd - start;
    if (match < 0) continue;
    if (match > from || place > at) edits.push(edit(start + from, start + at, match - from, place - at));
    [from, at] = [match + 1, place + 1];
  }
  return edits;
}

function edit(from: number, at: number, gone: number, come: number): Edit {
  const changed = Math.min(gone, come);
  return { from, at, changed, removed: gone - changed, added: come - changed };
}

/** How many items are shifted in all when the edits are applied to a list, one item after the other. */
export function shiftsOf(edits: readonly Edit[], length: number): number {
  let shifts = 0;
  let now = length;
  for (const { at, changed, removed, added } of edits) {
    const next = at + changed;
    for (let i = 0; i < removed; i++) shifts += now-- - next;
    for (let i = 0; i < added; i++) shifts += now++ - next - i;
  }
  return shifts;
}
