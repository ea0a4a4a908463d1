/**
 * The reference tokens of a JSON Pointer in its string form (RFC 6901), unescaped: `/a~1b/0` is
 * `["a/b", "0"]`, the whole document is `[]`. Null when malformed: text that is neither empty nor starts
 * with `/`, or a `~` that is not `~0` or `~1`.
 */
export function parsePointer(text: string): string[] | null {
  if (text === "") return [];
  if (!text.startsWith("/") || /~(?![01])/.test(text)) return null;
  return text.slice(1).split("/").map(unescapeToken);
}

/** The JSON Pointer of these tokens; the inverse of `parsePointer`. */
export function formatPointer(tokens: readonly string[]): string {
  return tokens.map((token) => `/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** `~1` goes first: `~01` must become `~1`, not `/` (RFC 6901 §4). */
function unescapeToken(token: string): string {
  return token.replaceAll("~1", "/").replaceAll("~0", "~");
}

/** The array index a token names: digits without leading zeros. Null for others, `-` among them. */
export function parseIndex(token: string): number | null {
  return /^(0|[1-9][0-9]*)$/.test(token) ? Number(token) : null;
}
