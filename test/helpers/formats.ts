/**
 * Every format of bytes or text that somebody else may have written, with a generator: what travels,
 * what lies on disk, what people type. `test/formats.test.ts` walks the table, and the sources for a
 * reader that is missing from it.
 */
import type { Format } from './formats/format.ts'
import { BETWEEN_THREADS, ON_DISK } from './formats/local.ts'
import { REGISTERED, SIGNED } from './formats/signed.ts'
import { TYPED } from './formats/typed.ts'

export type { Format }

export const FORMATS: readonly Format[] = [...REGISTERED, ...SIGNED, ...ON_DISK, ...BETWEEN_THREADS, ...TYPED]
