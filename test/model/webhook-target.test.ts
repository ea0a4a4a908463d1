import { describe, expect, it } from "vitest";
import { targetProblem } from "../../src/model/webhook-target.ts";

const ADDRESS = "must name a host, not an address";
const PUBLIC_HOST = "must name a host on the public internet";

/** By the reason: none of these may be called. */
const FORBIDDEN: Record<string, string[]> = {
  [ADDRESS]: [
    "https://127.0.0.1/",
    "https://127.0.0.1./",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0X7F.1/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://0177.0x0.0.1/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://192.168.1.1:8443/hook",
    "https://169.254.169.254/latest/meta-data/",
    "https://0xa9fea9fe/",
    "https://2852039166/",
    "https://8.8.8.8/",
    "https://1.1/",
    "https://%31%32%37.0.0.1/",
    "https://127%2e0%2e0%2e1/",
    "https://127。0。0。1/",
    "https://127.0.0.1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://１２７.0.0.1/",
    "https://1\u00ad27.0.0.1/",
    "https:\\\\127.0.0.1\\",
    "https:127.0.0.1",
    "https:///127.0.0.1/",
    " https://127.0.0.1/ ",
    "ht\ntps://127.0.0.1/",
    "https://127.0.0.1#@example.com/",
    "https://127.0.0.1?@example.com/",
    "https://127.0.0.1\\@example.com/",
    "https://[::1]/",
    "https://[::]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[fe80::1]/",
    "https://[fd00:ec2::254]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2606:4700:4700::1111]/",
  ],
  [PUBLIC_HOST]: [
    "https://api.localhost/",
    "https://foo.LOCALHOST/",
    "https://printer.local/",
    "https://metadata.google.internal/computeMetadata/v1/",
    "https://kubernetes.default.svc.cluster.local/",
    "https://wiki.corp/",
    "https://nas.lan/",
    "https://router.home.arpa/",
    "https://1.0.0.127.in-addr.arpa/",
    "https://hidden.onion/",
    "https://service.test/",
    "https://no.invalid/",
    "https://localhost.localdomain/",
    "https://app.int%65rnal/",
    "https://app.ｉnternal/",
  ],
  "must name a host by its full DNS name": [
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost:8443/",
    "https://ⓛocalhost/",
    "https://loc%61lhost/",
    "https://redis/",
  ],
  "must name a host by its DNS name": [
    "https://localhost./",
    "https://xn--localhost-/",
    "https://example.com./",
    "https://example..com/",
    "https://.example.com/",
    "https://my_host.example.com/",
    "https://-a.example.com/",
    "https://a-.example.com/",
    "https://exa*mple.com/",
    "https://exa$mple.com/",
    `https://${"a".repeat(64)}.example.com/`,
  ],
  "must not hold a user name or password": [
    "https://user@example.com/",
    "https://user:pass@example.com/",
    "https://:pass@example.com/",
    "https://example.com@127.0.0.1/",
    "https://example.com:443@127.0.0.1/",
    "http://user@127.0.0.1:9000/",
  ],
  "must be an https URL": [
    "http://example.com/",
    "http://example.com:8443/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "data:text/plain,x",
    "javascript:alert(1)",
    "blob:https://example.com/1",
    "ws://example.com/",
    "http://127.0.0.1:9001/",
    "http://localhost:9000/",
    "https+unix://example.com/",
  ],
  "must name port 443, or one from 1024 up": [
    "https://example.com:25/",
    "https://example.com:22/",
    "https://example.com:80/",
    "https://example.com:0/",
    "https://example.com:1023/",
  ],
  "must be an absolute URL": [
    "",
    "example.com",
    "/hook",
    "//example.com/hook",
    "https://",
    "https://example.com:99999/",
    "https://exa mple.com/",
    "https://[::1/",
    "https://1.2.3.4.5/",
    "https://256.256.256.256/",
    "https://example.com%00.evil.com/",
    "https://example.com:80:443/",
  ],
};

const FINE = [
  "https://example.com",
  "https://example.com/",
  "https://example.com/hook?token=1#x",
  "https://EXAMPLE.com/hook",
  "https://hooks.slack.com/services/T0/B0/x",
  "https://a.b.c.d.e.example.co.uk/",
  "https://example.com:443/",
  "https://example.com:8443/",
  "https://example.com:1024/",
  "https://example.com:65535/",
  "https://bücher.example/",
  "https://xn--bcher-kva.example/",
  "https://例え.テスト.jp/",
  "https://1and1.com/",
  "https://127.0.0.1.nip.io/",
  "https://localhost.example.com/",
  "https://internal.example.com/",
  "https://0x7f.example.com/",
  "https://my-host.example.com/",
  "https://x.execute-api.eu-central-1.amazonaws.com/prod/hook",
  "https://function.workers.dev/",
  "https://example.com/../../etc?url=http://127.0.0.1/",
];

describe("targetProblem", () => {
  const all = Object.entries(FORBIDDEN).flatMap(([reason, urls]) =>
    urls.map((url) => [url, reason] as const),
  );
  it.each(all)("refuses %j", (url, reason) => {
    expect(targetProblem(url, ["http://127.0.0.1:9000"])).toBe(reason);
  });

  it.each(FINE)("accepts %j", (url) => expect(targetProblem(url)).toBeNull());

  it("exempts exact origins, and nothing that only looks like them", () => {
    const allow = ["http://127.0.0.1:9000", "https://redis"];
    for (const url of ["http://127.0.0.1:9000/hook", "http://127.1:9000/", "https://redis:443/x"])
      expect(targetProblem(url, allow)).toBeNull();
    const others = [
      "http://127.0.0.1:90001/",
      "http://127.0.0.1/",
      "https://127.0.0.1:9000/",
      "http://127.0.0.2:9000/",
      "https://redis.local/",
      "http://redis/",
    ];
    for (const url of others) expect(targetProblem(url, allow)).not.toBeNull();
    expect(targetProblem("data:,x", ["null"])).not.toBeNull();
  });
});
