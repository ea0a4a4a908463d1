/** All addresses of a name, as text. Rejects when there are none. */
export type Resolve = (name: string) => Promise<string[]>;

export interface Posting {
  url: URL;
  headers: Record<string, string>;
  body: string;
  /** Ends the exchange, wherever it is. */
  signal: AbortSignal;
  /** The only addresses that may be connected to, where the platform lets one choose; null: as the name resolves. */
  addresses: readonly string[] | null;
}

export interface Answer {
  status: number;
  retryAfter: string | null;
}

/**
 * Sends one POST, follows no redirect, and reads up to `ANSWER_BYTES` of the answer before it hangs up. Resolves
 * with the status however the rest of the answer ended; rejects when no status came.
 */
export type Post = (posting: Posting) => Promise<Answer>;

/** What a platform offers for calling strangers. */
export interface Network {
  resolve: Resolve;
  post: Post;
}

/** How much of an answer is read, bytes: enough that an ordinary receiver is not cut off in the middle. */
export const ANSWER_BYTES = 65_536;
