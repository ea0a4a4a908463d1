/** The id that a caller gave its request, or a new one. */
export function requestIdOf(request: Request): string {
  const given = request.headers.get("X-Request-Id");
  return given && /^[\w.=-]{1,128}$/.test(given) ? given : crypto.randomUUID();
}
