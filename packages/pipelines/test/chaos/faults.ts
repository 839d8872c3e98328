import { setTimeout as wait } from 'node:timers/promises';
import type { OwnRedis } from '../../../../scripts/redis/own-redis.js';
import type { TcpProxy } from '../../../../scripts/redis/tcp-proxy.js';
import type { Member } from './fleet.js';

export interface Battlefield {
  readonly redis: OwnRedis;
  readonly proxy: TcpProxy;
  readonly members: readonly Member[];
}

interface Fault {
  readonly name: string;
  readonly weight: number;
  /** Does harm, and undoes what of it does not heal by itself. @param random - from 0 to 1 */
  run(field: Battlefield, random: () => number): Promise<string>;
}

const pick = <Item>(items: readonly Item[], random: () => number): Item =>
  items[Math.floor(random() * items.length)] as Item;

/** All that happens to processes and servers in production, sooner or later. */
const faults: readonly Fault[] = [
  {
    name: 'kill',
    weight: 5,
    async run({ members }, random) {
      const member = pick(members, random);
      await member.replace();
      return `${member.role}, now number ${member.generation}`;
    },
  },
  {
    name: 'freeze a process',
    weight: 2,
    async run({ members }, random) {
      const member = pick(members, random);
      const ms = 200 + random() * 7_000;
      member.signal('SIGSTOP');
      await wait(ms);
      member.signal('SIGCONT');
      return `${member.role} for ${ms.toFixed(0)} ms`;
    },
  },
  {
    name: 'kill Redis',
    weight: 1,
    async run({ redis }) {
      redis.kill();
      await wait(200);
      await redis.stop();
      await redis.start();
      return 'and start it with its data';
    },
  },
  {
    name: 'restart Redis',
    weight: 1,
    async run({ redis }, random) {
      await redis.stop();
      const ms = random() * 2_000;
      await wait(ms);
      await redis.start();
      return `away for ${ms.toFixed(0)} ms`;
    },
  },
  {
    name: 'freeze Redis',
    weight: 1,
    async run({ redis }, random) {
      const ms = 200 + random() * 6_000;
      redis.freeze();
      await wait(ms);
      redis.thaw();
      return `for ${ms.toFixed(0)} ms`;
    },
  },
  {
    name: 'cut every connection',
    weight: 2,
    async run({ proxy }, random) {
      const ms = random() * 1_500;
      proxy.cut();
      await wait(ms);
      proxy.restore();
      return `for ${ms.toFixed(0)} ms`;
    },
  },
  {
    name: 'silence connections',
    weight: 1,
    async run({ proxy }) {
      proxy.silence();
      await wait(500);
      return 'half open';
    },
  },
  {
    name: 'slow connections',
    weight: 1,
    async run({ proxy }, random) {
      proxy.latencyMs = 20 + random() * 150;
      await wait(1_500);
      proxy.latencyMs = 0;
      return 'for 1500 ms';
    },
  },
];

/** One fault, drawn by weight. @returns what happened */
export async function strike(field: Battlefield, random: () => number): Promise<string> {
  let place = random() * faults.reduce((sum, { weight }) => sum + weight, 0);
  const fault = faults.find(({ weight }) => (place -= weight) < 0) ?? pick(faults, random);
  return `${fault.name}: ${await fault.run(field, random)}`;
}
