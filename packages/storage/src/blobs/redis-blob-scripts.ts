import type { QueueScript } from '../bullmq/queue-scripts.js';

/** Blobs that one call of {@link removeScript} removes; it returns less when there are no more. */
export const removed = 1_000;
/** Names that one call of {@link listScript} returns; fewer when there are no more. */
export const listed = 1_000;

/*
 * KEYS: the index, a sorted set of all keys. ARGV: what the names of blobs begin with, a key or prefix, and more.
 * Every script may be sent again. In the index a slash is `!`, which sorts before all that a key may have, with `"`
 * right behind it: what is or lies below a prefix is one range.
 */
const prelude = `local C,I,B,key,more=redis.call,KEYS[1],ARGV[1],ARGV[2],ARGV[3]
local member=key:gsub('/','!')
`;

/** `more` is the text. */
export const putScript: QueueScript = {
  name: 'loomBlobPut1',
  keys: 1,
  lua: `${prelude}C('SET',B..key,more)
return C('ZADD',I,0,member)`,
};

export const getScript: QueueScript = {
  name: 'loomBlobGet1',
  keys: 1,
  lua: `${prelude}return C('GET',B..key)`,
};

export const removeScript: QueueScript = {
  name: 'loomBlobRemove1',
  keys: 1,
  lua: `${prelude}local found=C('ZRANGEBYLEX',I,'['..member,'('..member..'"','LIMIT',0,${removed})
for _,one in ipairs(found) do
C('UNLINK',B..one:gsub('!','/'))
C('ZREM',I,one)
end
return #found`,
};

/** `more` is the last name of the page before. Every name costs one look: what is below it is passed over. */
export const listScript: QueueScript = {
  name: 'loomBlobList1',
  keys: 1,
  lua: `${prelude}local from,names='['..member..'!',{}
if more then from=from..more..'"' end
for n=1,${listed} do
local first=C('ZRANGEBYLEX',I,from,'('..member..'"','LIMIT',0,1)[1]
if not first then break end
names[n]=first:match('^[^!]+',#member+2)
from='['..member..'!'..names[n]..'"'
end
return names`,
};
