import type { QueueScript } from '../bullmq/queue-scripts.js';
import { lanesLua } from './redis-outbox-scripts.js';

/*
 * The layout, in keys that begin with the same hash tag:
 *
 *   e<id>          hash, the execution: `h` its head, `m` its origin, `i` input, `s` state, `g` tags between NULs,
 *                  `#<node>` counters ("done failed highest-index bytes"), `<node>\0<index>` tasks below 8
 *   e<id>\0<node>  hash, the tasks from 8 on, by index; only where a node has so many
 *   l<status>      sorted by member: every execution, as "<time><sequence><name>\0<id>"
 *   f<status>      sorted by time of finishing: finished executions
 *   h<tenure>      sorted by time to wake: what is held; `h-` what nobody holds
 *   o, n           hashes: holders by tenure ("<end of lease> <name>"), and tenures by name
 *   g<tenure>      list: the last claim and the ids it gave, until a later claim shows that they arrived
 *   d              list: tenures that ended and whose executions still have to move to `h-`
 *   k, t, u, c     hashes: ids by idempotency key; definitions and how often they are used, by hash; counters
 *
 *   head           "version status call tenure wakeAt updatedAt", then "finishedAt bytes"
 *   origin         "<time><sequence><name>\0<definition>\0<key>\0<priority>"; the first part, with the id, is in `l`
 *   record         "<kind><token> attempt crashes at dueAt call done failed\n<body>"
 *
 * A tenure, "<seat>.<number>", is one stay of a holder. What comes from JavaScript as text stays text, so that no
 * number is ever written the way Lua writes it. `call` is who wrote: the same call, sent again because its answer
 * was lost, finds itself there and is answered as it would have been.
 *
 * What a task costs, measured on Redis 7.0: 110 bytes beside its body among ten thousand, 40 of which are ours. An
 * index of the tasks of a node, as a sorted set, would be 116 more; so a page is read by the indexes that it
 * expects, and there is a search only where there are gaps. A key of its own costs 220 bytes, which tasks below 8
 * save by living in that of their execution. A record is three commands inside the script: the head; counters and
 * task; and both written in one. From 8 on it is five. It does not touch the head.
 *
 * An execution with a state of 400 bytes is 1190 bytes, and 2410 after five tasks of 73 bytes in nodes of their own.
 * When all of them are removed, what stays is `c`, and `o` and `n` for as long as there are holders.
 *
 * The Lua is short, as it is shipped as it stands. C: call; E: the execution's key; P: what all keys begin with.
 */

/** `counters` returns the fields of nodes and what they hold, in pairs. */
export const countersLua = `local function counters()
local names,r={},{}
for _,f in ipairs(C('HKEYS',E)) do
if f:byte()==35 then names[#names+1]=f end
end
for j=1,#names,4000 do
for k,v in ipairs(C('HMGET',E,unpack(names,j,math.min(j+3999,#names)))) do r[#r+1]=names[j+k-1]
r[#r+1]=v end
end
return r
end
`;

const prelude = `local C,E,P,id=redis.call,KEYS[1],ARGV[1],ARGV[2]
`;

/** The parts of a head: version, status, call, tenure, wakeAt, updatedAt. */
const readHead = `local h=C('HGET',E,'h')
local v,x,q,o,w
if h then v,x,q,o,w=h:match('^(%S+) (%S+) (%S+) (%S+) (%S+)') end
local function live(s) return s=='running' or s=='paused' end
local function foreign(n) return n~='' and o~='-' and o~=C('HGET',P..'n',n) and C('HEXISTS',P..'o',o)==1 end
`;

/**
 * `put` takes a record or says why not; nothing is written before `flush`. K: tasks by place, as they are then;
 * N: counters by node; W: what to write, by key. Refused as its own repetition, it gives the counters of then.
 */
const put = `local K,N,W={},{},{}
local function add(k,f,v)
local w=W[k] or {}
W[k]=w
w[#w+1]=f
w[#w+1]=v
end
local function put(n,i,held,top,body,call)
local x,k,f=tonumber(i),E,n..'\\0'..i
if x>7 then k,f=E..'\\0'..n,i end
local p=k..'\\0'..f
local c,old=N[n],K[p]
if not c then
local r=C('HMGET',E,'#'..n,f)
c,old={},r[2]
for j in (r[1] or '0 0 -1 0'):gmatch('%S+') do c[#c+1]=tonumber(j) end
N[n]=c
elseif not old and x<8 then old=C('HGET',E,f) end
if not old and x>7 then old=C('HGET',k,f) end
if old then
local a,t=old:match('^(.)(%S+)')
if a~='p' or t~=held then
local u,d,b=old:match('^%S+ %S+ %S+ %S+ %S+ (%S+) (%S+) (%S+)\\n')
if u==call then return nil,d,b end
return a=='p' and 'stale' or 'duplicate'
end
elseif held~='1' then return 'stale' end
local a=top:sub(1,1)
if a~='p' and x>=0 then
c[1]=c[1]+1
if a=='f' then c[2]=c[2]+1 end
end
c[3]=math.max(c[3],x)
c[4]=c[4]+#body-(old and #old-old:find('\\n',1,true) or 0)
K[p]=top..' '..c[1]..' '..c[2]..'\\n'..body
add(k,f,K[p])
end
local function flush()
for n,c in pairs(N) do add(E,'#'..n,string.format('%d %d %d %d',unpack(c))) end
for k,w in pairs(W) do for j=1,#w,4000 do C('HSET',k,unpack(w,j,math.min(j+3999,#w))) end end
end
`;

/** Returns 1 and the id, 0 and the id of the one that exists, or 2 when the text of the definition is needed. */
export const createScript: QueueScript = {
  name: 'loomExecutionCreate1',
  keys: 1,
  lua: `${prelude}local call,holder,wake,time,name,hash,key,priority,tags,at,input,state,text=unpack(ARGV,3)
local h=C('HGET',E,'h')
if h then return {h:find('1 running '..call..' ',1,true)==1 and 1 or 0,id} end
if key~='' then
local x=C('HGET',P..'k',key)
if x then return {0,x} end
end
if not text and C('HEXISTS',P..'u',hash)==0 then return {2,id} end
if C('HINCRBY',P..'u',hash,1)==1 then C('HSET',P..'t',hash,text) end
local o=holder~='' and C('HGET',P..'n',holder) or '-'
local l=time..string.format('%011x',C('HINCRBY',P..'c','q',1))..name..'\\0'
C('HSET',E,'h',table.concat({1,'running',call,o,wake,at},' '),'m',l..hash..'\\0'..key..'\\0'..priority,'i',input,'s',state)
if tags~='' then C('HSET',E,'g',tags) end
if key~='' then C('HSET',P..'k',key,id) end
C('ZADD',P..'lrunning',0,l..id)
C('ZADD',P..'h'..o,wake=='-' and '-inf' or wake,id)
return {1,id}`,
};

/**
 * Takes records one after the other, each in 7 arguments of which the last is its holder. Returns for each the
 * counters, or why it is refused; or one refusal of all.
 */
export const recordScript: QueueScript = {
  name: 'loomExecutionRecord1',
  keys: 1,
  lua: `${prelude}${readHead}${put}if not h then return 'unknown' end
if not live(x) then return 'finished' end
local R,F={},{}
for j=3,#ARGV,7 do
local n,m=ARGV[j],ARGV[j+6]
if F[m]==nil then F[m]=foreign(m) end
local r,d,b='stale'
if not F[m] then
r,d,b=put(unpack(ARGV,j,j+5))
if not r and not d then d,b=N[n][1],N[n][2] end
end
R[#R+1]=r or {tonumber(d),tonumber(b)}
end
flush()
return R`,
};

/**
 * Returns the new version, or 0. What is held by a tenure that ended may be in `h-` already, so a place there is
 * only changed where it is found. The bytes of a finished execution are counted once, from the counters.
 * @param records - place of the first one in ARGV
 * @param post - Lua that stores messages
 */
const commitLua = (
  records: string,
  post: string,
): string => `${prelude}${readHead}${put}${countersLua}local call,expected,to,wake,at,state,holder=unpack(ARGV,3,9)
if not h then return 0 end
local new=string.format('%d',expected+1)
if v==new and q==call then return tonumber(v) end
if v~=expected or not live(x) or foreign(holder) then return 0 end
for j=${records},#ARGV,5 do
if put(unpack(ARGV,j,j+4)) then return 0 end
end
if wake=='' then wake=w end
local tail=''
add(E,'s',state)
if not live(to) then
flush()
W={}
N={}
local b=C('HSTRLEN',E,'i')+#state
local c=counters()
for j=2,#c,2 do b=b+c[j]:match('%S+$') end
if C('ZREM',P..'h'..o,id)==0 then C('ZREM',P..'h-',id) end
C('ZADD',P..'f'..to,at,id)
C('HINCRBY',P..'c','b'..to,b)
tail=string.format(' %s %d',at,b)
wake='-'
o='-'
elseif wake~=w then
local s=wake=='-' and '-inf' or wake
if o=='-' or C('ZADD',P..'h'..o,'XX','CH',s,id)==0 then C('ZADD',P..'h-',s,id) end
end
if to~=x then
local l=C('HGET',E,'m'):match('^[^%z]*%z')..id
C('ZREM',P..'l'..x,l)
C('ZADD',P..'l'..to,0,l)
end
add(E,'h',table.concat({new,to,call,o,wake,at},' ')..tail)
flush()
${post}return tonumber(new)`;

export const commitScript: QueueScript = {
  name: 'loomExecutionCommit1',
  keys: 1,
  lua: commitLua('10', ''),
};

/** After the holder: how many messages, and lane and content of each. Their keys are those of the outbox. */
export const commitMessagesScript: QueueScript = {
  name: 'loomExecutionCommitMessages1',
  keys: 1,
  lua: commitLua(
    '11+2*ARGV[10]',
    `P=P..'x'
${lanesLua}for j=11,9+2*ARGV[10],2 do post(ARGV[j],ARGV[j+1]) end
`,
  ),
};

/**
 * Removes what finished first, and returns their ids, and 1 when there may be more to remove. The first thing it
 * writes takes no memory, which is what a server without any lets through; the same goes for the two below.
 */
export const pruneScript: QueueScript = {
  name: 'loomExecutionPrune1',
  keys: 1,
  lua: `local C,P,limit,before,most=redis.call,ARGV[1],tonumber(ARGV[2]),tonumber(ARGV[3]),tonumber(ARGV[4])
local removed={}
while #removed<limit do
local s,id,at
local sum=0
for j=5,#ARGV do
local f=C('ZRANGE',P..'f'..ARGV[j],0,0,'WITHSCORES')
if f[1] and (not at or tonumber(f[2])<at) then s,id,at=ARGV[j],f[1],tonumber(f[2]) end
sum=sum+(C('HGET',P..'c','b'..ARGV[j]) or 0)
end
if not id or (at>=before and sum<=most) then return {removed,0} end
local E=P..'e'..id
local h,m=unpack(C('HMGET',E,'h','m'))
local l,hash,key=m:match('^([^%z]*%z)([^%z]*)%z([^%z]*)')
for _,f in ipairs(C('HKEYS',E)) do
if f:byte()==35 then C('UNLINK',E..'\\0'..f:sub(2)) end
end
C('UNLINK',E)
C('ZREM',P..'f'..s,id)
C('ZREM',P..'l'..s,l..id)
if key~='' then C('HDEL',P..'k',key) end
C('HINCRBY',P..'c','b'..s,-h:match('%S+$'))
if C('HINCRBY',P..'u',hash,-1)==0 then
C('HDEL',P..'u',hash)
C('HDEL',P..'t',hash)
end
removed[#removed+1]=id
end
return {removed,1}`,
};

/**
 * Ends the tenures whose lease has ended and moves a thousand of their executions to `h-`; renews or begins that
 * of the holder; moves to `h-` what the last claim gave if that did not arrive, and what was created for it without
 * an answer; gives at most a thousand of those in `h-` that wake. Returns ids, first time to wake of the rest, milliseconds until the
 * first lease of others that hold something ends, whether the lease was renewed, seat, free seats.
 */
export const claimScript: QueueScript = {
  name: 'loomExecutionClaim1',
  keys: 1,
  lua: `local C,P,holder,now,lease,limit,call,arrived=redis.call,unpack(ARGV,1,7)
C('HDEL',P..'o','')
local T=C('TIME')
local t=T[1]*1000+math.floor(T[2]/1000)
local me
local others,taken,free,ids={},{},{},{}
local O=C('HGETALL',P..'o')
for j=1,#O,2 do
local u=O[j]
local e,n=O[j+1]:match('^(%S+) (.*)$')
if tonumber(e)<=t and n~=holder and limit~='0' then
C('HDEL',P..'o',u)
C('HDEL',P..'n',n)
C('DEL',P..'g'..u)
C('RPUSH',P..'d',u)
else
taken[tonumber(u:match('%d+'))]=1
if n==holder then me=u else others[u]=math.max(0,e-t) end
end
end
local renewed=me and 1 or 0
local seats=tonumber(C('HGET',P..'c','s') or 0)
if not me then
local s=0
while taken[s] do s=s+1 end
taken[s]=1
me=s..'.'..C('HINCRBY',P..'c','t',1)
C('HSET',P..'n',holder,me)
if s==seats then seats=C('HINCRBY',P..'c','s',1) end
end
for s=0,seats-1 do if not taken[s] then free[#free+1]=s end end
C('HSET',P..'o',me,string.format('%.0f ',math.floor(t+lease))..holder)
local left=1000
while left>0 do
local d=C('LINDEX',P..'d',0)
if not d then break end
local p=C('ZPOPMIN',P..'h'..d,left)
if p[1] then
for j=1,#p,2 do p[j],p[j+1]=p[j+1],p[j] end
C('ZADD',P..'h-',unpack(p))
left=left-#p/2
else C('LPOP',P..'d') end
end
local function move(i,s,from,to)
local e=P..'e'..i
local h=C('HGET',e,'h')
C('ZREM',P..'h'..from,i)
if h then
C('HSET',e,'h',(h:gsub('^(%S+ %S+ %S+) %S+','%1 '..to)))
C('ZADD',P..'h'..to,s,i)
end
return h
end
local function back(i)
local s=C('ZSCORE',P..'h'..me,i)
if s then move(i,s,me,'-') end
end
local g=C('LRANGE',P..'g'..me,0,-1)
if g[1]~=arrived then for j=2,#g do back(g[j]) end end
for j=8,#ARGV do back(ARGV[j]) end
C('DEL',P..'g'..me)
local f=C('ZRANGEBYSCORE',P..'h-','-inf',now,'WITHSCORES','LIMIT',0,math.min(limit,1000))
for j=1,#f,2 do
if move(f[j],f[j+1],'-',me) then ids[#ids+1]=f[j] end
end
if ids[1] then C('RPUSH',P..'g'..me,call,unpack(ids)) end
local r=C('ZRANGE',P..'h-',0,0,'WITHSCORES')
local least
for u,e in pairs(others) do if (not least or e<least) and C('EXISTS',P..'h'..u)==1 then least=e end end
return {ids,left>0 and (r[2] or '') or '-inf',least and string.format('%.0f',least) or '',renewed,tonumber(me:match('%d+')),free}`,
};

export const leaveScript: QueueScript = {
  name: 'loomExecutionLeave1',
  keys: 1,
  lua: `local C,P,holder=redis.call,unpack(ARGV)
local u=C('HGET',P..'n',holder)
if u then
C('HDEL',P..'n',holder)
C('HDEL',P..'o',u)
C('DEL',P..'g'..u)
C('RPUSH',P..'d',u)
end`,
};

/** Begins with a write that takes no memory, as the others that make room for work elsewhere. */
export const releaseScript: QueueScript = {
  name: 'loomExecutionRelease1',
  keys: 1,
  lua: `${prelude}local holder,wake=unpack(ARGV,3)
local h=C('HGET',E,'h')
local u=C('HGET',P..'n',holder)
if h and u and h:match('^%S+ %S+ %S+ (%S+)')==u then
C('ZREM',P..'h'..u,id)
C('HSET',E,'h',(h:gsub('^(%S+ %S+ %S+) %S+ %S+','%1 - '..wake)))
C('ZADD',P..'h-',wake=='-' and '-inf' or wake,id)
end`,
};
