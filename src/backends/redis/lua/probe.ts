/**
 * Runs every command that the other scripts run, on keys of its own, which it takes away again. A commit cannot be
 * undone halfway: a user or a server that refuses one of its commands must be found out before. As in a commit,
 * the first write is one that a full store refuses: it lets pass what follows another. KEYS: four.
 */
export const probeScript = `
local text, hash, list, set = unpack(KEYS)
local function run(...) return redis.call(...) end
run('TIME')
run('SET', text .. '+', 'a')
run('RENAME', text .. '+', text)
run('PERSIST', text)
run('PEXPIRE', text, 60000)
run('APPEND', text, 'b')
run('GET', text)
run('STRLEN', text)
run('GETRANGE', text, 0, 1)
run('HSET', hash, 'a', 'b')
run('HGET', hash, 'a')
run('HMGET', hash, 'a')
run('HGETALL', hash)
run('HKEYS', hash)
run('HLEN', hash)
run('HEXISTS', hash, 'a')
run('HDEL', hash, 'b')
run('RPUSH', list, 'a')
run('LLEN', list)
run('LTRIM', list, -1, -1)
run('LRANGE', list, 0, -1)
run('ZADD', set, 0, 'a')
run('ZREM', set, 'b')
run('ZCARD', set)
run('ZSCORE', set, 'a')
run('ZREVRANGE', set, 0, 0)
run('ZRANGEBYSCORE', set, '-inf', '+inf')
run('ZREVRANGEBYSCORE', set, '+inf', '-inf')
run('ZRANGEBYLEX', set, '-', '+')
run('DEL', text)
return run('UNLINK', text, hash, list, set)
`;
