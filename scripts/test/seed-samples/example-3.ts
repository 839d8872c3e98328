import type { Actor } from '@certoai/loom-core'
declare class PaymentProcessor extends Actor {
  onReceive(message: { amount: number }): Promise<{ paid: boolean }>
}
// The sample:
// Each microservice uses minimal packages
import { ActorWorker } from '@certoai/loom-core'
import { BullMQMessageQueue } from '@certoai/loom-storage'

// Lightweight actor deployment
const worker = new ActorWorker('payment-service')
worker.registerActor('payment-processor', PaymentProcessor)
await worker.start()
