import { temporaryPrefix } from '../internal/temporary-queue.js';
import type { QueueScript } from './queue-scripts.js';

/** A key of a temporary queue is gone so long after it was last written. */
const lifeMs = 86_400_000;

/**
 * What scripts run commands on the keys of one queue by. `use` says which, by the first part of its keys, which is `P`
 * then. Commands that make a key for ever give it a day when the queue is temporary: so nothing stays of a process that
 * died, or of what was sent to one, and nobody has to look after that.
 */
export const queueCalls = `
local P,temporary
local lasting={ZADD=1,HSET=1,HINCRBY=1,INCR=1,SADD=1,LPUSH=1,RPUSH=1,XADD=1}
local function use(prefix) P,temporary=prefix,string.find(prefix,':${temporaryPrefix}',1,true) end
local function C(c,k,...)
local r=redis.call(c,P..k,...)
if temporary and lasting[c] then redis.call('PEXPIRE',P..k,${lifeMs}) end
return r
end
`;

const lists = "{'wait','active'}";
const sets = "{'prioritized','delayed','failed','groups:waiting'}";
const others = "{'groups','groups:later','gc','gt','pc','id','meta','marker','limiter','events','watched'}";

/** Removes the queue whose prefix is the key. What is known of the dedupe ids of messages that went before runs out. */
export const endTemporaryScript: QueueScript = {
  name: 'loomQueueEnd1',
  keys: 1,
  lua: `${queueCalls}
use(KEYS[1])
local function remove(k,ids)
for _,id in ipairs(ids) do
local f=C('HMGET',id,'deid','gk')
if f[1] then C('DEL','de:'..f[1]) end
if f[2] then for _,t in ipairs({'gw:','ga:','gl:','gr:'}) do C('DEL',t..f[2]) end end
for _,t in ipairs({'',':lock',':logs'}) do C('DEL',id..t) end
end
C('DEL',k)
end
for _,k in ipairs(${lists}) do remove(k,C('LRANGE',k,0,-1)) end
for _,k in ipairs(${sets}) do remove(k,C('ZRANGE',k,0,-1)) end
for _,k in ipairs(${others}) do C('DEL',k) end`,
};
