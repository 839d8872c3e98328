import { Actor, ActorWorker } from '@certoai/loom-core';

type OrderMessage =
  | { readonly type: 'add'; readonly item: string; readonly price: number }
  | { readonly type: 'total' };

/** One order. Messages are handled one at a time, so its state needs no lock. */
class Order extends Actor<OrderMessage> {
  #total = 0;

  onReceive(message: OrderMessage): number {
    switch (message.type) {
      case 'add':
        if (message.price < 0) throw new RangeError(`${message.item} has no price`);
        this.#total += message.price;
        return this.#total;
      case 'total':
        return this.#total;
    }
  }
}

await using worker = new ActorWorker('shop');

// One actor for each order number. It keeps its state when a message fails, and is put away after an hour.
worker.registerActor('order', Order, { supervision: { onFailure: 'resume' }, passivateAfterMs: 3_600_000 });
await worker.start();

const order = worker.actorOf('order', '2026-117');
order.tell({ type: 'add', item: 'paper', price: 12 });
order.tell({ type: 'add', item: 'ink', price: 30 });
console.log('total:', await order.ask({ type: 'total' }));

const refused = await order.ask({ type: 'add', item: 'gift', price: -1 }).catch((error: unknown) => error);
console.log('refused:', (refused as Error).message);

// A plain function will do as well: this is all a stage of a pipeline needs.
worker.registerActor('greet', async ({ name }: { name: string }) => `Hello ${name}.`);
console.log(await worker.ask('greet', { name: 'Ada' }));
