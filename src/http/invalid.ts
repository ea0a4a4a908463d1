import { CairnError } from "../model/errors.ts";

/** A `malformed` error about one header or query parameter. */
export function malformed(name: string, message: string): CairnError {
  return new CairnError("malformed", `${name}: ${message}`, { errors: [{ pointer: name, message }] });
}
