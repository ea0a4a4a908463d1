import { CairnError } from "../../model/errors.ts";

/** A row: every column is text, bytes travel in it as base64. */
export type Row = Readonly<Record<string, string | null>>;

/** A statement that may be sent again, whatever became of it. @throws CairnError */
export type Query = (sql: string, params: readonly (string | null)[]) => Promise<Row[]>;

/** A way to Postgres. One call is one statement in a transaction of its own, and no state outlives it. */
export interface Runner {
  /** The largest frame that one statement can carry there and back, bytes. */
  readonly maxFrameBytes: number;
  /** @throws StoreFailure; CairnError when what is configured cannot be opened, and nothing was sent */
  query(sql: string, params: readonly (string | null)[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** What went wrong, without the server's or the client's own words: they may hold SQL, values or addresses. */
export class StoreFailure extends Error {
  override readonly name = "StoreFailure";
  /** Whether the statement may have taken effect. */
  readonly effect: "none" | "unknown";
  /** The SQLSTATE, when the server answered with one. */
  readonly sqlState: string | null;

  constructor(effect: StoreFailure["effect"], sqlState: string | null, what: string) {
    super(sqlState === null ? what : `${what} (SQLSTATE ${sqlState})`);
    this.effect = effect;
    this.sqlState = sqlState;
  }
}

/** What the clients' errors have in common. */
interface ClientError {
  code?: unknown;
  severity?: unknown;
  syscall?: unknown;
}

/** Nothing was sent when the connection was refused, or the name not found. */
const UNREACHED: readonly unknown[] = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"];

/** As well, but a connection that was open may end with these too, its statement under way. */
const NO_ROUTE: readonly unknown[] = ["EHOSTUNREACH", "ENETUNREACH"];

/** The severity in the server's own language (`lc_messages`); the clients do not show the other, in English. */
const ERROR: readonly string[] = [
  ...["ERROR", "FEHLER", "ERREUR", "ERRORE", "ERRO", "EROARE", "FEL", "HATA", "CHYBA", "BŁĄD"],
  ...["ОШИБКА", "ПОМИЛКА", "ΣΦΑΛΜΑ", "შეცდომა", "エラー", "오류", "错误", "錯誤"],
];

/** No session was opened: wrong credentials or database, no connection left, the server still starting. */
const TURNED_AWAY = /^(28...|3D000|53300|57P03)$/;

/**
 * A client's error as a failure. An ERROR of the server has rolled the statement back; FATAL and PANIC end the
 * session, and may come after the commit.
 *
 * @param sent whether the statement was on its way
 */
export function failureOf(error: unknown, sent: boolean): StoreFailure {
  if (error instanceof StoreFailure) return error;
  const { code, severity, syscall } = (error ?? {}) as ClientError;
  if (typeof code === "string" && typeof severity === "string") {
    const undone = !sent || ERROR.includes(severity) || TURNED_AWAY.test(code);
    return new StoreFailure(undone ? "none" : "unknown", code, "Postgres refused the statement");
  }
  const unreached = UNREACHED.includes(code) || (NO_ROUTE.includes(code) && syscall === "connect");
  if (!sent || unreached) return new StoreFailure("none", null, "Postgres was not reached");
  return new StoreFailure("unknown", null, "Postgres did not answer");
}

export interface Once<T> {
  /** @throws StoreFailure or CairnError when it cannot be made, StoreFailure after `close` */
  get(): Promise<T>;
  /** Ends what was made, if it was; may be called again. */
  close(): Promise<void>;
}

/** Makes something once, when it is first needed; a failure is not kept. */
export function once<T>(make: () => Promise<T>, end: (value: T) => Promise<unknown>): Once<T> {
  let made: Promise<T> | null = null;
  let closed: Promise<void> | null = null;

  async function get(): Promise<T> {
    if (closed) throw new StoreFailure("none", null, "The store was closed");
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error instanceof CairnError ? error : failureOf(error, false);
    });
    return made;
  }

  async function finish(): Promise<void> {
    const value = await made?.catch(() => null);
    if (value) await end(value);
  }

  return {
    get,
    close() {
      closed ??= finish();
      return closed;
    },
  };
}
