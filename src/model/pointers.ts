import { parsePointer } from "./json/pointer.ts";
import { once } from "./once.ts";
import * as z from "./zod.ts";

/** JSON Pointers that name parts of a state. */
export const Pointers = once(() =>
  z
    .array(
      z
        .string()
        .check(
          z.refine(isPointer, "not a JSON Pointer (RFC 6901)"),
          z.meta({ pattern: "^(?:/(?:[^~/]|~[01])*)*$", example: "/config" }),
        ),
    )
    .check(z.minLength(1, "at least one of them"), z.maxLength(256, "at most 256 of them")),
);

function isPointer(text: string): boolean {
  return parsePointer(text) !== null;
}
