import { fromBase64, toBase64 } from "../../model/base64.ts";
import { CairnError, type ErrorItem } from "../../model/errors.ts";
import type { WakeMessage } from "./message.ts";

const PREFIX = "whsec_";
/** What Standard Webhooks allows a secret to have, bytes. */
const SHORTEST = 24;
const LONGEST = 64;

/** The secrets that messages are signed with, all of them. Private to it: neither JSON nor an inspector shows them. */
export class WebhookSecrets {
  readonly #secrets: readonly string[];

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets;
  }

  /**
   * The headers that go with one try of a message: its id, the moment of the try, and a signature by each secret,
   * so that receivers may change from one to the next at a time of their own.
   */
  async sign({ id, body }: WakeMessage, at: Date): Promise<Record<string, string>> {
    const seconds = String(Math.floor(at.getTime() / 1000));
    const signed = new TextEncoder().encode(`${id}.${seconds}.${body}`);
    const signatures = await Promise.all(this.#secrets.map((secret) => signature(secret, signed)));
    return {
      "webhook-id": id,
      "webhook-timestamp": seconds,
      "webhook-signature": signatures.join(" "),
    };
  }
}

async function signature(secret: string, signed: Uint8Array<ArrayBuffer>): Promise<string> {
  const raw = fromBase64(secret.slice(PREFIX.length));
  const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, signed));
  return `v1,${toBase64(mac)}`;
}

/**
 * Reads one or several secrets, `whsec_` and base64 (RFC 4648 §4) of 24 to 64 random bytes each, between spaces or
 * commas. To rotate, add the new one, have the receivers take it, then leave out the old.
 *
 * @param name what the text came from, for the errors
 * @throws CairnError `invalid_configuration` with all problems, by their place; nothing of the text is repeated
 */
export function parseWebhookSecrets(text: string, name = "CAIRN_WEBHOOK_SECRETS"): WebhookSecrets {
  const secrets = text.split(/[\s,]+/).filter((part) => part !== "");
  const errors = secrets.flatMap((secret, place) => {
    const message = problemOf(secret) ?? (secrets.indexOf(secret) < place ? "is given twice" : null);
    return message === null ? [] : [{ pointer: `${name}/${place}`, message }];
  });
  if (secrets.length === 0) errors.push({ pointer: name, message: "holds no secret" });
  if (errors.length > 0) throw invalid(errors);
  return new WebhookSecrets(secrets);
}

function problemOf(secret: string): string | null {
  if (!secret.startsWith(PREFIX)) return `does not begin with ${PREFIX}`;
  const bytes = decodedBytes(secret.slice(PREFIX.length));
  if (bytes === null) return `has something else than base64 after ${PREFIX}`;
  return bytes < SHORTEST || bytes > LONGEST ? `is not ${SHORTEST} to ${LONGEST} bytes long` : null;
}

/** `atob` forgives missing padding, which the libraries of receivers do not. */
function decodedBytes(base64: string): number | null {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) return null;
  const decoded = atob(base64);
  return btoa(decoded) === base64 ? decoded.length : null;
}

function invalid(errors: ErrorItem[]): CairnError {
  const listed = errors.map(({ pointer, message }) => `${pointer} ${message}`).join("; ");
  return new CairnError("invalid_configuration", `The webhook secrets are not valid: ${listed}.`, { errors });
}
