/**
 * The open files of a store, and the way back after a write that failed.
 *
 * After a failed write, memory and disk may differ: nothing more is written until the files have been closed
 * and opened again, which brings them to agree. Where the disk was full, this happens by itself before the
 * next write, once a trial shows that there is room. After any other failure the disk is not trusted, and a
 * person starts the node again. Reading goes on in the meantime, from the files as they are.
 */
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SheafError } from '../../../base/errors.ts'
import { diskError } from './disk-error.ts'
import { type Files, type FilesOptions, openFiles } from './files.ts'

const WRITE_FAILED = 'a write failed, and the store takes no more until it is opened anew'
const NO_ROOM = 'a write failed'
/** What the databases need to open is less. */
const TRIAL_BYTES = 8 * 1024 * 1024

export class LiveFiles {
  readonly #options: FilesOptions
  readonly #onReopened: (files: Files) => void
  #files: Files
  #failure: SheafError | undefined
  #reopening: Promise<void> | undefined
  /** The files are closed, and opening them failed. */
  #isDown = false
  #readers = 0
  #onIdle: (() => void) | undefined

  constructor(files: Files, options: FilesOptions, onReopened: (files: Files) => void) {
    this.#files = files
    this.#options = { ...options, incarnation: files.incarnation, repair: false }
    this.#onReopened = onReopened
  }

  get files(): Files {
    return this.#files
  }

  /** Why nothing is written. */
  get failure(): SheafError | undefined {
    return this.#failure
  }

  /** Whether who reads need not wait for the files. */
  get areOpen(): boolean {
    return this.#reopening === undefined && !this.#isDown
  }

  /** Runs what only reads. It waits while the files are opened anew, and they wait for it. */
  async read<T>(call: () => Promise<T>): Promise<T> {
    while (this.#reopening !== undefined) await this.#reopening.catch(() => {})
    if (this.#isDown) await this.#reopen()
    this.#readers++
    try {
      return await call()
    } finally {
      this.#readers--
      if (this.#readers === 0) this.#onIdle?.()
    }
  }

  /** Runs what changes the disk. Where it fails, this and every later call throws why. */
  async write(change: (files: Files) => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    try {
      await change(this.#files)
    } catch (error) {
      const isFull = diskError(error, NO_ROOM).code === 'DISK_FULL'
      this.#failure ??= diskError(error, isFull ? NO_ROOM : WRITE_FAILED)
      throw this.#failure
    }
  }

  /** To be called where nothing is being written. After a full disk, opens the files anew if there is room again. Errors: DISK_FULL. */
  async recover(): Promise<void> {
    if (this.#failure?.code !== 'DISK_FULL') return
    try {
      await tryToWrite(join(this.#options.home, 'trial'))
      await this.#reopen()
    } catch (error) {
      throw diskError(error, NO_ROOM)
    }
    this.#failure = undefined
  }

  async close(): Promise<void> {
    await this.#reopening?.catch(() => {})
    if (!this.#isDown) await this.#files.close()
  }

  #reopen(): Promise<void> {
    this.#reopening ??= this.#openAnew().finally(() => {
      this.#reopening = undefined
    })
    return this.#reopening
  }

  async #openAnew(): Promise<void> {
    if (this.#readers > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
      })
      this.#onIdle = undefined
    }
    if (!this.#isDown) {
      this.#isDown = true
      // what could not be written cannot be flushed either, and opening looks at what is there
      await this.#files.close().catch(() => {})
    }
    this.#files = await openFiles(this.#options)
    this.#isDown = false
    this.#onReopened(this.#files)
  }
}

/** Throws where the disk has no room, also where only this user's share of it is used up. */
async function tryToWrite(path: string): Promise<void> {
  try {
    const file = await open(path, 'w', 0o600)
    try {
      await file.writeFile(Buffer.alloc(TRIAL_BYTES))
      await file.datasync()
    } finally {
      await file.close()
    }
  } finally {
    await rm(path, { force: true })
  }
}
