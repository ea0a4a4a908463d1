import { describe, expect, test } from "vitest";
import { commitFailure } from "../../src/backends/postgres/failures.ts";
import { failureOf } from "../../src/backends/postgres/runner.ts";

describe("whether a statement that failed may have taken effect", () => {
  test.each(["ERROR", "FEHLER", "ERREUR", "ОШИБКА", "错误"])(
    "%s is an error in the server's own language: it was rolled back",
    (severity) => {
      expect(failureOf({ code: "55P03", severity }, true)).toMatchObject({
        effect: "none",
        sqlState: "55P03",
      });
      const full = commitFailure(failureOf({ code: "53100", severity }, true), false);
      expect(full).toMatchObject({ code: "insufficient_storage" });
    },
  );

  test.each(["FATAL", "PANIC", "PANIK", "ВАЖНО", "致命错误"])(
    "%s ends the session, and tells nothing",
    (severity) => {
      expect(failureOf({ code: "57P01", severity }, true).effect).toBe("unknown");
      expect(failureOf({ code: "53100", severity }, true).effect).toBe("unknown");
    },
  );

  test.each(["EHOSTUNREACH", "ENETUNREACH"])(
    "%s: before the connection was open nothing was sent",
    (code) => {
      expect(failureOf({ code, syscall: "connect" }, true).effect).toBe("none");
      expect(failureOf({ code, syscall: "read" }, true).effect).toBe("unknown");
      expect(failureOf({ code, syscall: "write" }, true).effect).toBe("unknown");
      expect(failureOf({ code, syscall: "connect" }, false).effect).toBe("none");
    },
  );
});
