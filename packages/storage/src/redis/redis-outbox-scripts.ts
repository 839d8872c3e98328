import type { QueueScript } from '../bullmq/queue-scripts.js';

/*
 * The layout, in keys that begin with the same hash tag, then `x`:
 *
 *   s<key>   hash, a state: `v` its version, `d` its text
 *   n        the number of the last message
 *   m, a     hashes by number: contents, and attempts where there were any
 *   w, p     sorted: what waits, by time of its commit; what is parked, by number
 *   q        hash by number, of what is parked: "parkedAt committedAt attempts blocks reason-length reason lane"
 *   l<lane>  sorted by number: a lane "k<key>"; what is parked and does not block is not in it
 *   c        sorted by time: when a lane can be claimed. Ready ones come before all times, by their first number
 *   h        hash: the claims that have lanes
 *   r<call>  what a commit was answered, for as long as it may be sent again
 *
 * The lane of a message without a key is "#<number>", and is in `c` only. A lane whose first message is parked is not
 * in `c`. Claiming and settling begin with a write that needs no memory, so that a full server can be emptied.
 *
 * The Lua is short, as it is shipped as it stands. C: call; P: what all keys begin with; q: a number.
 */
const begin = `local C,P=redis.call,ARGV[1]
`;

/** Needs C and P. `post` stores a message; a lane of its own is ''. */
export const lanesLua = `local T=C('TIME')
local now=T[1]*1000+math.floor(T[2]/1000)
local function text(n) return string.format('%.0f',n) end
local function keyed(lane) return lane:byte()==107 end
local function head(lane,n)
if not keyed(lane) then
local q=lane:sub(2)
if C('ZSCORE',P..'w',q) then return {q} end
return {}
end
local r={}
for _,q in ipairs(C('ZRANGE',P..'l'..lane,0,n-1)) do
if C('ZSCORE',P..'p',q) then break end
r[#r+1]=q
end
return r
end
local function wake(lane,at)
if C('HEXISTS',P..'h',lane)==1 then return end
local q=head(lane,1)[1]
if q then C('ZADD',P..'c',text(at or tonumber(q)-9007199254740991),lane) else C('ZREM',P..'c',lane) end
end
local function post(lane,content)
local q=text(C('INCR',P..'n'))
if lane=='' then lane='#'..q end
C('HSET',P..'m',q,content)
C('ZADD',P..'w',text(now),q)
if not keyed(lane) then wake(lane)
else
C('ZADD',P..'l'..lane,q,q)
if C('ZCARD',P..'l'..lane)==1 then wake(lane) end
end
end
`;

const prelude = `${begin}${lanesLua}local function drop(lane,q)
C('HDEL',P..'m',q)
C('HDEL',P..'a',q)
C('ZREM',P..'w',q)
if keyed(lane) then C('ZREM',P..'l'..lane,q) end
end
`;

/** Arguments: call, how long it is known, number of writes; key, value, version or '' of each; lane and content of each message. */
export const commitOutboxScript: QueueScript = {
  name: 'loomOutboxCommit1',
  keys: 1,
  lua: `${begin}${lanesLua}local R=P..'r'..ARGV[2]
local known=C('GET',R)
if known then return known end
local n,v=tonumber(ARGV[4]),{}
for i=1,n do
local e,o=ARGV[3*i+4],tonumber(C('HGET',P..'s'..ARGV[3*i+2],'v') or 0)
if e~='' and tonumber(e)~=o then return {i,text(o)} end
v[i]=text(o+1)
end
for i=1,n do C('HSET',P..'s'..ARGV[3*i+2],'v',v[i],'d',ARGV[3*i+3]) end
for i=3*n+5,#ARGV,2 do post(ARGV[i],ARGV[i+1]) end
v=table.concat(v,' ')
C('SET',R,v,'PX',ARGV[3])
return v`,
};

/** Arguments: key. */
export const readOutboxScript: QueueScript = {
  name: 'loomOutboxRead1',
  keys: 1,
  lua: `return redis.call('HMGET',ARGV[1]..'s'..ARGV[2],'v','d')`,
};

/** Arguments: token, lease, limit. Returns lanes with number, content, attempts and age of each message; then when there is more. */
export const claimOutboxScript: QueueScript = {
  name: 'loomOutboxClaim1',
  keys: 1,
  lua: `${prelude}C('ZREM',P..'c','')
local r,left={},tonumber(ARGV[4])
for _,lane in ipairs(C('ZRANGEBYSCORE',P..'c','-inf',text(now),'LIMIT',0,left)) do
if left<1 then break end
local m={}
for _,q in ipairs(head(lane,left)) do
left=left-1
m[#m+1]=q
m[#m+1]=C('HGET',P..'m',q)
m[#m+1]=C('HGET',P..'a',q) or '0'
m[#m+1]=text(now-C('ZSCORE',P..'w',q))
end
r[#r+1]={lane,m}
C('HSET',P..'h',lane,ARGV[2])
C('ZADD',P..'c',text(now+ARGV[3]),lane)
end
local next=C('ZRANGE',P..'c',0,0,'WITHSCORES')[2]
return {r,next and text(math.max(0,next-now)) or ''}`,
};

/** Arguments: token; of each lane its name, how many were sent, their numbers, then '' or kind, number, attempts, delay or blocks, reason. */
export const settleOutboxScript: QueueScript = {
  name: 'loomOutboxSettle1',
  keys: 1,
  lua: `${prelude}C('ZREM',P..'c','')
local i=3
while i<=#ARGV do
local lane,n,at=ARGV[i],tonumber(ARGV[i+1]),nil
local mine=C('HGET',P..'h',lane)==ARGV[2]
for j=i+2,i+1+n do
if mine then drop(lane,ARGV[j]) end
end
i=i+2+n
local kind,q,a,x,reason=ARGV[i],ARGV[i+1],ARGV[i+2],ARGV[i+3],ARGV[i+4]
i=i+(kind=='' and 1 or 5)
if mine then
C('HDEL',P..'h',lane)
local since=kind~='' and C('ZSCORE',P..'w',q)
if since and kind=='retry' then
C('HSET',P..'a',q,a)
at=now+x
elseif since then
C('HSET',P..'q',q,table.concat({text(now),since,a,x,#reason,reason},' ')..lane)
C('ZADD',P..'p',q,q)
C('ZREM',P..'w',q)
C('HDEL',P..'a',q)
if x=='0' and keyed(lane) then C('ZREM',P..'l'..lane,q) end
end
wake(lane,at)
end
end`,
};

/** Arguments: after, limit. Returns number, content and `q` of each. */
export const parkedOutboxScript: QueueScript = {
  name: 'loomOutboxParked1',
  keys: 1,
  lua: `local C,P,r=redis.call,ARGV[1],{}
for _,q in ipairs(C('ZRANGEBYSCORE',P..'p','('..ARGV[2],'+inf','LIMIT',0,ARGV[3])) do
r[#r+1]=q
r[#r+1]=C('HGET',P..'m',q)
r[#r+1]=C('HGET',P..'q',q)
end
return r`,
};

/** Arguments: `retry` or `discard`, `all` or `these`, numbers. Returns how many it were. */
export const unparkOutboxScript: QueueScript = {
  name: 'loomOutboxUnpark1',
  keys: 1,
  lua: `${prelude}C('ZREM',P..'c','')
local ids,n={unpack(ARGV,4)},0
if ARGV[3]=='all' then ids=C('ZRANGE',P..'p',0,-1) end
for _,q in ipairs(ids) do
local since,size,rest=(C('HGET',P..'q',q) or ''):match('^%d+ (%d+) %d+ %d (%d+) (.*)$')
if since then
local lane=rest:sub(size+1)
n=n+1
C('HDEL',P..'q',q)
C('ZREM',P..'p',q)
if ARGV[2]=='discard' then drop(lane,q)
else
C('ZADD',P..'w',since,q)
if keyed(lane) then C('ZADD',P..'l'..lane,q,q) end
end
wake(lane)
end
end
return n`,
};

export const statsOutboxScript: QueueScript = {
  name: 'loomOutboxStats1',
  keys: 1,
  lua: `${prelude}local first=C('ZRANGE',P..'w',0,0,'WITHSCORES')[2]
return {C('ZCARD',P..'w'),C('ZCARD',P..'p'),first and text(math.max(0,now-first)) or ''}`,
};
