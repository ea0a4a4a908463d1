/** The type and subtype of a `Content-Type`, in lowercase, without parameters (RFC 9110 §8.3.1). */
export function essence(contentType: string): string {
  return contentType.split(";", 1)[0]!.trim().toLowerCase();
}

/** Whether content of this type is JSON: `application/json` itself, or a type built on it (RFC 6839 §3.1). */
export function isJson(contentType: string): boolean {
  const type = essence(contentType);
  return type === "application/json" || type.endsWith("+json");
}
