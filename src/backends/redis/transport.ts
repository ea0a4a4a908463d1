import type { Reply } from "./reply.ts";

export type Argument = string | Uint8Array;
export type Command = readonly Argument[];

/** How commands reach a Redis. Each call of `send` is one round trip, and is never sent twice. */
export interface Transport {
  readonly name: string;
  /** What a frame is stored as, for not every protocol takes bytes; a reader knows both by their first byte. */
  readonly packing: "raw" | "base64";
  /**
   * Sends commands in order. The answers, errors of single commands among them, are in the same order.
   *
   * @throws NotSent when nothing was done for certain, anything else when that is not known
   */
  send(commands: readonly Command[]): Promise<Reply[]>;
  /** What an argument takes in a request, bytes. */
  weigh(argument: Argument): number;
  close(): Promise<void>;
}

/** Nothing reached the store: no connection, or it does not let us in. */
export class NotSent extends Error {
  override readonly name = "NotSent";
}
