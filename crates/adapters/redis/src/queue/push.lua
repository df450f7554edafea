-- Adds work items to one shard, so that it holds each order once.
-- KEYS: the streams, the most urgent first, then the hash of what is held: order -> stream/entry, and /stream again
-- where the order was pushed while it was delivered.
-- ARGV: the group, for how long a delivery is in its worker's hands (ms), then of each work item its stream and its order.
local held, group, hand_over = KEYS[#KEYS], ARGV[1], tonumber(ARGV[2])

local function add(stream, order)
  -- No MAXLEN: it would drop entries that somebody still works on.
  local entry = redis.call('XADD', KEYS[stream], '*', 'order', order)
  redis.call('HSET', held, order, stream .. '/' .. entry)
end

-- How long ago an entry was delivered, if it was and is not acknowledged.
local function delivered(stream, entry)
  local pending = redis.pcall('XPENDING', KEYS[stream], group, entry, entry, 1)
  if pending.err or #pending == 0 then
    return nil
  end
  return pending[1][3]
end

local function push(stream, order)
  local at, entry = string.match(redis.call('HGET', held, order) or '', '^(%d+)/([%d-]+)')
  at = tonumber(at)
  -- Redis may have lost the stream, or the entry, without the hash.
  if not at or not KEYS[at] or #redis.call('XRANGE', KEYS[at], entry, entry) == 0 then
    return add(stream, order)
  end
  local age = delivered(at, entry)
  if age and age < hand_over then
    redis.call('HSET', held, order, at .. '/' .. entry .. '/' .. stream)
  elseif age or stream < at then
    redis.call('XACK', KEYS[at], group, entry)
    redis.call('XDEL', KEYS[at], entry)
    add(stream, order)
  end
end

for i = 3, #ARGV, 2 do
  push(tonumber(ARGV[i]), ARGV[i + 1])
end
return redis.status_reply('OK')
