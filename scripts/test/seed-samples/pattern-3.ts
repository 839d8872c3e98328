import { Actor, ActorWorker } from '@certoai/loom-core'

class MyActor extends Actor {
  async onReceive(message: any) {
    // Handle message
  }
}

const worker = new ActorWorker('my-worker')
worker.registerActor('my-actor', MyActor)
await worker.start()
