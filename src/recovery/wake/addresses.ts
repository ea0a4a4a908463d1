/** A range of addresses: those that share the first `bits` bits with `base`. */
type Range = readonly [base: bigint, bits: number];

/** IANA's special-purpose ranges of IPv4 (RFC 6890 and later entries), multicast among them. */
const SPECIAL_V4 = ranges(
  readV4,
  32,
  `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
   192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24
   203.0.113.0/24 224.0.0.0/4 240.0.0.0/4`,
);
/** Global unicast (RFC 4291 §2.4): nothing outside is handed out, so what is not named here is refused too. */
const GLOBAL_V6 = ranges(readV6, 128, "2000::/3");
/** What is special inside it: protocol assignments with Teredo, documentation, 6to4 (RFC 7526), AS112. */
const SPECIAL_V6 = ranges(readV6, 128, "2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20");
/** IPv4 in IPv6: mapped (RFC 4291), and translated by NAT64 (RFC 6052), as IPv6-only networks resolve names. */
const EMBEDDED_V4 = ranges(readV6, 128, "::ffff:0:0/96 64:ff9b::/96");

/**
 * Whether an IP address, in text, is one of the public internet. What is no address, or has a zone, is not.
 * Written by hand because the BlockList of workerd's `node:net` misses ranges that Node's finds.
 */
export function isPublicAddress(text: string): boolean {
  const v4 = readV4(text);
  if (v4 !== null) return isPublicV4(v4);
  const v6 = readV6(text);
  if (v6 === null) return false;
  if (within(v6, 128, EMBEDDED_V4)) return isPublicV4(v6 & 0xffff_ffffn);
  return within(v6, 128, GLOBAL_V6) && !within(v6, 128, SPECIAL_V6);
}

function isPublicV4(address: bigint): boolean {
  return !within(address, 32, SPECIAL_V4);
}

function within(address: bigint, width: number, list: readonly Range[]): boolean {
  return list.some(([base, bits]) => (address ^ base) >> BigInt(width - bits) === 0n);
}

function ranges(read: (text: string) => bigint | null, width: number, list: string): Range[] {
  return list.split(/\s+/).map((text) => {
    const [base = "", bits] = text.split("/");
    const range: Range = [read(base)!, Number(bits ?? width)];
    return range;
  });
}

/** Four decimal numbers and nothing else: other spellings mean different addresses to different parsers. */
function readV4(text: string): bigint | null {
  if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) return null;
  const bytes = text.split(".").map(Number);
  if (bytes.some((byte) => byte > 255)) return null;
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** The URL parser knows every spelling of IPv6 (RFC 4291 §2.2) and leaves hex groups with at most one `::`. */
function readV6(text: string): bigint | null {
  const url = `http://[${text}]/`;
  if (!/^[\da-fA-F:.]+$/.test(text) || !URL.canParse(url)) return null;
  const [head = "", tail] = new URL(url).hostname.slice(1, -1).split("::");
  const left = groups(head);
  const right = groups(tail ?? "");
  const zeros = new Array<bigint>(8 - left.length - right.length).fill(0n);
  return [...left, ...zeros, ...right].reduce((sum, group) => (sum << 16n) | group, 0n);
}

function groups(text: string): bigint[] {
  return text === "" ? [] : text.split(":").map((group) => BigInt(`0x${group}`));
}
