import type { OpenRedisClient } from './redis-client.js';
import { queueCalls } from './temporary-scripts.js';

/** BullMQ keeps 12 bits below a delayed job's time for those that are due in the same millisecond. */
export const delayedScoreFactor = 0x1000;
/** BullMQ's score of a prioritised job is its priority times this, plus a counter. */
export const priorityFactor = 0x100000000;

/** Takes the place of the owner in the lock of a running job that was withdrawn, until the lock ends. */
export const withdrawn = 'withdrawn';

/** What BullMQ has no call for. Key names and layouts are those of BullMQ 6. */
export interface QueueScript {
  readonly name: string;
  /** How many of the arguments are keys. @default told by the first argument */
  readonly keys?: number;
  readonly lua: string;
}

/**
 * Counts and the earliest time since which a message has been ready, of one moment.
 * A job that was delayed is ready when its delay is over, and one that was retried after its last delivery.
 */
export const statsScript: QueueScript = {
  name: 'loomQueueStats1',
  keys: 6,
  lua: `
local wait, prioritized, delayed, active, failed, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local prefix, now = ARGV[1], tonumber(ARGV[2])
local due = (now + 1) * ${delayedScoreFactor} - 1
local oldest = -1
local function see(time)
  if time and (oldest < 0 or time < oldest) then oldest = time end
end
local function seeJob(id)
  if not id then return end
  local fields = redis.call('HMGET', prefix .. id, 'timestamp', 'opts', 'processedOn')
  local sentAt = tonumber(fields[1])
  if not sentAt then return end
  local options = fields[2] and cjson.decode(fields[2]) or {}
  see(math.max(sentAt + (tonumber(options['delay']) or 0), tonumber(fields[3]) or 0))
end
seeJob(redis.call('LINDEX', wait, -1))
local first = redis.call('ZRANGE', prioritized, 0, 0, 'WITHSCORES')
while first[1] do
  seeJob(first[1])
  local next = (math.floor(tonumber(first[2]) / ${priorityFactor}) + 1) * ${priorityFactor}
  first = redis.call('ZRANGEBYSCORE', prioritized, string.format('%.0f', next), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
end
local promoted = redis.call('ZCOUNT', delayed, '-inf', string.format('%.0f', due))
if promoted > 0 then
  see(math.floor(tonumber(redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]) / ${delayedScoreFactor}))
end
local grouped = prefix .. 'groups:waiting'
see(tonumber(redis.call('ZRANGE', grouped, 0, 0, 'WITHSCORES')[2]))
return {
  redis.call('LLEN', wait) + redis.call('ZCARD', prioritized) + promoted + redis.call('ZCARD', grouped),
  redis.call('ZCARD', delayed) - promoted,
  redis.call('LLEN', active),
  redis.call('ZCARD', failed),
  redis.call('HEXISTS', meta, 'paused'),
  string.format('%.0f', oldest)
}`,
};

/**
 * Sets the end of locks; ids and tokens come in pairs. Returns the ids whose locks are not theirs any more, each
 * with 1 if the message was withdrawn, and 0 if somebody else may have it.
 * BullMQ's extendLocks writes the locks anew, which a server without memory refuses.
 */
export const renewScript: QueueScript = {
  name: 'loomQueueRenew1',
  keys: 1,
  lua: `
local prefix, lockMs = KEYS[1], ARGV[1]
local ended = {}
for index = 2, #ARGV, 2 do
  local id, token = ARGV[index], ARGV[index + 1]
  local lock = prefix .. id .. ':lock'
  local owner = redis.call('GET', lock)
  if owner == token then
    redis.call('PEXPIRE', lock, lockMs)
  else
    table.insert(ended, id)
    table.insert(ended, owner == '${withdrawn}' and 1 or 0)
  end
end
return ended`,
};

/**
 * Puts dead letters back as delayed jobs with all counters at zero; ids and times come in pairs, earliest first.
 * Returns how many were dead letters.
 */
export const redriveScript: QueueScript = {
  name: 'loomQueueRedrive1',
  keys: 1,
  lua: `${queueCalls}
use(KEYS[1])
local now, count = tonumber(ARGV[1]), 0
for index = 2, #ARGV, 2 do
  local id, score = ARGV[index], ARGV[index + 1]
  if C('ZREM', 'failed', id) == 1 then
    C('HDEL', id, 'atm', 'ats', 'stc', 'finishedOn', 'processedOn', 'failedReason', 'stacktrace')
    C('HSET', id, 'delay', math.max(0, math.floor(tonumber(score) / ${delayedScoreFactor}) - now))
    C('ZADD', 'delayed', score, id)
    count = count + 1
  end
end
local first = C('ZRANGE', 'delayed', 0, 0, 'WITHSCORES')
if first[2] then C('ZADD', 'marker', string.format('%.0f', tonumber(first[2]) / ${delayedScoreFactor}), '1') end
return count`,
};

/** Removes dead letters; what is known of their dedupe ids runs out by itself. Returns how many were dead letters. */
export const discardScript: QueueScript = {
  name: 'loomQueueDiscard1',
  keys: 1,
  lua: `
local failed, prefix = KEYS[1], ARGV[1]
local count = 0
for index = 2, #ARGV do
  local id = ARGV[index]
  if redis.call('ZREM', failed, id) == 1 then
    redis.call('DEL', prefix .. id, prefix .. id .. ':logs')
    count = count + 1
  end
end
return count`,
};

/** Runs a script, which the server is sent once. */
export function runScript(
  client: OpenRedisClient,
  { name, keys, lua }: QueueScript,
  args: readonly (string | number)[],
): Promise<unknown> {
  const commands = client as unknown as Record<
    string,
    ((...args: readonly (string | number)[]) => Promise<unknown>) | undefined
  >;
  if (commands[name] === undefined)
    client.defineCommand(name, { ...(keys !== undefined && { numberOfKeys: keys }), lua });
  return (commands[name] as (...args: readonly (string | number)[]) => Promise<unknown>).call(
    client,
    ...args,
  );
}
