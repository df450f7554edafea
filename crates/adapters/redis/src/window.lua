-- Grants a dispatch if fewer than the limit were granted in the window that ends now.
-- KEYS: the list of the last grants' times, the oldest first. ARGV: the limit; the window, in microseconds.
-- Returns 0 and the grant's time, which names it, or how many milliseconds to wait before asking again.
local grants, limit, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])

-- A clock that was set back: the grants keep their distances, and the last one was just now.
local ahead = (tonumber(redis.call('LINDEX', grants, -1)) or now) - now
if ahead > 0 then
  for i, grant in ipairs(redis.call('LRANGE', grants, 0, -1)) do
    redis.call('LSET', grants, i - 1, string.format('%.0f', grant - ahead))
  end
end

local grant = tonumber(redis.call('LINDEX', grants, -limit) or '')
if grant and now - grant < window then
  return { math.ceil((grant + window - now) / 1000), 0 }
end
-- No two at the same time, so that each can be given back alone.
if tonumber(redis.call('LINDEX', grants, -1)) == now then
  now = now + 1
end
redis.call('RPUSH', grants, string.format('%.0f', now))
redis.call('LTRIM', grants, -limit, -1)
redis.call('PEXPIRE', grants, math.ceil(window / 1000) + 1000)
return { 0, now }
