/** Asking a running daemon: one request over its socket, with a deadline. Light, as every command waits for it to load. */
import { lstatSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { Readable } from 'node:stream'
import { SheafError } from '../../../base/errors.ts'
import { refuseForeign } from '../paths.ts'
import { errorFrom } from './failure.ts'
import { type JsonObject, LINE_BYTES_MAX, objectOf, readObjects } from './lines.ts'

export interface ControlClientOptions {
  socketPath: string
  /** Ends every call with CANCELLED. */
  signal?: AbortSignal
  /** How long an answer, or the next line of a stream, may take. */
  deadlineMs?: number
}

export interface ControlRequest {
  method?: 'GET' | 'POST' | 'PUT'
  query?: Readonly<Record<string, string | number | undefined>>
  /** JSON. */
  json?: object
  /** NDJSON: chunks of whole lines, taken as fast as the daemon reads them. */
  lines?: AsyncIterable<string>
  /** A file of `bytes` bytes, taken as fast as the daemon reads it. */
  file?: { chunks: AsyncIterable<Uint8Array>; bytes: number }
  /** The header `range`. */
  range?: string
}

/** A file on its way. */
export interface ControlDownload {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** Throws where it ends before its time. */
  body: AsyncIterable<Uint8Array>
}

/** Longer than the daemon may take for a look-up at most. */
const DEADLINE_MS = 75_000
/** A list of 100,000 pages, or one of the longest with every letter escaped. */
const ANSWER_BYTES_MAX = 2 * LINE_BYTES_MAX

export class ControlClient {
  readonly #socketPath: string
  readonly #signal: AbortSignal | undefined
  readonly #deadlineMs: number

  constructor({ socketPath, signal, deadlineMs = DEADLINE_MS }: ControlClientOptions) {
    this.#socketPath = socketPath
    this.#signal = signal
    this.#deadlineMs = deadlineMs
  }

  /** One question, one answer. Throws the error that the daemon answers with, NOT_RUNNING, TIMEOUT or CANCELLED. */
  async ask<T>(path: string, request: ControlRequest = {}): Promise<T> {
    const deadline = AbortSignal.timeout(this.#deadlineMs)
    try {
      const response = await this.#send(path, request, this.#withSignal(deadline))
      const answer = objectOf(await wholeText(response), 'the answer')
      if (response.statusCode !== 200) throw errorFrom(answer)
      // The daemon is this user's own, and of this version: its answers are taken at their word.
      return answer as T
    } catch (error) {
      throw this.#explain(error, deadline)
    }
  }

  /** The lines of an answer as they come; an error among them is thrown. Leaving the loop ends the request. */
  async *stream(path: string, request: ControlRequest = {}): AsyncGenerator<JsonObject> {
    const idle = new AbortController()
    const leave = new AbortController()
    const signal = this.#withSignal(AbortSignal.any([idle.signal, leave.signal]))
    const begin = () => setTimeout(() => idle.abort(), this.#deadlineMs)
    let timer = begin()
    try {
      // What stops the lines of the request is the reason, not the connection that is cut for it.
      const response = await this.#send(path, request, signal, (reason) => leave.abort(reason))
      if (response.statusCode !== 200) {
        throw errorFrom(objectOf(await wholeText(response), 'the answer'))
      }
      for await (const line of readObjects(response, LINE_BYTES_MAX)) {
        clearTimeout(timer)
        if (line.type === 'error') throw errorFrom(line)
        yield line
        timer = begin()
      }
    } catch (error) {
      throw leave.signal.aborted ? leave.signal.reason : this.#explain(error, idle.signal)
    } finally {
      clearTimeout(timer)
      leave.abort()
    }
  }

  /** A file. Leaving the loop over its body ends the request. */
  async download(path: string, request: ControlRequest = {}): Promise<ControlDownload> {
    const idle = new AbortController()
    const leave = new AbortController()
    const signal = this.#withSignal(AbortSignal.any([idle.signal, leave.signal]))
    const begin = () => setTimeout(() => idle.abort(), this.#deadlineMs)
    let timer = begin()
    const explain = (error: unknown): unknown => this.#explain(error, idle.signal)
    try {
      const response = await this.#send(path, request, signal)
      const { statusCode: status = 0, headers } = response
      if (status >= 400 && status !== 416) throw errorFrom(objectOf(await wholeText(response), 'the answer'))
      clearTimeout(timer)
      const body = async function* (): AsyncGenerator<Uint8Array> {
        timer = begin()
        try {
          for await (const chunk of response as AsyncIterable<Uint8Array>) {
            clearTimeout(timer)
            yield chunk
            timer = begin()
          }
          if (!response.complete) throw new SheafError('UNREACHABLE', 'the file broke off: the log tells why')
        } catch (error) {
          throw explain(error)
        } finally {
          clearTimeout(timer)
          leave.abort()
        }
      }
      return { status, headers, body: body() }
    } catch (error) {
      clearTimeout(timer)
      throw explain(error)
    }
  }

  #withSignal(signal: AbortSignal): AbortSignal {
    return this.#signal === undefined ? signal : AbortSignal.any([signal, this.#signal])
  }

  #send(
    path: string,
    request: ControlRequest,
    signal: AbortSignal,
    onLinesFailed: (error: unknown) => void = () => {},
  ): Promise<IncomingMessage> {
    const { method = 'GET', query = {}, json, lines, file, range } = request
    this.#refuseForeignSocket()
    const search = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) search.set(name, String(value))
    }
    const body = json === undefined ? undefined : JSON.stringify(json)
    const headers = {
      ...(lines !== undefined && { 'content-type': 'application/x-ndjson' }),
      ...(file !== undefined && {
        'content-type': 'application/octet-stream',
        'content-length': file.bytes,
      }),
      ...(body !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      }),
      ...(range !== undefined && { range }),
    }
    const options: RequestOptions & { servername: string } = {
      socketPath: this.#socketPath,
      method,
      path: search.size === 0 ? path : `${path}?${search}`,
      headers,
      agent: false,
      // else a name for TLS is worked out, with an expression that takes longer to compile than the daemon to answer
      servername: '',
      signal,
    }
    return new Promise((resolve, reject) => {
      const sent = httpRequest(options)
      sent.on('error', reject)
      sent.once('response', resolve)
      const streamed = lines ?? file?.chunks
      if (streamed === undefined) sent.end(body)
      else {
        const upload = Readable.from(streamed, { objectMode: true, highWaterMark: 2 })
        upload.once('error', onLinesFailed)
        sent.once('close', () => upload.destroy())
        upload.pipe(sent)
      }
    })
  }

  /** In a shared folder anybody could wait for us at that name. */
  #refuseForeignSocket(): void {
    const stat = lstatSync(this.#socketPath, { throwIfNoEntry: false })
    if (stat === undefined) throw notRunning()
    refuseForeign(this.#socketPath, stat.uid)
  }

  #explain(error: unknown, deadline: AbortSignal): unknown {
    if (this.#signal?.aborted) return new SheafError('CANCELLED', 'cancelled', { cause: error })
    if (deadline.aborted) {
      return new SheafError('TIMEOUT', `the daemon did not answer within ${this.#deadlineMs / 1000} s`, {
        cause: error,
        hint: 'look at its log: sheaf paths tells where that is',
      })
    }
    if (error instanceof SheafError) return error
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTSOCK') return notRunning(error)
    if (code === 'EACCES' || code === 'EPERM') {
      return new SheafError('REFUSED', `no permission to open ${this.#socketPath}`, { cause: error })
    }
    if (code === 'ECONNRESET' || code === 'EPIPE') {
      return new SheafError('NOT_RUNNING', 'the daemon ended before it had answered', {
        cause: error,
        hint: 'sheaf start --daemon',
      })
    }
    return error
  }
}

async function wholeText(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes > ANSWER_BYTES_MAX) {
      throw new SheafError('TOO_LARGE', `an answer of more than ${ANSWER_BYTES_MAX} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function notRunning(cause?: unknown): SheafError {
  return new SheafError('NOT_RUNNING', 'no daemon is running here', {
    cause,
    hint: 'sheaf start --daemon',
  })
}
