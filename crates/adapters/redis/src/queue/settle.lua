-- Is done with entries of one shard, or puts them back at the ends of their streams.
-- KEYS: the streams, the most urgent first, then the hash of what is held (see push.lua).
-- ARGV: the group, whether to put back (1 or 0), then of each entry its stream, its id and its order.
local held, group, put_back = KEYS[#KEYS], ARGV[1], ARGV[2] == '1'

local function add(stream, order)
  local entry = redis.call('XADD', KEYS[stream], '*', 'order', order)
  redis.call('HSET', held, order, stream .. '/' .. entry)
end

local function settle(stream, entry, order)
  redis.call('XACK', KEYS[stream], group, entry)
  redis.call('XDEL', KEYS[stream], entry)
  local place = redis.call('HGET', held, order)
  if not place then
    -- The hash was lost, or is younger than the entry.
    if put_back then
      add(stream, order)
    end
    return
  end
  local at, held_entry, again = string.match(place, '^(%d+)/([%d-]+)/?(%d*)$')
  if at ~= tostring(stream) or held_entry ~= entry then
    -- Another entry has taken the place of this one.
    return
  end
  again = tonumber(again) or (put_back and stream)
  if again then
    add(again, order)
  else
    redis.call('HDEL', held, order)
  end
end

for i = 3, #ARGV, 3 do
  settle(tonumber(ARGV[i]), ARGV[i + 1], ARGV[i + 2])
end
return redis.status_reply('OK')
