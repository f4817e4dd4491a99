import { randomBytes } from 'node:crypto'
import { seededRandom } from '../../src/base/seeded.ts'
import { clockContract, randomContract } from '../contract/clock-random.ts'

randomContract('seeded chance', () => seededRandom('contract'))
// What the daemon passes.
randomContract("the machine's chance", () => (length) => randomBytes(length))
clockContract("the machine's clock", () => Date.now)
