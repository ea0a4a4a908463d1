import { FORMAT } from "../../../model/head.ts";

/**
 * Fields of a hash of sums: `format`, and `+` with a name behind it. 17 digits bring back every double; HINCRBYFLOAT
 * would keep 17 decimals only. KEYS: the sums. ARGV: field and increment in turn. Answers the format of the hash:
 * nothing was added where it is a later release's.
 */
export const addScript = `
local format = redis.call('HGET', KEYS[1], 'format')
if format and tonumber(format) > ${FORMAT} then return format end
local fields = {}
for i = 1, #ARGV, 2 do fields[#fields + 1] = ARGV[i] end
local known = redis.call('HMGET', KEYS[1], unpack(fields))
local flat = { 'format', '${FORMAT}' }
for i, field in ipairs(fields) do
  flat[#flat + 1] = field
  flat[#flat + 1] = string.format('%.17g', tonumber(known[i] or '0') + tonumber(ARGV[2 * i]))
end
redis.call('HSET', KEYS[1], unpack(flat))
return '${FORMAT}'
`;
