/** Newer runtimes do it natively; the types of the language level that we build for do not know it yet. */
type Native = Uint8Array & { toBase64?(): string };

/** `String.fromCharCode` takes about this many arguments everywhere. */
const CHUNK = 0x8000;

/** RFC 4648 §4, padded. */
export function toBase64(bytes: Uint8Array): string {
  const { toBase64: native } = bytes as Native;
  if (native) return native.call(bytes);
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(binary);
}

/** @throws when the text is not base64 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const { fromBase64: native } = Uint8Array as unknown as {
    fromBase64?(text: string): Uint8Array<ArrayBuffer>;
  };
  if (native) return native.call(Uint8Array, text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
