import type { StoreFinding } from '../internal/store-finding.js';
import { withHashTag } from './bullmq-message-queue-options.js';
import type { OpenRedisClient } from './redis-client.js';
import { isReply, said } from './redis-error.js';

/**
 * Every command that the adapters send or that their scripts and BullMQ's run, with arguments of the right shape,
 * where `key` stands for a key and `channel` for a channel.
 */
export const neededCommands: readonly string[] = [
  'TIME',
  'MULTI',
  'EXEC',
  'EVAL x 1 key',
  'EVALSHA x 1 key',
  'DEL key',
  'UNLINK key',
  'EXISTS key',
  'TYPE key',
  'PEXPIRE key 1',
  'PTTL key',
  'RENAME key key',
  'GET key',
  'SET key x',
  'INCR key',
  'HGET key x',
  'HMGET key x',
  'HGETALL key',
  'HKEYS key',
  'HLEN key',
  'HSTRLEN key x',
  'HEXISTS key x',
  'HSET key x x',
  'HMSET key x x',
  'HDEL key x',
  'HINCRBY key x 1',
  'LINDEX key 0',
  'LLEN key',
  'LPOS key x',
  'LRANGE key 0 0',
  'LPOP key',
  'LPUSH key x',
  'LREM key 0 x',
  'LTRIM key 0 0',
  'RPOP key',
  'RPOPLPUSH key key',
  'RPUSH key x',
  'SADD key x',
  'SCARD key',
  'SMEMBERS key',
  'SRANDMEMBER key',
  'SREM key x',
  'ZADD key 1 x',
  'ZCARD key',
  'ZCOUNT key 0 0',
  'ZPOPMIN key',
  'ZRANGE key 0 0',
  'ZRANGEBYLEX key - +',
  'ZREVRANGEBYLEX key + -',
  'ZRANGEBYSCORE key 0 0',
  'ZREVRANGEBYSCORE key 0 0',
  'ZREM key x',
  'ZSCORE key x',
  'BZPOPMIN key 0',
  'XADD key * x x',
  'XTRIM key MAXLEN 0',
  'PUBLISH channel x',
  'SUBSCRIBE channel',
];

/**
 * Scripts see the rights of who runs them, so one script asks for all: of keys of the first kind, and of the second.
 * Returns what is refused, each with its kind of key. Servers before Redis 7 do not tell.
 */
const askScript = `
local ask = redis.acl_check_cmd
if not ask then return false end
local refused = {}
for kind = 1, 2 do
  for index = 4, #ARGV do
    local words = {}
    for word in string.gmatch(ARGV[index], '%S+') do
      if word == 'key' then word = ARGV[kind] elseif word == 'channel' then word = ARGV[3] end
      table.insert(words, word)
    end
    if not ask(unpack(words)) then
      table.insert(refused, kind)
      table.insert(refused, ARGV[index])
    end
  end
end
return refused`;

/** Whether the user may do what the adapters do. Asks, and tries nothing out. */
export async function checkRights(client: OpenRedisClient, prefix: string): Promise<StoreFinding> {
  const check = 'commands';
  // Keys of queues go on with a colon, all others with a dot.
  const starts = [`${prefix}:`, `${withHashTag(prefix)}.`] as const;
  const fix =
    'Give the ACL user its keys, its channels and the commands: ' +
    `ACL SETUSER <user> ~${starts[0]}* ~${starts[1]}* &${starts[1]}* +@all -@dangerous +info +config|get`;
  let reply: unknown;
  try {
    reply = await client.eval(askScript, 0, starts[0], starts[1], starts[1], ...neededCommands);
  } catch (error) {
    if (!isReply(error)) throw error;
    const message = `The server runs no scripts for this user, and every step is one: ${said(error)}.`;
    return { check, severity: 'error', message, fix };
  }
  if (reply === null)
    return {
      check,
      severity: 'ok',
      message: 'Scripts run; which commands are allowed the server does not tell.',
    };
  const refused = describeRefused(reply as readonly (number | string)[], starts);
  if (refused === '') return { check, severity: 'ok', message: 'Every command that Loom needs is allowed.' };
  return { check, severity: 'error', message: `The user may not ${refused}.`, fix };
}

/** Keys on which nothing at all is allowed come as keys, everything else as commands. */
function describeRefused(reply: readonly (number | string)[], starts: readonly string[]): string {
  const refused = starts.map((_, index) =>
    reply.filter((command, place) => place % 2 === 1 && Number(reply[place - 1]) === index + 1).map(String),
  );
  const onKeys = (commands: readonly string[]): number =>
    commands.filter((command) => command.includes(' key')).length;
  const isClosed = refused.map((commands) => onKeys(commands) === onKeys(neededCommands));
  const phrases = starts
    .filter((_, index) => isClosed[index])
    .map((start) => `touch keys that begin with "${start}"`);
  const commands = refused.flatMap((some, index) =>
    some.filter((command) => isClosed[index] !== true || !command.includes(' key')),
  );
  const names = commands.map((command) => {
    const [name = ''] = command.split(' ');
    return command.includes(' channel') ? `${name} on channels that begin with "${starts[1]}"` : name;
  });
  if (names.length > 0) phrases.push(`use ${[...new Set(names)].join(', ')}`);
  return phrases.join(', nor ');
}
