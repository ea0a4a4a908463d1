import { type Body, bodyOf, deflate, deflated } from "./deflate.ts";

/** A delta this many times smaller than the whole is smaller than the whole deflated, as good as always. */
const SURELY_SMALLER = 40;

/** How a new content is best sent: as what makes it out of the base, or whole. */
export type Parcel = Body & { isDelta: boolean };

/** The shorter of the two, deflated; the whole is not deflated where that cannot be the shorter one. */
export async function parcelOf(
  base: Uint8Array<ArrayBuffer> | undefined,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Parcel> {
  const delta = base && (await deflatedDelta(base, bytes));
  if (delta && delta.length < bytes.length / SURELY_SMALLER) return { ...deflated(delta), isDelta: true };
  const whole = await bodyOf(bytes);
  if (delta && delta.length < whole.body.length) return { ...deflated(delta), isDelta: true };
  return { ...whole, isDelta: false };
}

/** Null when the two have too little in common. The encoder is loaded when it is first needed. */
async function deflatedDelta(base: Uint8Array, bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer> | null> {
  const { encodeDelta } = await import("../frames/delta/encode.ts");
  const delta = encodeDelta(base, bytes);
  return delta.length <= bytes.length / 2 ? deflate(delta as Uint8Array<ArrayBuffer>) : null;
}
