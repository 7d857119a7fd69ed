// Facts about the device: adapter, driver, features, limits, and how much memory it gives.
import { inspectAdapters } from '../../../src/engine/compute/doctor.ts'
import type { Part } from './part.ts'

export const doctor: Part = async ({ backend }) => ({
  device: backend.info.description,
  details: backend.info.details,
  traits: backend.traits,
  memory: backend.memory(),
  adapters: await inspectAdapters(),
})
